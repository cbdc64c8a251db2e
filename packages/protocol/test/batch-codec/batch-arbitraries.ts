/** Random batches for property tests. */
import fc from "fast-check";
import type { BatchBlock } from "../../src/batch-codec/batch-block.ts";
import type {
  TransactionFields,
  TransactionKind,
} from "../../src/batch-codec/transaction-fields.ts";
import { formatTransaction } from "../../src/batch-codec/transaction-fields.ts";
import { bytesToHex } from "../../src/bytes.ts";
import { rlpUint } from "../../src/rlp.ts";

const uint64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 300n }),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
);
const quantity = fc
  .oneof(
    fc.constant(0n),
    fc.bigInt({ min: 0n, max: 1n << 70n }),
    fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
  )
  .map(rlpUint);
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const scalar = fc.oneof(
  bytes(32),
  fc.constant(new Uint8Array(32)),
  bytes(32).map((b) => b.fill(0, 0, 3)),
);
const kinds = fc.constantFrom<TransactionKind>(
  "legacy",
  "legacyUnprotected",
  "accessList",
  "dynamicFee",
);
const accessList = fc.array(
  fc.record({ address: bytes(20), storageKeys: fc.array(bytes(32), { maxLength: 3 }) }),
  { maxLength: 3 },
);

function transactionFields(chainId: bigint): fc.Arbitrary<TransactionFields> {
  return fc
    .record({
      kind: kinds,
      chainId: fc.constant(chainId),
      nonce: uint64,
      gasLimit: uint64,
      feeCap: quantity,
      priorityFee: quantity,
      value: quantity,
      to: fc.oneof(bytes(20), fc.constant(new Uint8Array(0))),
      data: fc.oneof(fc.constant(new Uint8Array(0)), fc.uint8Array({ maxLength: 80 })),
      accessList,
      yParity: fc.nat(1),
      r: scalar,
      s: scalar,
    })
    .map((fields) => ({
      ...fields,
      chainId: fields.kind === "legacyUnprotected" ? 0n : fields.chainId,
      priorityFee: fields.kind === "dynamicFee" ? fields.priorityFee : new Uint8Array(0),
      accessList:
        fields.kind === "accessList" || fields.kind === "dynamicFee" ? fields.accessList : [],
    }));
}

/** Fields of transactions of one chain. */
export const anyTransactionFields = uint64.chain(transactionFields);

/** Batches of up to eight blocks, in which every transaction type occurs. */
export const anyBlocks: fc.Arbitrary<readonly BatchBlock[]> = uint64.chain((chainId) =>
  fc
    .array(
      fc.record({
        seconds: fc.nat(20),
        origins: fc.nat(2),
        terms: fc.nat(1),
        coinbase: fc.oneof(fc.constant(new Uint8Array(20)), bytes(20)),
        transactions: fc.array(transactionFields(chainId).map(formatTransaction), { maxLength: 6 }),
      }),
      { minLength: 1, maxLength: 8 },
    )
    .map((steps) => {
      let [timestamp, l1OriginNumber, term] = [1_800_000_000n, 20_000_000n, 1n];
      return steps.map(({ seconds, origins, terms, coinbase, transactions }) => {
        timestamp += BigInt(seconds);
        l1OriginNumber += BigInt(origins);
        term += BigInt(terms);
        return { timestamp, l1OriginNumber, term, coinbase: bytesToHex(coinbase), transactions };
      });
    }),
);
