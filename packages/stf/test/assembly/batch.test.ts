import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import zlib from "node:zlib";
import {
  type BatchBlock,
  bytesToHex,
  decodeBatch,
  encodeBatch,
  formatTransaction,
  hexToBytes,
  rlpUint,
  type TransactionFields,
} from "@sequorum/protocol";
import fc from "fast-check";
import {
  finishedBytes,
  newBitWriter,
  writeBits,
  writeCode,
} from "../../../protocol/src/batch-codec/bit-writer.ts";
import { writeColumns } from "../../../protocol/src/batch-codec/column-writer.ts";
import { deflate } from "../../../protocol/src/batch-codec/deflate.ts";
import * as tables from "../../../protocol/src/batch-codec/deflate-tables.ts";
import { anyBlocks } from "../../../protocol/test/batch-codec/batch-arbitraries.ts";
import { decodeInModule, module, runBatch } from "./batch-module.ts";

const block: BatchBlock = {
  timestamp: 1_800_000_000n,
  l1OriginNumber: 7n,
  term: 1n,
  coinbase: `0x${"11".repeat(20)}`,
  transactions: [],
};
const golden: readonly { readonly data: string; readonly description: string }[] = JSON.parse(
  readFileSync(new URL("../../../protocol/test/golden/batch-data.json", import.meta.url), "utf8"),
).vectors;

function assertSameVerdict(data: Uint8Array, about = ""): void {
  const expected = decodeBatch(data);
  const actual = decodeInModule(data);
  // Comparing hexadecimal is much faster than deepEqual on byte arrays and says as much.
  assert.equal(
    summary(actual),
    summary(expected),
    `${about} ${bytesToHex(data.subarray(0, 2_000))}`,
  );
}

function summary(verdict: ReturnType<typeof decodeBatch>): string {
  if ("rejected" in verdict) return verdict.rejected;
  return verdict
    .map(({ transactions, ...numbers }) =>
      [...Object.values(numbers), ...transactions.map(bytesToHex)].join(),
    )
    .join("\n");
}

function transaction(change: Partial<TransactionFields>): Uint8Array {
  const empty = new Uint8Array(0);
  return formatTransaction({
    ...{ kind: "dynamicFee", chainId: 777n, nonce: 3n, gasLimit: 21_000n, yParity: 1 },
    ...{ feeCap: rlpUint(2_000n), priorityFee: rlpUint(1n), value: empty, to: empty, data: empty },
    ...{ accessList: [], r: new Uint8Array(32).fill(7), s: new Uint8Array(32).fill(9) },
    ...change,
  });
}

/** Bytes that repeat themselves near and far, so that every length, distance and block type occurs. */
const repetitive = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: 400 }))
        .map(([unit, times]) => new Uint8Array(Buffer.alloc(unit.length * times, unit))),
      fc.integer({ min: 1, max: 40_000 }).map((length) => noise(length, length)),
    ),
    { maxLength: 8 },
  )
  .map((parts) => new Uint8Array(Buffer.concat([...parts, ...parts.slice(0, 2)])));

function noise(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 24;
  });
}

function toBytes(values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}

function flipped(data: Uint8Array, position: number, flip: number): Uint8Array {
  return data.map((byte, i) => (i === position ? byte ^ flip : byte));
}

test("length and distance codes follow the tables of RFC 1951", () => {
  for (const [index, base] of tables.lengthBase.entries()) {
    assert.equal(module.call("lengthBase", index), base);
    assert.equal(module.call("lengthExtraBits", index), tables.lengthExtraBits[index]);
  }
  for (const [index, base] of tables.distanceBase.entries()) {
    assert.equal(module.call("distanceBase", index), base);
    assert.equal(module.call("distanceExtraBits", index), tables.distanceExtraBits[index]);
  }
  for (let length = 3; length <= tables.matchBytesMax; length += 1)
    assert.equal(module.call("lengthIndex", length), tables.codeIndex(tables.lengthBase, length));
  for (let distance = 1; distance <= tables.windowBytes; distance += 1) {
    const expected = tables.codeIndex(tables.distanceBase, distance);
    assert.equal(module.call("distanceIndex", distance), expected);
  }
});

test("batches of the golden file decode to their blocks", () => {
  assert.ok(golden.length >= 4);
  for (const { data, description } of golden) {
    const decoded = decodeInModule(hexToBytes(data));
    assert.ok(!("rejected" in decoded), description);
    assert.equal(bytesToHex(encodeBatch(decoded)), data, description);
  }
});

test("random batches decode to the blocks that were encoded", () => {
  fc.assert(
    fc.property(anyBlocks, (blocks) => {
      assert.deepEqual(decodeInModule(encodeBatch(blocks)), blocks);
    }),
    { numRuns: 500 },
  );
});

test("every single-byte mutation and truncation of golden batches has the verdict of decodeBatch", () => {
  for (const { data: hex, description } of golden) {
    const data = hexToBytes(hex);
    for (let position = 0; position < data.length; position += 1) {
      assertSameVerdict(data.subarray(0, position), description);
      assertSameVerdict(flipped(data, position, 1 << (position & 7)));
    }
    assertSameVerdict(Uint8Array.of(...data, 0), description);
  }
});

test("every single-byte mutation of random batches has the verdict of decodeBatch", () => {
  fc.assert(
    fc.property(anyBlocks, fc.integer({ min: 1, max: 255 }), (blocks, flip) => {
      const data = encodeBatch(blocks);
      for (let position = 0; position < Math.min(data.length, 400); position += 1)
        assertSameVerdict(flipped(data, position, flip));
    }),
    { numRuns: 8 },
  );
});

test("mutated columns in their canonical compression have the verdict of decodeBatch", () => {
  const verdicts = new Set<string>();
  const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom(0, 1, 2)), {
    minLength: 1,
    maxLength: 3,
  });
  fc.assert(
    fc.property(anyBlocks, edits, (blocks, changes) => {
      const { segments, signatures } = writeColumns(blocks);
      const parts = [...segments, signatures].map((part) => [...part]);
      for (const [where, byte, removed] of changes) {
        const part = parts[where % 7 < 5 ? 0 : where % 4] ?? [];
        part.splice(where % (part.length + 1), removed, ...(byte % 3 === 0 ? [] : [byte]));
      }
      const [numbers = [], addresses = [], bulk = [], tail = []] = parts;
      const data = deflate([numbers, addresses, bulk].map(toBytes), toBytes(tail));
      assertSameVerdict(data);
      const verdict = decodeInModule(data);
      verdicts.add("rejected" in verdict ? verdict.rejected : "decoded");
    }),
    { numRuns: 2_000 },
  );
  for (const verdict of ["decoded", "NOT_CANONICAL", "COLUMNS_TRUNCATED"])
    assert.ok(verdicts.has(verdict), verdict);
});

test("columns that are not the encoder's are refused in their canonical compression", () => {
  const named = [
    { ...block, transactions: [transaction({}), transaction({ kind: "accessList" })] },
  ];
  const unnamed = [{ ...block, transactions: [transaction({ kind: "legacyUnprotected" })] }];
  const rejected = { rejected: "NOT_CANONICAL" };
  const withColumns = (
    blocks: readonly BatchBlock[],
    edit: (numbers: Uint8Array) => Uint8Array,
    parityFlip = 0,
  ) => {
    const { segments, signatures } = writeColumns(blocks);
    const [numbers = toBytes([]), ...others] = segments;
    return deflate([edit(numbers), ...others], flipped(signatures, 0, parityFlip));
  };
  const otherChain = (numbers: Uint8Array) => flipped(numbers, 1, 1);
  assert.deepEqual(decodeInModule(withColumns([block], otherChain)), rejected);
  assert.deepEqual(decodeInModule(withColumns(unnamed, otherChain)), rejected);
  assert.ok(!("rejected" in decodeInModule(withColumns(named, otherChain))));
  for (const bit of [4, 8, 16, 32, 64, 128])
    assert.deepEqual(decodeInModule(withColumns(named, (numbers) => numbers, bit)), rejected);
  assert.ok(!("rejected" in decodeInModule(withColumns(named, (numbers) => numbers, 2))));
  let longVarints = 0;
  for (let at = 0; at < (writeColumns(named).segments[0]?.length ?? 0); at += 1) {
    const data = withColumns(named, (numbers) => {
      const byte = numbers[at] ?? 0;
      return toBytes([...numbers.subarray(0, at), byte | 0x80, 0, ...numbers.subarray(at + 1)]);
    });
    assertSameVerdict(data);
    if (summary(decodeInModule(data)) === rejected.rejected) longVarints += 1;
  }
  // Chain id, blocks, three block columns, count, and of each transaction nonce, gas, data, list.
  assert.equal(longVarints, 6 + 2 * 4);
});

test("of fixed codes and stored only the shorter is accepted", () => {
  const distinct = Uint8Array.from({ length: 100 }, (_, i) => 150 + i);
  const fields = { to: distinct.slice(0, 20), data: distinct.slice(40) };
  const incompressible = [
    { ...block, coinbase: bytesToHex(distinct.slice(20, 40)), transactions: [transaction(fields)] },
  ];
  const compressible = incompressible.map((each) => ({
    ...each,
    transactions: [transaction({ ...fields, data: new Uint8Array(60) })],
  }));
  for (const blocks of [incompressible, compressible]) {
    const { segments, signatures } = writeColumns(blocks);
    const [numbers = toBytes([]), addresses = toBytes([]), bulk = toBytes([])] = segments;
    // The addresses are stored, so what follows begins on a byte boundary.
    const start = deflate([numbers, addresses], toBytes([0])).slice(0, -6);
    const stored = Buffer.concat([start, deflate([], bulk), deflate([], signatures)]);
    stored[start.length] = 0;
    const writer = newBitWriter(200);
    writeBits(writer, 2, 3);
    for (const byte of bulk) {
      if (byte < 144) writeCode(writer, 0x30 + byte, 8);
      else writeCode(writer, 0x190 + byte - 144, 9);
    }
    writeCode(writer, 0, 7);
    writeBits(writer, 1, 3);
    const tail = deflate([], signatures).subarray(1);
    const fixed = Buffer.concat([start, finishedBytes(writer), tail]);
    for (const data of [stored, fixed]) {
      const expected = Buffer.from(encodeBatch(blocks)).equals(data);
      assert.equal(expected, blocks === incompressible && data === stored);
      assert.equal(summary(decodeInModule(data)) !== "NOT_CANONICAL", expected);
      assertSameVerdict(data);
    }
  }
});

test("other compressions of the same columns are refused", () => {
  fc.assert(
    fc.property(anyBlocks, fc.nat(9), fc.nat(), fc.boolean(), (blocks, level, cut, isFixed) => {
      const { segments, signatures } = writeColumns(blocks);
      const plain = Buffer.concat([...segments, signatures]);
      const strategy = isFixed ? zlib.constants.Z_FIXED : zlib.constants.Z_DEFAULT_STRATEGY;
      assertSameVerdict(zlib.deflateRawSync(plain, { level, strategy }));
      const start = plain.subarray(0, cut % plain.length);
      const rest = plain.subarray(start.length);
      assertSameVerdict(deflate([start, rest]));
      assertSameVerdict(deflate([start], rest));
      assertSameVerdict(deflate([...segments, signatures]));
    }),
  );
});

test("arbitrary bytes and arbitrary columns have the verdict of decodeBatch", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (data) => assertSameVerdict(data)),
    { numRuns: 2_000 },
  );
  const small = fc.oneof(fc.nat(3), fc.nat(255));
  const columns = fc.array(small, { maxLength: 400 }).map((rest) => toBytes([1, ...rest]));
  fc.assert(
    fc.property(columns, (plain) => assertSameVerdict(deflate([plain]))),
    { numRuns: 2_000 },
  );
});

test("calldata that repeats itself near and far is read as it was written", () => {
  fc.assert(
    fc.property(repetitive, (calldata) => {
      const data = encodeBatch([{ ...block, transactions: [transaction({ data: calldata })] }]);
      assertSameVerdict(data);
      for (const place of [0.2, 0.5, 0.8])
        assertSameVerdict(flipped(data, Math.floor(data.length * place), 4));
    }),
    { numRuns: 40 },
  );
});

test("matches reach exactly as far back as the encoder's", () => {
  const unit = noise(400, 99).subarray(300);
  const distances = [4_095, 4_096, 4_097, 32_767, 32_768, 32_769];
  for (const distance of distances) {
    for (const length of [3, 4, 100]) {
      const repeated = unit.subarray(0, length);
      const between = noise(distance - length, distance);
      const calldata = toBytes([
        ...repeated,
        ...between,
        ...repeated,
        1,
        2,
        3,
        ...new Uint8Array(9_000),
      ]);
      const data = encodeBatch([{ ...block, transactions: [transaction({ data: calldata })] }]);
      assertSameVerdict(data, `${length} bytes from ${distance}`);
      assert.ok(!("rejected" in decodeInModule(data)));
    }
  }
});

test("the largest numbers of blocks, transactions and keys are read, and one too many refused", () => {
  const storageKeys = Array.from({ length: 32_000 }, () => new Uint8Array(32));
  const accessList = [{ address: new Uint8Array(20), storageKeys }];
  const many: readonly (readonly BatchBlock[])[] = [
    [{ ...block, transactions: [transaction({ accessList })] }],
    [{ ...block, transactions: Array.from({ length: 13_000 }, () => transaction({})) }],
    Array.from({ length: 40_000 }, () => block),
    [{ ...block, transactions: [transaction({ data: noise(1_000_000, 1) })] }],
  ];
  for (const blocks of many) {
    const data = encodeBatch(blocks);
    assertSameVerdict(data);
    assertSameVerdict(flipped(data, data.length - 1, 128));
  }
});

test("false counts and bombs are refused as decodeBatch refuses them", () => {
  const huge = [0xff, 0xff, 0xff, 0x01];
  for (const prefix of [
    [1, 0, ...huge],
    [1, 0, 1, 0, 0, 0, ...huge],
    [1, 0, 1, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, ...huge],
    // Two counts that fit alone and not together; then kinds that there are not.
    [1, 0, 2, 0, 0, 0, 0, 0, 0, 10, 10, 9, 9],
  ]) {
    for (const length of [1_000, 1 << 20, (1 << 20) + 1]) {
      const plain = new Uint8Array(length);
      plain.set(prefix);
      assertSameVerdict(deflate([plain]), `${prefix} in ${length}`);
    }
  }
  const tooLong = noise((1 << 20) + 1, 5);
  const literals = zlib.deflateRawSync(tooLong, { strategy: zlib.constants.Z_FIXED });
  for (const data of [deflate([], tooLong), literals]) {
    assertSameVerdict(data);
    assert.deepEqual(decodeInModule(data), { rejected: "STREAM_TOO_LONG" });
  }
});

test("every run gives the same outputs, whatever ran before", () => {
  const runs = [...golden.map(({ data }) => hexToBytes(data)), toBytes([1, 2, 3]), toBytes([])];
  const first = runs.map(runBatch);
  const again = runs.toReversed().map(runBatch).toReversed();
  assert.deepEqual(again, first);
});
