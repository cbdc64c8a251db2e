import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { contentCount, contentEntries, ContentTable } from "../src/content-table.ts";

const hashOf = (seed: number, tail = 0) => {
  const hash = new Uint8Array(32).fill(7);
  new DataView(hash.buffer).setUint32(0, seed, true);
  hash[31] = tail;
  return hash;
};

test("a table finds what was added last under a hash, and nothing else", () => {
  const operations = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 3 }), fc.uint8Array()),
    { maxLength: 2_000, size: "max" },
  );
  fc.assert(
    fc.property(operations, fc.boolean(), (added, isJoined) => {
      const table = ContentTable.ofSize(1);
      const expected = new Map<string, Uint8Array>();
      for (const [seed, tail, content] of added) {
        if (isJoined) table.addJoined(Buffer.concat([hashOf(seed, tail), content]));
        else table.add(hashOf(seed, tail), content);
        expected.set(`${seed}.${tail}`, content);
        assert.deepEqual(table.get(hashOf(seed, tail)), content);
      }
      const copy = ContentTable.of(table.copy());
      for (let seed = 0; seed <= 41; seed++) {
        for (let tail = 0; tail <= 3; tail++) {
          const content = expected.get(`${seed}.${tail}`);
          assert.deepEqual(table.get(hashOf(seed, tail)), content);
          assert.deepEqual(copy.get(hashOf(seed, tail)), content);
        }
      }
      assert.equal(contentCount(table.packed()), added.length);
      const listed = [...contentEntries(table.packed())];
      assert.deepEqual(
        listed,
        added.map(([seed, tail, content]) => ({ hash: hashOf(seed, tail), content })),
      );
    }),
    { numRuns: 50 },
  );
});

test("a table finds a hash wherever it stands in memory", () => {
  const table = ContentTable.ofSize(64);
  for (let i = 0; i < 5_000; i++) table.add(hashOf(i), Uint8Array.of(i & 0xff));
  const memory = new Uint8Array(100);
  const found = { bytes: memory, start: 0, length: 0 };
  for (let at = 0; at < 9; at++) {
    memory.set(hashOf(4_000 + at), at);
    assert.ok(table.locate(new DataView(memory.buffer), at, found));
    assert.deepEqual([found.length, found.bytes[found.start]], [1, (4_000 + at) & 0xff]);
  }
  memory[8 + 31] = 9;
  assert.equal(table.locate(new DataView(memory.buffer), 8, found), false);
  table.clear();
  assert.equal(table.get(hashOf(1)), undefined);
});
