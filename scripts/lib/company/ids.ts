import { createHash } from 'node:crypto';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/** A set of UUIDs at 16 bytes each, in a table of twice as many places at most. */
export class UuidSet {
  private table = new Uint32Array(4 * 1024);
  size = 0;

  private words(id: string): [number, number, number, number] {
    const hex = id.replaceAll('-', '');
    return [0, 8, 16, 24].map((at) => Number.parseInt(hex.slice(at, at + 8), 16)) as [
      number,
      number,
      number,
      number,
    ];
  }

  private place(words: readonly [number, number, number, number]): number {
    const places = this.table.length / 4;
    let at = ((words[3] ^ Math.imul(words[1], 0x9e3779b1) ^ words[0]) >>> 0) % places;
    for (;;) {
      const found = this.table.subarray(at * 4, at * 4 + 4);
      const isEmpty = found[0] === 0 && found[1] === 0 && found[2] === 0 && found[3] === 0;
      if (
        isEmpty ||
        (found[0] === words[0] &&
          found[1] === words[1] &&
          found[2] === words[2] &&
          found[3] === words[3])
      ) {
        return isEmpty ? -at - 1 : at;
      }
      at = (at + 1) % places;
    }
  }

  add(id: string): void {
    if ((this.size + 1) * 2 > this.table.length / 4) {
      const old = this.table;
      this.table = new Uint32Array(old.length * 2);
      for (let at = 0; at < old.length; at += 4) {
        const words = old.subarray(at, at + 4);
        if (words.some((word) => word !== 0)) {
          const place = this.place(words as unknown as [number, number, number, number]);
          this.table.set(words, (-place - 1) * 4);
        }
      }
    }
    const words = this.words(id);
    const place = this.place(words);
    if (place < 0) {
      this.table.set(words, (-place - 1) * 4);
      this.size += 1;
    }
  }

  has(id: string): boolean {
    return this.place(this.words(id)) >= 0;
  }
}

/**
 * New ids for old ones, always the same for the same new company. The version stays, and so does the time of a
 * time-ordered id, so that rows keep their order.
 */
export class IdMap {
  readonly known = new UuidSet();

  constructor(
    private readonly oldCompany: string,
    readonly newCompany: string,
    /** Accounts that have another id in the target. All others keep theirs. */
    private readonly people: ReadonlyMap<string, string>,
  ) {}

  /** The new id of a row. */
  of(id: string): string {
    const old = Buffer.from(id.replaceAll('-', ''), 'hex');
    const bytes = createHash('sha256').update(this.newCompany).update(old).digest().subarray(0, 16);
    const version = (old[6] ?? 0) >> 4;
    if (version === 7) {
      old.copy(bytes, 0, 0, 6);
    }
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | (version << 4);
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const hex = bytes.toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  /** A text in which every id of the company, of its rows and its people is the new one, wherever it stands. */
  map(text: string): string {
    return text.replace(UUID, (found) => {
      const id = found.toLowerCase();
      if (id === this.oldCompany) {
        return this.newCompany;
      }
      const person = this.people.get(id);
      if (person !== undefined) {
        return person;
      }
      return this.known.has(id) ? this.of(id) : found;
    });
  }
}
