import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import zlib from "node:zlib";
import fc from "fast-check";
import type { BatchBlock } from "../../src/batch-codec/batch-block.ts";
import {
  batchPlainBytesMax,
  decodeBatch,
  encodeBatch,
  tryEncodeBatch,
} from "../../src/batch-codec/batch-codec.ts";
import { readColumns } from "../../src/batch-codec/column-reader.ts";
import { deflate } from "../../src/batch-codec/deflate.ts";
import { formatTransaction, parseTransaction } from "../../src/batch-codec/transaction-fields.ts";
import { bytesToHex, hexToBytes } from "../../src/bytes.ts";
import { rlpDecode, rlpEncode } from "../../src/rlp.ts";
import { anyBlocks, anyTransactionFields } from "./batch-arbitraries.ts";

const block: BatchBlock = {
  timestamp: 1_800_000_000n,
  l1OriginNumber: 7n,
  term: 1n,
  coinbase: `0x${"11".repeat(20)}`,
  transactions: [],
};

test("a transaction's fields give back its bytes", () => {
  fc.assert(
    fc.property(anyTransactionFields, (fields) => {
      const raw = formatTransaction(fields);
      assert.deepEqual(formatTransaction(parseTransaction(raw) ?? assert.fail("not parsed")), raw);
    }),
  );
});

test("only canonical transactions of supported types are parsed", () => {
  const legacy = hexToBytes("0xc98080808080801b0101");
  assert.equal(parseTransaction(legacy)?.kind, "legacyUnprotected");
  const cases: readonly [string, Uint8Array][] = [
    ["empty", new Uint8Array(0)],
    ["blob transaction", Uint8Array.of(3, 0xc0)],
    ["trailing byte", Uint8Array.of(...legacy, 0)],
    ["eight fields", hexToBytes("0xc880808080801b0101")],
    ["v between 28 and 35", hexToBytes("0xc9808080808080220101")],
    ["nonce with leading zero", hexToBytes("0xcb82000180808080801b0101")],
    ["recipient of 19 bytes", hexToBytes(`0xdc80808093${"22".repeat(19)}80801b0101`)],
    ["yParity 2", Uint8Array.of(1, ...hexToBytes("0xcb01808080808080c0020101"))],
  ];
  for (const [name, raw] of cases) assert.equal(parseTransaction(raw), undefined, name);
});

test("decoding inverts encoding, byte for byte in every transaction", () => {
  fc.assert(
    fc.property(anyBlocks, (blocks) => {
      assert.deepEqual(decodeBatch(encodeBatch(blocks)), blocks);
    }),
    { numRuns: 300 },
  );
});

test("zlib reads batch data", () => {
  fc.assert(
    fc.property(anyBlocks, (blocks) => {
      const plain = new Uint8Array(zlib.inflateRawSync(encodeBatch(blocks)));
      assert.deepEqual(readColumns(plain), blocks);
    }),
  );
});

test("every single-byte mutation is refused or is the encoding of something else", () => {
  fc.assert(
    fc.property(anyBlocks, fc.integer({ min: 1, max: 255 }), (blocks, flip) => {
      const data = encodeBatch(blocks);
      const original = bytesToHex(encodeBatch(blocks));
      for (let position = 0; position < Math.min(data.length, 400); position += 1) {
        const mutated = Uint8Array.from(data);
        mutated[position] = (mutated[position] ?? 0) ^ flip;
        const decoded = decodeBatch(mutated);
        if ("rejected" in decoded) continue;
        assert.deepEqual(encodeBatch(decoded), mutated, `position ${position}`);
        assert.notEqual(bytesToHex(encodeBatch(decoded)), original);
      }
    }),
    { numRuns: 8 },
  );
});

test("arbitrary bytes and arbitrary columns are refused without throwing", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeBatch(bytes)),
    { numRuns: 500 },
  );
  const columns = fc.uint8Array({ maxLength: 300 }).map((rest) => Uint8Array.of(1, ...rest));
  fc.assert(
    fc.property(columns, (plain) => void decodeBatch(deflate([plain]))),
    { numRuns: 1_000 },
  );
});

test("the same blocks in another compression are not canonical", () => {
  const data = encodeBatch([block]);
  const plain = zlib.inflateRawSync(data);
  const stored = new Uint8Array(zlib.deflateRawSync(plain, { level: 0 }));
  assert.deepEqual(decodeBatch(stored), { rejected: "NOT_CANONICAL" });
});

test("each fault of the columns is named", () => {
  const plain = [...zlib.inflateRawSync(encodeBatch([block]))];
  const withByte = (position: number, byte: number) =>
    plain.map((old, i) => (i === position ? byte : old));
  const cases: readonly [string, number[], string][] = [
    ["unknown version", withByte(0, 2), "COLUMNS_VERSION_UNKNOWN"],
    ["no blocks", withByte(2, 0), "COLUMNS_WITHOUT_BLOCKS"],
    ["more blocks than bytes", withByte(2, 3), "COLUMNS_TRUNCATED"],
    ["one byte more", [...plain, 0], "COLUMNS_TRAILING_BYTES"],
    ["one byte less", plain.slice(0, -1), "COLUMNS_TRUNCATED"],
    [
      "chain id of 65 bits",
      [1, ...Array.from({ length: 9 }, () => 0xff), 2, ...plain.slice(2)],
      "COLUMN_VALUE_OUT_OF_RANGE",
    ],
    ["chain id without a transaction that names one", withByte(1, 5), "NOT_CANONICAL"],
    ["varint in two bytes where one does", [1, 0x80, 0, ...plain.slice(2)], "NOT_CANONICAL"],
  ];
  for (const [name, bytes, rejected] of cases) {
    assert.deepEqual(decodeBatch(deflate([Uint8Array.from(bytes)])), { rejected }, name);
  }
});

test("false counts and bombs are refused at once", () => {
  const started = performance.now();
  const huge = [0xff, 0xff, 0xff, 0x01];
  for (const prefix of [
    [1, 0, ...huge],
    [1, 0, 1, 0, 0, 0, ...huge],
  ]) {
    const plain = new Uint8Array(1 << 21);
    plain.set(prefix);
    assert.ok("rejected" in decodeBatch(deflate([plain])));
  }
  assert.deepEqual(decodeBatch(deflate([new Uint8Array(batchPlainBytesMax + 1)])), {
    rejected: "STREAM_TOO_LONG",
  });
  assert.ok(performance.now() - started < 20_000);
});

test("the largest numbers of transactions, keys and blocks neither throw nor take long", () => {
  const started = performance.now();
  const transaction = (change: object) =>
    formatTransaction({
      ...{
        kind: "dynamicFee",
        chainId: 1n,
        nonce: 0n,
        gasLimit: 0n,
        to: new Uint8Array(0),
        yParity: 0,
      },
      ...{ feeCap: new Uint8Array(0), priorityFee: new Uint8Array(0), value: new Uint8Array(0) },
      ...{ data: new Uint8Array(0), accessList: [], r: new Uint8Array(32), s: new Uint8Array(32) },
      ...change,
    });
  const storageKeys = Array.from({ length: 32_000 }, () => new Uint8Array(32));
  const many = [
    [
      {
        ...block,
        transactions: [transaction({ accessList: [{ address: new Uint8Array(20), storageKeys }] })],
      },
    ],
    [{ ...block, transactions: Array.from({ length: 13_000 }, () => transaction({})) }],
    Array.from({ length: 40_000 }, () => block),
  ];
  for (const blocks of many) assert.equal("rejected" in decodeBatch(encodeBatch(blocks)), false);
  assert.ok(performance.now() - started < 60_000);
});

test("a batch beyond the decoder's bound is not encoded", () => {
  const data = new Uint8Array(batchPlainBytesMax);
  const fields = parseTransaction(hexToBytes("0xc98080808080801b0101")) ?? assert.fail();
  const transactions = [formatTransaction({ ...fields, data })];
  assert.equal(tryEncodeBatch([{ ...block, transactions }]), undefined);
  assert.throws(() => encodeBatch([{ ...block, transactions }]), /fits the decoder's bound/);
});

test("encodeBatch asserts what its callers promise", () => {
  assert.throws(() => encodeBatch([]), /a batch has blocks/);
  assert.throws(() => encodeBatch([block, { ...block, timestamp: 1n }]), /never decreases/);
  assert.throws(() => encodeBatch([{ ...block, transactions: [Uint8Array.of(3)] }]), /canonical/);
});

test("encodings are those of the golden file", () => {
  const golden = JSON.parse(
    readFileSync(new URL("../golden/batch-data.json", import.meta.url), "utf8"),
  );
  assert.ok(golden.vectors.length >= 4);
  for (const vector of golden.vectors) {
    const blocks = vector.blocks.map(
      (entry: Record<string, string> & { transactions: string[] }) => ({
        timestamp: BigInt(entry["timestamp"] ?? ""),
        l1OriginNumber: BigInt(entry["l1OriginNumber"] ?? ""),
        term: BigInt(entry["term"] ?? ""),
        coinbase: entry["coinbase"],
        transactions: entry.transactions.map(hexToBytes),
      }),
    );
    assert.equal(bytesToHex(encodeBatch(blocks)), vector.data, vector.description);
    assert.deepEqual(decodeBatch(hexToBytes(vector.data)), blocks, vector.description);
  }
});

test("a raw RLP item survives decoding, as the codec relies on it", () => {
  const item = rlpDecode(hexToBytes("0xc7c0c1c0c3c0c1c0"));
  assert.equal(bytesToHex(rlpEncode(item)), "0xc7c0c1c0c3c0c1c0");
});
