import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import type { BatchHeader, BatchHeaderField } from "../src/batch-header.ts";
import {
  batchDigest,
  batchHeaderBytes,
  batchHeaderFields,
  batchHeaderType,
  decodeBatchHeader,
  differingHeaderFields,
  encodeBatchHeader,
  findBatchHeaderFault,
} from "../src/batch-header.ts";
import { bytesToHex, type Hex, zeroHash } from "../src/bytes.ts";
import { domainSeparator, hashStruct } from "../src/typed-data.ts";
import { keccak256 } from "../src/bytes.ts";

const domain = { l1ChainId: 31_337n, rollupChain: `0x${"c0".repeat(20)}` as Hex };
const hash = (byte: number): Hex => `0x${byte.toString(16).padStart(2, "0").repeat(32)}`;

const example: BatchHeader = {
  version: 1,
  stfVersion: 1,
  chainId: 777n,
  index: 2n,
  parentHash: hash(0x11),
  firstBlock: 101n,
  lastBlock: 200n,
  parentBlockHash: hash(0x22),
  lastBlockHash: hash(0x33),
  postStateRoot: hash(0x44),
  blockRoot: hash(0x55),
  daKind: 1,
  daSize: 98_304,
  daRoot: hash(0x66),
  queueFrom: 3n,
  queueTo: 5n,
  l1OriginNumber: 42n,
  l1OriginHash: hash(0x77),
  epoch: 1n,
  proposer: `0x${"aa".repeat(20)}`,
  timestamp: 1_800_000_000n,
};

const word = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytesToHex);
const uint64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const headers: fc.Arbitrary<BatchHeader> = fc.record(
  {
    version: fc.nat(65_535),
    stfVersion: fc.nat(65_535),
    chainId: uint64,
    index: uint64,
    parentHash: word,
    firstBlock: uint64,
    lastBlock: uint64,
    parentBlockHash: word,
    lastBlockHash: word,
    postStateRoot: word,
    blockRoot: word,
    daKind: fc.nat(255),
    daSize: fc.nat(0xffff_ffff),
    daRoot: word,
    queueFrom: uint64,
    queueTo: uint64,
    l1OriginNumber: uint64,
    l1OriginHash: word,
    epoch: uint64,
    proposer: fc.uint8Array({ minLength: 20, maxLength: 20 }).map(bytesToHex),
    timestamp: uint64,
  },
  { noNullPrototype: true },
);

/** The header with one field changed to another value of its type. */
function changed(header: BatchHeader, field: BatchHeaderField): BatchHeader {
  const value = header[field];
  if (typeof value === "number") return { ...header, [field]: value ^ 1 };
  if (typeof value === "bigint") return { ...header, [field]: value ^ 1n };
  const last = value.endsWith("0") ? "1" : "0";
  return { ...header, [field]: `${value.slice(0, -1)}${last}` };
}

test("a header has the 21 fields of its EIP-712 type, each in one word", () => {
  assert.equal(batchHeaderFields.length, 21);
  assert.equal(batchHeaderBytes, 672);
  assert.deepEqual(
    batchHeaderFields.map(({ name }) => name),
    Object.keys(example),
  );
});

test("every header survives encoding", () => {
  fc.assert(
    fc.property(headers, (header) => {
      assert.deepEqual(decodeBatchHeader(encodeBatchHeader(header)), header);
    }),
  );
});

test("decoding accepts only bytes that encoding gives", () => {
  const bytes = encodeBatchHeader(example);
  for (let position = 0; position < bytes.length; position += 1) {
    const mutated = Uint8Array.from(bytes);
    mutated[position] = (mutated[position] ?? 0) ^ 0x80;
    const decoded = decodeBatchHeader(mutated);
    if (decoded !== undefined)
      assert.deepEqual(encodeBatchHeader(decoded), mutated, `byte ${position}`);
  }
  assert.equal(decodeBatchHeader(bytes.subarray(1)), undefined);
  assert.equal(decodeBatchHeader(Uint8Array.of(...bytes, 0)), undefined);
});

test("the digest is the EIP-712 composition of type, fields and domain", () => {
  const struct = hashStruct(
    batchHeaderType,
    batchHeaderFields.map(({ name }) => {
      const value = example[name];
      return typeof value === "number" ? BigInt(value) : value;
    }),
  );
  const typeHash = keccak256(new TextEncoder().encode(batchHeaderType));
  assert.equal(struct, keccak256(`${typeHash}${bytesToHex(encodeBatchHeader(example)).slice(2)}`));
  const digest = keccak256(`0x1901${domainSeparator(domain).slice(2)}${struct.slice(2)}`);
  assert.equal(batchDigest(example, domain), digest);
});

test("the digest changes with every field and with the domain", () => {
  const digests = new Set(
    batchHeaderFields.map(({ name }) => batchDigest(changed(example, name), domain)),
  );
  digests.add(batchDigest(example, domain));
  digests.add(batchDigest(example, { ...domain, l1ChainId: 1n }));
  digests.add(batchDigest(example, { ...domain, rollupChain: `0x${"c1".repeat(20)}` }));
  assert.equal(digests.size, batchHeaderFields.length + 3);
});

test("the differing fields of two headers are named", () => {
  for (const { name } of batchHeaderFields) {
    assert.deepEqual(differingHeaderFields(example, changed(example, name)), [name]);
  }
});

test("encoding and digest are those of the golden file", () => {
  const golden = JSON.parse(
    readFileSync(new URL("golden/batch-header.json", import.meta.url), "utf8"),
  );
  assert.equal(bytesToHex(encodeBatchHeader(example)), golden.encoded);
  assert.equal(batchDigest(example, domain), golden.digest);
});

test("each fault of a header is found", () => {
  const table: readonly [Partial<BatchHeader>, string | undefined][] = [
    [{}, undefined],
    [{ index: 1n, parentHash: zeroHash }, undefined],
    [{ queueFrom: -1n }, "FIELD_OUT_OF_RANGE"],
    [{ daSize: 2 ** 32 }, "FIELD_OUT_OF_RANGE"],
    [{ proposer: "0xabc" }, "FIELD_OUT_OF_RANGE"],
    [{ version: 2 }, "VERSION_UNKNOWN"],
    [{ index: 0n }, "INDEX_ZERO"],
    [{ index: 1n }, "PARENT_HASH_MISMATCH"],
    [{ parentHash: zeroHash }, "PARENT_HASH_MISMATCH"],
    [{ lastBlock: 100n }, "BLOCK_RANGE_EMPTY"],
    [{ firstBlock: 0n }, "BLOCK_RANGE_EMPTY"],
    [{ queueTo: 2n }, "QUEUE_RANGE_NEGATIVE"],
    [{ daSize: 0 }, "DATA_EMPTY"],
    [{ daKind: 3 }, "DATA_KIND_UNKNOWN"],
  ];
  for (const [change, fault] of table) {
    assert.equal(
      findBatchHeaderFault({ ...example, ...change }),
      fault,
      JSON.stringify(change, (_k, v) => `${v}`),
    );
  }
});
