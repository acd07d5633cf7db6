import { createHash } from 'node:crypto';
import { Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { columnList, keyOrder, ownedBy, type TenantTable } from './tables.ts';

/** What a table came to. */
export interface Digest {
  rows: number;
  bytes: number;
  /** SHA-256 of the rows as COPY writes them, in the order of the primary key. */
  sha256: string;
}

const NEWLINE = 0x0a;

/** Passes bytes on and counts and hashes them; in COPY's text format a newline ends a row, and is nowhere else. */
export class Meter extends Transform {
  private readonly hash = createHash('sha256');
  private rows = 0;
  private bytes = 0;

  constructor(private readonly onRows?: (rows: number) => void) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, data: Buffer) => void) {
    this.hash.update(chunk);
    this.bytes += chunk.length;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) {
      this.rows += 1;
    }
    this.onRows?.(this.rows);
    done(null, chunk);
  }

  digest(): Digest {
    return { rows: this.rows, bytes: this.bytes, sha256: this.hash.digest('hex') };
  }
}

/** A sink for what is only measured. */
export function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

/** The statement that writes a company's rows of a table, always in the same order. */
export function copyOutSql(
  table: TenantTable,
  companyId: string,
  options: { ordered?: boolean; where?: string } = {},
): string {
  const where = options.where === undefined ? '' : ` and ${options.where}`;
  const order = (options.ordered ?? true) ? ` order by ${keyOrder(table)}` : '';
  return `copy (select ${columnList(table.columns.map(({ name }) => name))} from ${table.sql} as t
    where ${ownedBy(table, companyId)}${where}${order}) to stdout`;
}

/** Streams a company's rows of a table to a sink. */
export async function copyRowsTo(
  client: pg.ClientBase,
  table: TenantTable,
  companyId: string,
  sink: Writable,
  onRows?: (rows: number) => void,
): Promise<Digest> {
  const meter = new Meter(onRows);
  await pipeline(client.query(copyTo(copyOutSql(table, companyId))), meter, sink);
  return meter.digest();
}

/** What a company's rows of a table come to. */
export async function digestRows(
  client: pg.ClientBase,
  table: TenantTable,
  companyId: string,
): Promise<Digest> {
  return copyRowsTo(client, table, companyId, nowhere());
}

/** A stream that writes rows into a table, or into another of the same columns. */
export function copyInto(client: pg.ClientBase, table: TenantTable, into = table.sql): Writable {
  return client.query(
    copyFrom(`copy ${into} (${columnList(table.columns.map(({ name }) => name))}) from stdin`),
  );
}

/** Changes rows one at a time, as text of COPY. Bytes go through as they are: what is changed is ASCII. */
export class RowMapper extends Transform {
  private rest = '';

  constructor(private readonly change: (line: string) => string) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, data: Buffer) => void) {
    const text = this.rest + chunk.toString('latin1');
    const end = text.lastIndexOf('\n') + 1;
    this.rest = text.slice(end);
    const lines = text.slice(0, end).split('\n');
    lines.pop();
    let out = '';
    for (const line of lines) {
      out += `${this.change(line)}\n`;
    }
    done(null, Buffer.from(out, 'latin1'));
  }

  override _flush(done: (error: Error | null) => void) {
    done(this.rest === '' ? null : new Error('the last row has no end'));
  }
}

/**
 * Counts rows and adds up their hashes, so that the order does not matter. Columns of the places that are left out do
 * not count.
 */
export class Sum extends Transform {
  private rest = '';
  private readonly lanes = new Uint32Array(8);
  private rows = 0;

  constructor(private readonly without: ReadonlySet<number>) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, data: Buffer) => void) {
    const text = this.rest + chunk.toString('latin1');
    const end = text.lastIndexOf('\n') + 1;
    this.rest = text.slice(end);
    const lines = text.slice(0, end).split('\n');
    lines.pop();
    for (const line of lines) {
      const counted =
        this.without.size === 0
          ? line
          : line
              .split('\t')
              .filter((_, place) => !this.without.has(place))
              .join('\t');
      const hash = createHash('sha256').update(counted, 'latin1').digest();
      for (let lane = 0; lane < 8; lane += 1) {
        this.lanes[lane] = (this.lanes[lane] ?? 0) + hash.readUInt32LE(lane * 4);
      }
      this.rows += 1;
    }
    done(null, chunk);
  }

  sum(): string {
    return `${this.rows} ${Buffer.from(this.lanes.buffer).toString('hex')}`;
  }
}
