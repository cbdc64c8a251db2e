/**
 * Content by its keccak-256 hash, packed into one byte array: no object and no string per entry, so that a hundred
 * thousand trie nodes cost the garbage collector nothing and cross to another thread as one buffer.
 */
import { randomBytes } from "node:crypto";
import { assert } from "@sequorum/protocol";

/** Where content lies. Lent: valid until the table is added to. */
export type Located = { bytes: Uint8Array; start: number; length: number };

/** An entry of a packed buffer; both are views. */
export type ContentEntry = { readonly hash: Uint8Array; readonly content: Uint8Array };

/** An entry is hash (32 bytes), length (4 bytes, little-endian), content. */
const headBytes = 36;
const hashBytes = 32;
/** Positions are 32-bit. */
const tableBytesMax = 2 ** 31 - 1;

/**
 * Random for every process: whoever makes many nodes whose hashes begin alike must not know which of them meet in one
 * place of the index.
 */
const seeds = randomBytes(8);
const seed0 = seeds.readInt32LE(0) | 1;
const seed1 = seeds.readInt32LE(4) | 1;

/** A growing table: open addressing with linear probing over positions in the packed bytes, made when it is asked. */
export class ContentTable {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #used: number;
  /** Position + 1 of an entry; 0 is free. */
  #index: Int32Array<ArrayBuffer> = new Int32Array(1_024);
  #indexed = 0;
  #count = 0;
  readonly #bytesMax: number;

  private constructor(bytes: Uint8Array<ArrayBuffer>, used: number, bytesMax: number) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#used = used;
    this.#bytesMax = bytesMax;
  }

  /** An empty table with room for `bytes`, which grows up to `bytesMax`. */
  static ofSize(bytes: number, bytesMax: number = tableBytesMax): ContentTable {
    return new ContentTable(new Uint8Array(bytes), 0, bytesMax);
  }

  /** A table over what `copy` gave. */
  static of(packed: Uint8Array<ArrayBuffer>): ContentTable {
    return new ContentTable(packed, packed.length, tableBytesMax);
  }

  /** What an entry takes of a table. */
  static entryBytes(contentBytes: number): number {
    return headBytes + contentBytes;
  }

  /** Bytes of all entries. */
  get used(): number {
    return this.#used;
  }

  /** Finds the content of the hash at `at` in `keys`; false when there is none. */
  locate(keys: DataView, at: number, found: Located): boolean {
    const position = this.#find(keys, at);
    if (position < 0) return false;
    found.bytes = this.#bytes;
    found.start = position + headBytes;
    found.length = this.#view.getUint32(position + hashBytes, true);
    return true;
  }

  /** The content of a hash, or undefined. Lent. */
  get(hash: Uint8Array): Uint8Array | undefined {
    const found: Located = { bytes: this.#bytes, start: 0, length: 0 };
    if (!this.locate(viewOf(hash), 0, found)) return undefined;
    return found.bytes.subarray(found.start, found.start + found.length);
  }

  /** Adds content. What is there already under the hash is found no more. */
  add(hash: Uint8Array, content: Uint8Array): void {
    assert(hash.length === hashBytes, "a hash has 32 bytes", { length: hash.length });
    const at = this.#append(content.length);
    this.#bytes.set(hash, at);
    this.#bytes.set(content, at + headBytes);
  }

  /** As `add`, for hash and content that follow one another in memory. */
  addJoined(joined: Uint8Array): void {
    assert(joined.length >= hashBytes, "content follows a hash", { length: joined.length });
    const at = this.#append(joined.length - hashBytes);
    this.#bytes.set(joined.subarray(0, hashBytes), at);
    this.#bytes.set(joined.subarray(hashBytes), at + headBytes);
  }

  /** All entries, one after another. Lent. */
  packed(): Uint8Array {
    return this.#bytes.subarray(0, this.#used);
  }

  /** As `packed`, as a buffer of its own. */
  copy(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#used);
  }

  /** Forgets the entries; keeps the memory. */
  clear(): void {
    this.#index.fill(0);
    this.#used = 0;
    this.#indexed = 0;
    this.#count = 0;
  }

  /** Makes room for an entry and writes its length; answers its position. */
  #append(length: number): number {
    const at = this.#used;
    const end = at + headBytes + length;
    if (end > this.#bytes.length) this.#grow(end);
    this.#view.setUint32(at + hashBytes, length, true);
    this.#used = end;
    return at;
  }

  #grow(needed: number): void {
    assert(needed <= this.#bytesMax, "a content table stays within its bound", { needed });
    const size = Math.min(this.#bytesMax, Math.max(needed, this.#bytes.length * 2));
    const bytes = new Uint8Array(size);
    bytes.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }

  #find(keys: DataView, at: number): number {
    while (this.#indexed < this.#used) {
      const position = this.#indexed;
      this.#indexed += headBytes + this.#view.getUint32(position + hashBytes, true);
      this.#enter(position);
    }
    return (this.#index[this.#slotOf(keys, at)] ?? 0) - 1;
  }

  /** Puts an entry into the index, in the place of an older one with its hash. */
  #enter(position: number): void {
    if (2 * (this.#count + 1) > this.#index.length) this.#rebuild();
    const slot = this.#slotOf(this.#view, position);
    if (this.#index[slot] === 0) this.#count += 1;
    this.#index[slot] = position + 1;
  }

  #rebuild(): void {
    const entries = this.#index.filter((entry) => entry !== 0);
    this.#index = new Int32Array(this.#index.length * 2);
    for (const entry of entries) this.#index[this.#slotOf(this.#view, entry - 1)] = entry;
  }

  /** The slot that holds the hash, or the free one where it belongs. */
  #slotOf(keys: DataView, at: number): number {
    const index = this.#index;
    const mask = index.length - 1;
    const mixed =
      Math.imul(keys.getInt32(at, true), seed0) + Math.imul(keys.getInt32(at + 4, true), seed1);
    let slot = (mixed ^ (mixed >>> 15)) & mask;
    for (;;) {
      const entry = index[slot] ?? 0;
      if (entry === 0 || isSameHash(this.#view, entry - 1, keys, at)) return slot;
      slot = (slot + 1) & mask;
    }
  }
}

/** Entries as `contentEntries` takes them apart. */
export function packContents(entries: readonly ContentEntry[]): Uint8Array<ArrayBuffer> {
  const table = ContentTable.ofSize(0);
  for (const { hash, content } of entries) table.add(hash, content);
  return table.copy();
}

/** The entries of what `packed` or `copy` gave. */
export function* contentEntries(packed: Uint8Array): Generator<ContentEntry> {
  const view = viewOf(packed);
  for (let at = 0; at < packed.length; ) {
    const start = at + headBytes;
    const end = start + view.getUint32(at + hashBytes, true);
    yield { hash: packed.subarray(at, at + hashBytes), content: packed.subarray(start, end) };
    at = end;
  }
}

/** Number of entries. */
export function contentCount(packed: Uint8Array): number {
  const view = viewOf(packed);
  let count = 0;
  for (let at = 0; at < packed.length; count++) {
    at += headBytes + view.getUint32(at + hashBytes, true);
  }
  return count;
}

function isSameHash(a: DataView, i: number, b: DataView, j: number): boolean {
  return (
    a.getInt32(i, true) === b.getInt32(j, true) &&
    a.getInt32(i + 4, true) === b.getInt32(j + 4, true) &&
    a.getInt32(i + 8, true) === b.getInt32(j + 8, true) &&
    a.getInt32(i + 12, true) === b.getInt32(j + 12, true) &&
    a.getInt32(i + 16, true) === b.getInt32(j + 16, true) &&
    a.getInt32(i + 20, true) === b.getInt32(j + 20, true) &&
    a.getInt32(i + 24, true) === b.getInt32(j + 24, true) &&
    a.getInt32(i + 28, true) === b.getInt32(j + 28, true)
  );
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
