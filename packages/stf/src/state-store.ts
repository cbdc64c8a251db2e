/** State stores: one in memory, and a cache bounded in bytes before a slow one. */
import type { Hex } from "@sequorum/protocol";
import { decodeHeader } from "./block-codec.ts";
import { fromHex } from "./bytes.ts";
import { contentEntries, ContentTable, type Located } from "./content-table.ts";
import type { BlockHeader, ExecutedBlock, StateStore } from "./types.ts";

/** A block's content: what its execution wrote. */
export type BlockContent = Pick<ExecutedBlock, "block" | "writes">;

/** A store that keeps everything; for tests and for derivation of short chains. */
export type MemoryStateStore = StateStore & {
  /** A stored header. */
  header(hash: Hex): BlockHeader | undefined;
  /** Adds a block's state and header. */
  commit(executed: BlockContent): void;
};

const memoryStoreBytes = 1 << 20;

/** Makes an empty store in memory. */
export function createMemoryStateStore(): MemoryStateStore {
  const table = ContentTable.ofSize(memoryStoreBytes);
  return {
    get: (hash) => table.get(hash),
    locate: (keys, at, found) => table.locate(keys, at, found),
    header: (hash) => headerOf(table.get(fromHex(hash))),
    commit: ({ writes }) => addAll(table, writes),
  };
}

/** Where a cached store reads from on a miss. */
export type StateBackend = {
  /** The content of a hash, which is lent. */
  read(hash: Uint8Array): Uint8Array | undefined;
};

/**
 * A store over a durable backend. `hold` makes a block's state readable before the backend has it;
 * `release` is called once it has (then the entries fall under the cache's bound), or to drop the block.
 */
export type CachedStateStore = StateStore & {
  /** A header that is stored or held. */
  header(hash: Hex): BlockHeader | undefined;
  hold(executed: BlockContent): void;
  release(hash: Hex, isStored: boolean): void;
  /** Adds one entry to the cache, e.g. what was fetched after `MissingContent`. */
  add(hash: Uint8Array, content: Uint8Array): void;
};

/** Bound of the cache. */
export type CacheLimits = {
  /** Memory for cached entries; held blocks come on top. */
  readonly bytesMax: number;
};

/** Makes a cached store. */
export function createCachedStateStore(
  backend: StateBackend,
  limits: CacheLimits,
): CachedStateStore {
  const cache = new ContentCache(limits.bytesMax);
  const held = new Map<Hex, ContentTable>();
  const locate = (keys: DataView, at: number, found: Located): boolean => {
    if (cache.locate(keys, at, found)) return true;
    for (const table of held.values()) if (table.locate(keys, at, found)) return true;
    const hash = new Uint8Array(keys.buffer, keys.byteOffset + at, 32);
    const content = backend.read(hash);
    if (content === undefined) return false;
    cache.add(hash, content);
    found.bytes = content;
    found.start = 0;
    found.length = content.length;
    return true;
  };
  const get = (hash: Uint8Array): Uint8Array | undefined => {
    const found: Located = { bytes: hash, start: 0, length: 0 };
    const keys = new DataView(hash.buffer, hash.byteOffset, hash.byteLength);
    if (!locate(keys, 0, found)) return undefined;
    return found.bytes.subarray(found.start, found.start + found.length);
  };
  return {
    locate,
    get,
    header: (hash) => headerOf(get(fromHex(hash))),
    hold: ({ block, writes }) => void held.set(block.hash, ContentTable.of(writes)),
    release(hash, isStored) {
      const table = held.get(hash);
      held.delete(hash);
      if (table === undefined || !isStored) return;
      for (const entry of contentEntries(table.packed())) cache.add(entry.hash, entry.content);
    },
    add: (hash, content) => cache.add(hash, content),
  };
}

/** Size of a generation at its start; it grows as it fills. */
const generationStartBytes = 1 << 20;

/**
 * A cache of two generations, each of half the bound: what is used moves to the young one; when that is full it becomes
 * the old one, and what was old and unused is forgotten. So the most recent half of the bound is always there.
 */
export class ContentCache {
  readonly #generationBytesMax: number;
  #young: ContentTable;
  #old = ContentTable.ofSize(0);

  constructor(bytesMax: number) {
    this.#generationBytesMax = Math.floor(bytesMax / 2);
    this.#young = this.#newGeneration();
  }

  /** As `ContentTable.locate`. */
  locate(keys: DataView, at: number, found: Located): boolean {
    if (this.#young.locate(keys, at, found)) return true;
    if (!this.#old.locate(keys, at, found)) return false;
    const { bytes, start, length } = found;
    const hash = new Uint8Array(keys.buffer, keys.byteOffset + at, 32);
    this.add(hash, bytes.subarray(start, start + length));
    return true; // `found` still points into the table that is or was the old one
  }

  /** Adds an entry; one that is larger than a generation is not kept. */
  add(hash: Uint8Array, content: Uint8Array): void {
    const needed = ContentTable.entryBytes(content.length);
    if (needed > this.#generationBytesMax) return;
    if (this.#young.used + needed > this.#generationBytesMax) {
      this.#old = this.#young;
      this.#young = this.#newGeneration();
    }
    this.#young.add(hash, content);
  }

  #newGeneration(): ContentTable {
    const bytesMax = this.#generationBytesMax;
    return ContentTable.ofSize(Math.min(generationStartBytes, bytesMax), bytesMax);
  }
}

function addAll(table: ContentTable, writes: Uint8Array): void {
  for (const { hash, content } of contentEntries(writes)) table.add(hash, content);
}

function headerOf(content: Uint8Array | undefined): BlockHeader | undefined {
  return content === undefined ? undefined : decodeHeader(content);
}
