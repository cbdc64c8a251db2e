/** State stores: one in memory, and a bounded cache before a slow one. */
import type { Hex } from "@sequorum/protocol";
import { LRUCache } from "lru-cache";
import type { BlockHeader, ExecutedBlock, StateStore } from "./types.ts";

/** A store that keeps everything; for tests and for derivation of short chains. */
export type MemoryStateStore = StateStore & {
  /** Adds a block's state and header. */
  commit(executed: ExecutedBlock): void;
};

/** Makes an empty store in memory. */
export function createMemoryStateStore(): MemoryStateStore {
  const nodes = new Map<string, Uint8Array>();
  const headers = new Map<Hex, BlockHeader>();
  return {
    get: async (key) => nodes.get(key),
    header: async (hash) => headers.get(hash),
    commit: ({ block, writes }) => {
      for (const [key, value] of writes) nodes.set(key, value);
      headers.set(block.hash, block.header);
    },
  };
}

/** Where a cached store reads from on a miss, e.g. Postgres. */
export type StateBackend = {
  readNode(key: string): Promise<Uint8Array | undefined>;
  readHeader(hash: Hex): Promise<BlockHeader | undefined>;
};

/**
 * A store over a durable backend. `hold` makes a block's state readable before the backend has it;
 * `release` is called once it has (then the entries fall under the cache's bound), or to drop the block.
 */
export type CachedStateStore = StateStore & {
  hold(executed: ExecutedBlock): void;
  release(hash: Hex, isStored: boolean): void;
};

/** Bounds of the cache. */
export type CacheLimits = { readonly nodesMax: number; readonly headersMax: number };

/** Makes a cached store. */
export function createCachedStateStore(
  backend: StateBackend,
  limits: CacheLimits,
): CachedStateStore {
  const nodes = new LRUCache<string, Uint8Array>({ max: limits.nodesMax });
  const headers = new LRUCache<Hex, BlockHeader>({ max: limits.headersMax });
  const held = new Map<Hex, ExecutedBlock>();
  return {
    async get(key) {
      const cached = nodes.get(key);
      if (cached !== undefined) return cached;
      for (const { writes } of held.values()) {
        const value = writes.get(key);
        if (value !== undefined) return value;
      }
      const stored = await backend.readNode(key);
      if (stored !== undefined) nodes.set(key, stored);
      return stored;
    },
    async header(hash) {
      const known = headers.get(hash) ?? held.get(hash)?.block.header;
      if (known !== undefined) return known;
      const stored = await backend.readHeader(hash);
      if (stored !== undefined) headers.set(hash, stored);
      return stored;
    },
    hold(executed) {
      held.set(executed.block.hash, executed);
    },
    release(hash, isStored) {
      const executed = held.get(hash);
      if (executed === undefined) return;
      held.delete(hash);
      if (!isStored) return;
      for (const [key, value] of executed.writes) nodes.set(key, value);
      headers.set(hash, executed.block.header);
    },
  };
}
