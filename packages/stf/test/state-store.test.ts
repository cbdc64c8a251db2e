import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesToHex, concatBytes, type Hex, hexToBytes, keccak256 } from "@sequorum/protocol";
import fc from "fast-check";
import { ContentTable } from "../src/content-table.ts";
import {
  type BlockHeader,
  ContentCache,
  createCachedStateStore,
  createMemoryStateStore,
  encodeHeader,
} from "../src/index.ts";
import { hashHeader } from "../src/header.ts";
import { newChain } from "./fixture.ts";

const hashOf = (seed: number): Uint8Array => hexToBytes(keccak256(Uint8Array.of(seed, seed >> 8)));
const contentOf = (seed: number, size = 100): Uint8Array => new Uint8Array(size).fill(seed);

function viewOf(hash: Uint8Array): DataView {
  return new DataView(hash.buffer, hash.byteOffset, hash.length);
}

/** What the cache has under a hash. */
function find(cache: ContentCache, hash: Uint8Array): Uint8Array | undefined {
  const found = { bytes: hash, start: 0, length: 0 };
  if (!cache.locate(viewOf(hash), 0, found)) return undefined;
  return found.bytes.slice(found.start, found.start + found.length);
}

test("a cache keeps at least the half of its bound that was used last, and never gives wrong content", () => {
  const entryBytes = ContentTable.entryBytes(100);
  const kept = 10;
  const operations = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 400, size: "max" });
  fc.assert(
    fc.property(operations, (uses) => {
      const cache = new ContentCache(2 * kept * entryBytes);
      const recent: number[] = [];
      for (const seed of uses) {
        const found = find(cache, hashOf(seed));
        if (found === undefined) cache.add(hashOf(seed), contentOf(seed));
        else assert.deepEqual(found, contentOf(seed));
        if (recent.includes(seed)) assert.ok(found !== undefined, `${seed} was used lately`);
        recent.splice(0, recent.length, seed, ...recent.filter((other) => other !== seed));
        recent.length = Math.min(recent.length, kept);
      }
    }),
  );
});

test("a cache holds no more than its bound", () => {
  const cache = new ContentCache(20 * ContentTable.entryBytes(100));
  for (let seed = 0; seed < 500; seed++) cache.add(hashOf(seed), contentOf(seed));
  const present = Array.from({ length: 500 }, (_, seed) => seed).filter(
    (seed) => find(cache, hashOf(seed)) !== undefined,
  );
  assert.ok(present.length <= 20, `${present.length} entries`);
  cache.add(hashOf(1_000), contentOf(1, 5_000));
  assert.equal(find(cache, hashOf(1_000)), undefined, "larger than a generation");
  assert.deepEqual(find(cache, hashOf(499)), contentOf(499));
});

const { genesis } = await newChain();
const header: BlockHeader = { ...genesis.header, number: 7n };
const hash: Hex = hashHeader(header);

/** A block whose state is one node. */
function executedWith(seed: number) {
  const table = ContentTable.ofSize(0);
  table.add(hashOf(seed), contentOf(seed));
  table.add(hexToBytes(hash), encodeHeader(header));
  return { block: { header, hash, transactions: [] }, writes: table.copy() };
}

test("a cached store asks its backend once, and knows what is held until it is dropped", () => {
  const asked: Hex[] = [];
  const backend = {
    read: (key: Uint8Array) => {
      asked.push(bytesToHex(key));
      return bytesToHex(key) === bytesToHex(hashOf(1)) ? contentOf(1) : undefined;
    },
  };
  const store = createCachedStateStore(backend, { bytesMax: 1 << 20 });
  assert.deepEqual(store.get(hashOf(1)), contentOf(1));
  assert.deepEqual(store.get(hashOf(1)), contentOf(1));
  assert.equal(asked.length, 1);
  assert.equal(store.get(hashOf(2)), undefined);
  store.hold(executedWith(2));
  assert.deepEqual(store.get(hashOf(2)), contentOf(2));
  assert.deepEqual(store.header(hash), header);
  store.release(hash, false);
  assert.equal(store.get(hashOf(2)), undefined, "a dropped block leaves nothing");
  assert.equal(store.header(hash), undefined);
  store.hold(executedWith(2));
  store.release(hash, true);
  asked.length = 0;
  assert.deepEqual(store.get(hashOf(2)), contentOf(2), "a stored block is in the cache");
  assert.deepEqual(store.header(hash), header);
  assert.deepEqual(asked, []);
  store.release(hash, true);
  store.add(hashOf(3), contentOf(3));
  assert.deepEqual(store.get(hashOf(3)), contentOf(3));
});

test("a hash is found wherever it stands in memory, in the store as in the backend", () => {
  const backend = {
    read: (key: Uint8Array) => (key[0] === hashOf(5)[0] ? contentOf(5) : undefined),
  };
  const store = createCachedStateStore(backend, { bytesMax: 1 << 20 });
  const memory = concatBytes(new Uint8Array(13), hashOf(5), hashOf(6));
  const found = { bytes: memory, start: 0, length: 0 };
  for (let i = 0; i < 2; i++) {
    assert.equal(store.locate?.(viewOf(memory), 13, found), true);
    assert.deepEqual(found.bytes.slice(found.start, found.start + found.length), contentOf(5));
  }
  assert.equal(store.locate?.(viewOf(memory), 45, found), false);
});

test("a store in memory keeps blocks and their headers", () => {
  const store = createMemoryStateStore();
  assert.equal(store.header(hash), undefined);
  store.commit(executedWith(9));
  assert.deepEqual(store.header(hash), header);
  assert.deepEqual(store.get(hashOf(9)), contentOf(9));
});
