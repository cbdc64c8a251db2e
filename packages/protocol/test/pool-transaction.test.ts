import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { BatchHeader } from "../src/batch-header.ts";
import { bytesToHex, type Hex, keccak256 } from "../src/bytes.ts";
import {
  decodePayload,
  decodePoolTransaction,
  encodePayload,
  encodePoolTransaction,
  isPoolTransactionSigned,
  nonceCommitmentsMax,
  type PoolPayload,
  signPoolTransaction,
} from "../src/pool-transaction.ts";
import { rlpEncode } from "../src/rlp.ts";

const domain = { l1ChainId: 31_337n, rollupChain: `0x${"12".repeat(20)}` } as const;
const privateKey = new Uint8Array(32).fill(7);

const hexOf = (size: number): fc.Arbitrary<Hex> =>
  fc.uint8Array({ minLength: size, maxLength: size }).map(bytesToHex);
const uint64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const number = fc.nat();
const hash = hexOf(32);
const address = hexOf(20);

const header: fc.Arbitrary<BatchHeader> = fc.record({
  version: fc.constant(1),
  stfVersion: fc.constant(1),
  chainId: uint64,
  index: uint64,
  parentHash: hash,
  firstBlock: uint64,
  lastBlock: uint64,
  parentBlockHash: hash,
  lastBlockHash: hash,
  postStateRoot: hash,
  blockRoot: hash,
  daKind: fc.constantFrom(1, 2),
  daSize: number,
  daRoot: hash,
  queueFrom: uint64,
  queueTo: uint64,
  l1OriginNumber: uint64,
  l1OriginHash: hash,
  epoch: uint64,
  proposer: address,
  timestamp: uint64,
});

const payload: fc.Arbitrary<PoolPayload> = fc.oneof(
  fc.record({ type: fc.constant("leaderSilent"), term: uint64 }),
  fc.record({ type: fc.constant("batchProposal"), attempt: number, header }),
  fc.record({
    type: fc.constant("batchEndorsement"),
    index: uint64,
    attempt: number,
    digest: hash,
    signature: hexOf(65),
  }),
  fc.record({
    type: fc.constant("batchRefusal"),
    index: uint64,
    attempt: number,
    digest: hash,
    code: fc.constantFrom("BLOCK_ROOT_MISMATCH", "A"),
  }),
  fc.record({ type: fc.constant("dkgRound1"), ceremonyId: hash, package: hexOf(197) }),
  fc.record({ type: fc.constant("dkgComplaint"), ceremonyId: hash, dealer: address }),
  fc.record({ type: fc.constant("dkgReveal"), ceremonyId: hash, complainer: address, share: hash }),
  fc.record({
    type: fc.constant("ceremonyConfirmation"),
    ceremonyId: hash,
    groupKey: hash,
    verifyingShares: fc.array(hexOf(33), { maxLength: 5 }),
    transcriptHash: hash,
    signature: hexOf(65),
  }),
  fc.record({
    type: fc.constant("nonceCommitments"),
    keyId: hash,
    generation: number,
    commitments: fc.array(fc.record({ hiding: hexOf(33), binding: hexOf(33) }), { maxLength: 5 }),
  }),
  fc.record({
    type: fc.constant("signingFailure"),
    sessionId: hash,
    attempt: number,
    culprits: fc.array(address, { maxLength: 4 }),
  }),
  fc.record({
    type: fc.constant("groupSignature"),
    sessionId: hash,
    signature: fc.record({ r: address, s: hash }),
  }),
  fc.record({
    type: fc.constant("l1Observation"),
    event: fc.oneof(
      fc.record({
        type: fc.constant("epochRegistered"),
        epoch: uint64,
        groupKeyHash: hash,
        l1TxHash: hash,
        l1BlockNumber: uint64,
      }),
      fc.record({
        type: fc.constant("batchPosted"),
        index: uint64,
        digest: hash,
        l1TxHash: hash,
        l1BlockNumber: uint64,
      }),
      fc.record({
        type: fc.constant("batchFinal"),
        index: uint64,
        digest: hash,
        lastBlock: uint64,
      }),
    ),
  }),
  fc.record({ type: fc.constant("keyErasure"), keyId: hash }),
);

test("every payload survives its encoding, alone and as a signed transaction", () => {
  fc.assert(
    fc.property(payload, (value) => {
      const plain = structuredClone(value);
      assert.deepEqual(decodePayload(encodePayload(plain)), plain);
      const transaction = signPoolTransaction(plain, privateKey, domain);
      const encoded = encodePoolTransaction(transaction);
      assert.deepEqual(decodePoolTransaction(encoded), transaction);
      assert.ok(isPoolTransactionSigned(transaction, domain));
    }),
    { numRuns: 150 },
  );
});

test("a transaction has one encoding: whatever decodes encodes to the same bytes", () => {
  fc.assert(
    fc.property(payload, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, flip) => {
      const encoded = encodePoolTransaction(signPoolTransaction(value, privateKey, domain));
      const mutated = encoded.slice();
      const position = at % mutated.length;
      mutated[position] = (mutated[position] ?? 0) ^ flip;
      const transaction = decodePoolTransaction(mutated);
      if (transaction === undefined) return;
      assert.deepEqual(encodePoolTransaction(transaction), mutated);
      assert.ok(
        !isPoolTransactionSigned(transaction, domain),
        "a changed transaction is not signed",
      );
    }),
    { numRuns: 400 },
  );
});

test("a signature is valid in its network only", () => {
  const transaction = signPoolTransaction({ type: "leaderSilent", term: 3n }, privateKey, domain);
  assert.ok(!isPoolTransactionSigned(transaction, { ...domain, l1ChainId: 1n }));
  assert.ok(
    !isPoolTransactionSigned(transaction, { ...domain, rollupChain: `0x${"13".repeat(20)}` }),
  );
  assert.ok(!isPoolTransactionSigned({ ...transaction, sender: `0x${"01".repeat(20)}` }, domain));
});

test("malformed bytes, unknown kinds and lists beyond their bound do not decode", () => {
  for (const bytes of [
    new Uint8Array(0),
    Uint8Array.of(0xc0),
    rlpEncode([Uint8Array.of(99), []]),
    rlpEncode([Uint8Array.of(1), []]),
    rlpEncode([Uint8Array.of(1), [Uint8Array.of(1)], []]),
  ]) {
    assert.equal(decodePayload(bytes), undefined, bytesToHex(bytes));
    assert.equal(decodePoolTransaction(bytes), undefined, bytesToHex(bytes));
  }
  const point = `0x02${"11".repeat(32)}` as const;
  assert.throws(() =>
    encodePayload({
      type: "nonceCommitments",
      keyId: `0x${"00".repeat(32)}`,
      generation: 1,
      commitments: Array.from({ length: nonceCommitmentsMax + 1 }, () => ({
        hiding: point,
        binding: point,
      })),
    }),
  );
});

test("the encoding is fixed: a change here is a change of the wire format", () => {
  const encoded = encodePoolTransaction(
    signPoolTransaction({ type: "leaderSilent", term: 3n }, privateKey, domain),
  );
  assert.equal(encoded.length, 95);
  assert.equal(
    keccak256(encoded),
    "0x41900dfefddcb9a07d5abbda0714fbf33f09850fd98101c92fd715c95e063a11",
  );
});
