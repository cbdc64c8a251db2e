import assert from "node:assert/strict";
import { test } from "node:test";
import { createMerkleProof, createMPT, type MerklePatriciaTrie } from "@ethereumjs/mpt";
import { RLP } from "@ethereumjs/rlp";
import { keccak_256 } from "@noble/hashes/sha3.js";
import fc from "fast-check";
import { type Bytes, type Change, createHarness, emptyRoot, hex, walk } from "./trie-harness.ts";

const trie = await createHarness();

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "hex"));
const value = (length: number, seed = 1) =>
  Uint8Array.from({ length }, (_, i) => (seed * 31 + i) & 0xff || 1);
const number32 = (n: number) => keccak_256(Uint8Array.of(n >> 8, n & 0xff));

/** Keys of which many are prefixes of others, so that branches have values and everything small is embedded. */
const shortKeys = fc
  .array(fc.constantFrom(0x00, 0x01, 0x10, 0x11, 0xf1, 0xff), { minLength: 1, maxLength: 4 })
  .map((key) => Uint8Array.from(key));
/** Keys that differ in the last three nibbles only: leaves below are embedded, above them is a long extension. */
const lateKeys = fc
  .integer({ min: 0, max: 0xfff })
  .map((n) => bytes("5a".repeat(30) + n.toString(16).padStart(4, "7")));
/** As those of a state. */
const hashedKeys = fc.integer({ min: 0, max: 60 }).map(number32);

const values = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 3 }),
  fc.uint8Array({ minLength: 20, maxLength: 40 }),
  fc.integer({ min: 50, max: 300 }).map((length) => value(length)),
);

const changesOf = (keys: fc.Arbitrary<Bytes>): fc.Arbitrary<readonly Change[]> =>
  fc.array(fc.tuple(keys, fc.option(values, { nil: undefined, freq: 2 })), { maxLength: 25 });

/** What happens before the next batch: the trie is opened from its nodes, or goes on in memory. */
const batchesOf = (keys: fc.Arbitrary<Bytes>) =>
  fc.array(fc.record({ changes: changesOf(keys), isReopened: fc.boolean() }), { maxLength: 5 });

/** Applies changes to the trie and to what it should hold by then. */
function apply(content: Map<string, Change>, changes: readonly Change[]): void {
  for (const change of changes) {
    const [key, value] = change;
    if (value === undefined) {
      trie.remove(key);
      content.delete(hex(key));
    } else {
      trie.insert(key, value);
      content.set(hex(key), change);
    }
  }
}

/**
 * The oracle after the changes. @ethereumjs/mpt 10.1.3 loses the value of a branch when a deletion leaves it one child,
 * which takes a key that is a prefix of another; with such keys the oracle is built anew from what is left.
 */
async function oracleAfter(
  oracle: MerklePatriciaTrie,
  changes: readonly Change[],
  content: ReadonlyMap<string, Change>,
  isPrefixFree: boolean,
): Promise<MerklePatriciaTrie> {
  const next = isPrefixFree ? oracle : await createMPT();
  for (const [key, value] of isPrefixFree ? changes : content.values()) {
    if (value === undefined) await next.del(key);
    else await next.put(key, value);
  }
  return next;
}

/** Hashes, and checks that exactly what the store lacked was emitted, and nothing that the trie does not have. */
function checkedHash(): Bytes {
  const before = new Set(trie.store.keys());
  const { root, emitted } = trie.hash(true);
  const { hashes } = walk(trie.store, root);
  const missing = hashes.filter((hash) => !before.has(hash));
  for (const hash of missing) assert(emitted.includes(hash), "a new node is emitted");
  // leaves with the same rest of their keys and the same value are one node in two places
  for (const hash of emitted) {
    const places = hashes.filter((other) => other === hash).length;
    const times = emitted.filter((other) => other === hash).length;
    assert(times <= places, "each node of the trie is emitted at most once");
  }
  assert.deepEqual(trie.hash(true).root, root);
  return root;
}

for (const [name, keys, isPrefixFree] of [
  ["short", shortKeys, false],
  ["three-byte", shortKeys.map((key) => Uint8Array.from({ ...key, length: 3 })), true],
  ["late-forking", lateKeys, true],
  ["hashed", hashedKeys, true],
  ["mixed", fc.oneof(shortKeys, lateKeys, hashedKeys), false],
] as const) {
  test(`insertions, updates and deletions of ${name} keys give the roots of @ethereumjs/mpt`, async () => {
    await fc.assert(
      fc.asyncProperty(batchesOf(keys), async (batches) => {
        trie.store.clear();
        trie.open(emptyRoot);
        let oracle = await createMPT();
        const content = new Map<string, Change>();
        for (const { changes, isReopened } of batches) {
          apply(content, changes);
          oracle = await oracleAfter(oracle, changes, content, isPrefixFree);
          const root = checkedHash();
          assert.equal(hex(root), hex(oracle.root()));
          if (isReopened) trie.open(root);
          for (const [key] of changes) assert.deepEqual(trie.find(key), content.get(hex(key))?.[1]);
        }
        const stored = walk(trie.store, trie.hash(false).root).values;
        const expected = [...content].map(([key, [, value]]) => [key, value]).sort();
        assert.deepEqual(stored, expected);
      }),
      { numRuns: 150 },
    );
  });
}

test("proofs of present and absent keys are those of @ethereumjs/mpt", async () => {
  const keys = fc.oneof(hashedKeys, shortKeys, lateKeys);
  await fc.assert(
    fc.asyncProperty(
      changesOf(keys),
      fc.array(keys, { maxLength: 8 }),
      fc.boolean(),
      async (changes, others, isReopened) => {
        trie.store.clear();
        trie.open(emptyRoot);
        const content = new Map<string, Change>();
        apply(content, changes);
        const { root } = trie.hash(true);
        const oracle = await oracleAfter(await createMPT(), changes, content, false);
        if (isReopened) trie.open(root);
        for (const key of [...changes.map(([changed]) => changed), ...others]) {
          const all = (await createMerkleProof(oracle, key)).map(hex);
          // ethereumjs lists nodes inside their parent once more
          const expected = all.filter((node, i) => i === 0 || node.length >= 64);
          assert.deepEqual(trie.proof(key).map(hex), expected, `proof of ${hex(key)}`);
        }
      },
    ),
    { numRuns: 150 },
  );
});

/** A fresh trie of these keys, hashed, in the store. */
function stored(entries: readonly Change[]): Bytes {
  trie.store.clear();
  trie.open(emptyRoot);
  for (const [key, content] of entries) trie.insert(key, content ?? new Uint8Array());
  return trie.hash(true).root;
}

const long = value(40);
const [shortest, other] = [value(1), value(33, 7)];
for (const [sibling, deleted, rest, reads] of [
  // root branch, the deleted leaf, the sibling
  ["a leaf", "10aa", [["20bb", long]], 3],
  [
    "an extension",
    "10aa",
    [
      ["20bb", long],
      ["20bc", long],
    ],
    3,
  ],
  [
    "a branch",
    "10aa",
    [
      ["2abb", long],
      ["2bbc", long],
    ],
    3,
  ],
  ["a leaf inside its parent", "10aa", [["20bb", shortest]], 2],
  [
    "an extension inside its parent",
    "10aa",
    [
      ["20bb", shortest],
      ["20bc", shortest],
    ],
    2,
  ],
  [
    "a branch inside its parent",
    "10aa",
    [
      ["2abb", shortest],
      ["2bbc", shortest],
    ],
    2,
  ],
  // the extension above grows by the sibling's nibble and path: root extension, branch, deleted leaf, sibling
  ["a leaf below an extension", "aa10", [["aa20", other]], 4],
  [
    "an extension below an extension",
    "aa1000",
    [
      ["aa20b0", other],
      ["aa20c0", other],
    ],
    4,
  ],
  [
    "a branch below an extension",
    "aa10",
    [
      ["aa2a", other],
      ["aa2b", other],
    ],
    4,
  ],
  ["the value of a branch", "aa10", [["aa", other]], 3],
] as const) {
  test(`a deletion that leaves ${sibling} reads it and gives the trie of the rest`, () => {
    const kept = rest.map(([key, content]): Change => [bytes(key), content]);
    const expected = stored(kept);
    const root = stored([...kept, [bytes(deleted), value(40, 3)]]);
    trie.open(root);
    trie.remove(bytes(deleted));
    assert.equal(trie.reads.length, reads);
    assert.deepEqual(checkedHash(), expected);
  });
}

test("a trie reads the nodes on the path only, each once, and emits the changed ones only", () => {
  const entries = Array.from({ length: 500 }, (_, i): Change => [number32(i), value(40, i)]);
  const root = stored(entries);
  trie.open(root);
  assert.deepEqual([trie.reads.length, trie.hash(true)], [0, { root, emitted: [] }]);
  assert.deepEqual(trie.find(number32(7)), value(40, 7));
  const depth = trie.reads.length;
  assert.deepEqual(trie.find(number32(7)), value(40, 7));
  assert.equal(trie.reads.length, depth, "nodes stay in memory");
  assert.equal(depth, trie.proof(number32(7)).length);
  trie.insert(number32(7), value(40, 7));
  trie.remove(number32(777));
  assert.deepEqual(trie.hash(true), { root, emitted: [] }, "nothing has changed");
  trie.insert(number32(7), value(41, 7));
  const { emitted } = trie.hash(true);
  assert.equal(emitted.length, depth);
  assert.deepEqual(trie.hash(true).emitted, [], "hashed once");
  trie.insert(number32(7), value(40, 7));
  assert.deepEqual(trie.hash(false), { root, emitted: [] }, "emits when stored only");
});

test("what changes nothing below an extension or in a branch's value emits nothing", () => {
  const entries = ["aa00", "aa10", "aa10bb"].map((key): Change => [bytes(key), long]);
  const root = stored(entries);
  trie.open(root);
  for (const [key, content] of entries) trie.insert(key, content ?? long);
  for (const key of ["aa", "aa0000", "aa20", "aa10cc", "ab"]) trie.remove(bytes(key));
  assert.deepEqual(trie.hash(true), { root, emitted: [] });
});

test("an empty value deletes, and the last deletion leaves the empty trie", () => {
  trie.open(stored([[bytes("aa"), long]]));
  trie.insert(bytes("aa"), new Uint8Array());
  assert.deepEqual(trie.hash(true), { root: emptyRoot, emitted: [] });
  assert.deepEqual(trie.proof(bytes("aa")), []);
  assert.equal(trie.find(bytes("aa")), undefined);
});

test("lists have the roots of @ethereumjs/mpt for values of all lengths", async () => {
  const lengths = [1, 2, 30, 31, 32, 33, 55, 56, 255, 256, 900, 1_000, 1_100, 65_536];
  for (const count of [0, 1, 2, 16, 127, 128, 129, 256, 300]) {
    trie.open(emptyRoot);
    const oracle = await createMPT();
    for (let i = 0; i < count; i += 1) {
      const item = value(lengths[(i + count) % lengths.length] ?? 1, i);
      trie.insertItem(i, item);
      await oracle.put(RLP.encode(i), item);
    }
    assert.equal(hex(trie.hash(false).root), hex(oracle.root()), `${count} items`);
    assert(trie.isBeyondStaticDataClear(), "the buffer of nodes is large enough");
  }
});

const hash = Buffer.alloc(32, 7);
const branch = (child: unknown, content: unknown = "") =>
  RLP.encode([child, ...Array(15).fill(""), content] as never);
for (const [name, node] of [
  ["a string", RLP.encode("not a list of nodes")],
  ["an item behind the list", Buffer.concat([RLP.encode(Array(16).fill(hash)), Buffer.of(0x80)])],
  ["one item", RLP.encode(["0x20"])],
  ["three items", RLP.encode(["0x20", hash, hash])],
  ["eighteen items", RLP.encode(Array(18).fill(hash))],
  ["an empty path", RLP.encode(["", "value"])],
  ["a path that is a list", RLP.encode([["0x20"], "value"])],
  ["unknown flags", RLP.encode(["0x60", "value"])],
  ["a leaf without value", RLP.encode(["0x20", ""])],
  ["a leaf whose value is a list", RLP.encode(["0x20", ["value"]])],
  ["an extension to a string", RLP.encode(["0x11", "value"])],
  ["a child of 31 bytes", branch(hash.subarray(1))],
  ["a child that is an empty list", branch([])],
  ["a child that is a list of 32 bytes", branch([hash.subarray(1)])],
  ["a branch whose value is a list", branch(hash, [])],
  ["a branch cut off", branch(hash).subarray(0, -1)],
  ["nothing", new Uint8Array()],
] as const) {
  test(`a node that is ${name} ends the run`, () => {
    const root = keccak_256(node);
    trie.store.set(hex(root), node);
    trie.open(root);
    assert.throws(() => trie.find(bytes("00")), WebAssembly.RuntimeError);
  });
}
