/** Databases to examine mutants in: a clone for each mutant, and one that is changed and rolled back. */
import pg from 'pg';
import { withClient } from '../client.ts';
import { cloneDatabase, dropDatabase } from '../database.ts';
import type { Cluster } from '../postgres.ts';
import type { Mutant } from './types.ts';

/** SQL of a mutant that the server refuses: a fault of the generator. */
export class InvalidMutant extends Error {}

/** A database of its own. */
export interface Target {
  readonly database: string;
  /** As role `postgres`. */
  readonly url: string;
  /** Superuser's connection string of the database `postgres`. */
  readonly superUrl: string;
}

/** Where the databases come from. */
export interface BenchOptions {
  readonly cluster: Cluster;
  /** The schema as shipped; nobody may be connected to it. */
  readonly template: string;
}

/** Rolled-back changes leave dead rows in the catalog, which slow everything down after a while. */
const RENEW_AFTER = 60;

/** One worker's databases. */
export class Bench {
  readonly #options: BenchOptions;
  #mutant: Mutant | undefined;
  #clone: Target | undefined;
  #session: { client: pg.Client; target: Target; uses: number } | undefined;

  constructor(options: BenchOptions) {
    this.#options = options;
  }

  /** Puts the next mutant on the bench; undefined for the schema as shipped. */
  async next(mutant: Mutant | undefined): Promise<void> {
    await this.#dropClone();
    this.#mutant = mutant;
  }

  /** A database to which the mutant was applied for good. */
  async mutated(): Promise<Target> {
    if (!this.#clone) {
      this.#clone = await this.#makeClone();
      await withClient(this.#clone.url, (client) => this.apply(client));
    }
    return this.#clone;
  }

  /** A connection to a database as shipped: whatever is done must be rolled back. */
  async session(): Promise<pg.Client> {
    if (this.#session && this.#session.uses >= RENEW_AFTER) {
      await this.dropSession();
    }
    if (!this.#session) {
      const target = await this.#makeClone();
      const client = new pg.Client({ connectionString: target.url });
      client.on('error', () => undefined);
      this.#session = { client, target, uses: 0 };
      await client.connect();
    }
    this.#session.uses += 1;
    return this.#session.client;
  }

  /** Applies the mutant to an open connection. */
  async apply(client: pg.ClientBase): Promise<void> {
    if (!this.#mutant) {
      return;
    }
    try {
      await client.query(this.#mutant.sql);
    } catch (error) {
      if (error instanceof pg.DatabaseError) {
        throw new InvalidMutant(error.message);
      }
      throw error;
    }
  }

  /** Gives the session up, after something has gone wrong in it. */
  async dropSession(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    if (session) {
      await session.client.end().catch(() => undefined);
      await dropDatabase(this.#options.cluster, session.target.database);
    }
  }

  /** Drops all databases. */
  async close(): Promise<void> {
    await this.#dropClone();
    await this.dropSession();
  }

  async #makeClone(): Promise<Target> {
    const { cluster, template } = this.#options;
    const database = await cloneDatabase(cluster, template);
    return { database, url: cluster.urlFor(database), superUrl: cluster.superUrl('postgres') };
  }

  async #dropClone(): Promise<void> {
    const clone = this.#clone;
    this.#clone = undefined;
    if (clone) {
      await dropDatabase(this.#options.cluster, clone.database);
    }
  }
}
