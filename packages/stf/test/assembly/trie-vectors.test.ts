import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { type Bytes, createHarness, emptyRoot, hex, walk } from "./trie-harness.ts";

type Entry = readonly [key: string, value: string | null];
/** A list is applied in order; of a record every order gives the root. */
type RootCase = { readonly in: readonly Entry[] | Record<string, string>; readonly root: string };
type NeighbourCase = {
  readonly in: readonly string[];
  readonly tests: readonly (readonly [key: string, previous: string, next: string])[];
};

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const conformance = process.env.SEQUORUM_VECTORS ?? join(root, "../shared/conformance");
const folder = join(conformance, "ethereum-tests/TrieTests");
const present = existsSync(folder);
if (!present) console.log(`SKIPPED: TrieTests are not at ${folder} (set SEQUORUM_VECTORS)`);

const trie = present ? await createHarness() : undefined;

function casesOf<Case>(file: string): readonly (readonly [string, Case])[] {
  return Object.entries(JSON.parse(readFileSync(join(folder, file), "utf8")));
}

const toBytes = (text: string): Bytes =>
  text.startsWith("0x")
    ? new Uint8Array(Buffer.from(text.slice(2), "hex"))
    : new TextEncoder().encode(text);

/** All orders of a few entries; of many, every rotation of the list and of its reverse. */
function ordersOf<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  if (items.length <= 5) return permutations(items);
  const reverse = [...items].reverse();
  return [items, reverse].flatMap((list) =>
    list.map((_, i) => [...list.slice(i), ...list.slice(0, i)]),
  );
}

function permutations<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  if (items.length <= 1) return [items];
  return items.flatMap((item, i) =>
    permutations(items.filter((_, j) => j !== i)).map((rest) => [item, ...rest]),
  );
}

/** The root of the entries, each applied to the trie as opened from its nodes when `isReopened`. */
function rootOf(entries: readonly Entry[], isSecure: boolean, isReopened: boolean): string {
  assert(trie !== undefined);
  trie.open(emptyRoot);
  for (const [text, content] of entries) {
    const key = isSecure ? keccak_256(toBytes(text)) : toBytes(text);
    if (content === null) trie.remove(key);
    else trie.insert(key, toBytes(content));
    if (isReopened) trie.open(trie.hash(true).root);
  }
  return `0x${hex(trie.hash(true).root)}`;
}

for (const [file, isSecure, count] of [
  ["trieanyorder.json", false, 7],
  ["trieanyorder_secureTrie.json", true, 7],
  ["trietest.json", false, 5],
  ["trietest_secureTrie.json", true, 3],
  ["hex_encoded_securetrie_test.json", true, 3],
] as const) {
  test(`roots of ${file}`, { skip: !present }, () => {
    const cases = casesOf<RootCase>(file);
    assert.equal(cases.length, count);
    for (const [name, { in: entries, root: expected }] of cases) {
      const orders = Array.isArray(entries)
        ? [entries as readonly Entry[]]
        : ordersOf(Object.entries(entries));
      for (const order of orders) {
        assert.equal(rootOf(order, isSecure, false), expected, name);
        assert.equal(rootOf(order, isSecure, true), expected, `${name}, opened before each change`);
      }
    }
  });
}

test("neighbours of trietestnextprev.json", { skip: !present }, () => {
  assert(trie !== undefined);
  const cases = casesOf<NeighbourCase>("trietestnextprev.json");
  assert.equal(cases.length, 1);
  for (const [, { in: keys, tests }] of cases) {
    trie.open(emptyRoot);
    for (const key of keys) trie.insert(toBytes(key), toBytes(key));
    // the module has no walk in order of keys: the nodes that it emitted are walked
    const inOrder: readonly string[] = walk(trie.store, trie.hash(true).root).values.map(([key]) =>
      Buffer.from(key, "hex").toString(),
    );
    for (const [key, previous, next] of tests) {
      assert.equal(inOrder.findLast((other) => other < key) ?? "", previous, `before ${key}`);
      assert.equal(inOrder.find((other) => other > key) ?? "", next, `after ${key}`);
      assert.equal(trie.find(toBytes(key)) !== undefined, inOrder.includes(key));
    }
  }
});
