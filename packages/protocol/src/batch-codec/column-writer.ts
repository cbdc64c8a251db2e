/** Writes blocks and their transactions as columns; docs/adr on the batch codec says why in this order. */
import { assert } from "../assert.ts";
import { bytesToHex, hexToBytes } from "../bytes.ts";
import type { BatchBlock } from "./batch-block.ts";
import { joinedBytes } from "./joined-bytes.ts";
import type { TransactionFields } from "./transaction-fields.ts";
import { parseTransaction } from "./transaction-fields.ts";

/** First byte of the columns. */
export const columnsVersion = 1;
/** Bit of the kind byte that says "no recipient". */
export const creationBit = 4;
/** Kind bytes, by position. */
export const kindOrder = ["legacy", "legacyUnprotected", "accessList", "dynamicFee"] as const;

const uint64Limit = 1n << 64n;

/** A list of bytes under construction. */
type Sink = { readonly parts: Uint8Array[] };

/** What the columns of a batch are, in order: numbers, addresses and bulk data, then signatures, which do not compress. */
export type Columns = { readonly segments: readonly Uint8Array[]; readonly signatures: Uint8Array };

/** The columns of the blocks. */
export function writeColumns(blocks: readonly BatchBlock[]): Columns {
  assert(blocks.length > 0, "a batch has blocks");
  const transactions = blocks.flatMap((block) => block.transactions.map(parsed));
  const numbers: Sink = { parts: [Uint8Array.of(columnsVersion)] };
  writeVarint(numbers, commonChainId(transactions));
  writeVarint(numbers, BigInt(blocks.length));
  writeDeltas(
    numbers,
    blocks.map((block) => block.timestamp),
  );
  writeDeltas(
    numbers,
    blocks.map((block) => block.l1OriginNumber),
  );
  writeDeltas(
    numbers,
    blocks.map((block) => block.term),
  );
  for (const block of blocks) writeVarint(numbers, BigInt(block.transactions.length));
  writeTransactionNumbers(numbers, transactions);
  const listed = transactions.flatMap((transaction) => transaction.accessList);
  const addresses = [
    ...blocks.map((block) => hexToBytes(block.coinbase)),
    ...transactions.map((transaction) => transaction.to),
    ...listed.map((entry) => entry.address),
  ];
  const bulk = [
    ...transactions.map((transaction) => transaction.data),
    ...listed.flatMap((entry) => entry.storageKeys),
  ];
  return {
    segments: [numbers.parts, addresses, bulk].map(joinedBytes),
    signatures: joinedBytes(signatureColumns(transactions)),
  };
}

function parsed(raw: Uint8Array): TransactionFields {
  const fields = parseTransaction(raw);
  assert(fields !== undefined, "a batched transaction is canonical and of a supported type", {
    raw: bytesToHex(raw),
  });
  return fields;
}

function writeTransactionNumbers(sink: Sink, transactions: readonly TransactionFields[]): void {
  const withList = transactions.filter(
    ({ kind }) => kind === "accessList" || kind === "dynamicFee",
  );
  sink.parts.push(Uint8Array.from(transactions, kindByte));
  for (const { nonce } of transactions) writeVarint(sink, nonce);
  for (const { gasLimit } of transactions) writeVarint(sink, gasLimit);
  for (const { feeCap } of transactions) writeQuantity(sink, feeCap);
  for (const { kind, priorityFee } of transactions)
    if (kind === "dynamicFee") writeQuantity(sink, priorityFee);
  for (const { value } of transactions) writeQuantity(sink, value);
  for (const { data } of transactions) writeVarint(sink, BigInt(data.length));
  for (const { accessList } of withList) writeVarint(sink, BigInt(accessList.length));
  for (const { accessList } of withList) {
    for (const { storageKeys } of accessList) writeVarint(sink, BigInt(storageKeys.length));
  }
}

function kindByte({ kind, to }: TransactionFields): number {
  return kindOrder.indexOf(kind) | (to.length === 0 ? creationBit : 0);
}

/** The parity bits, least significant first, then every r, then every s. */
function signatureColumns(transactions: readonly TransactionFields[]): Uint8Array[] {
  const parities = new Uint8Array((transactions.length + 7) >> 3);
  for (const [index, { yParity }] of transactions.entries()) {
    parities[index >> 3] = (parities[index >> 3] ?? 0) | (yParity << (index & 7));
  }
  return [parities, ...transactions.map(({ r }) => r), ...transactions.map(({ s }) => s)];
}

/** The chain id of every transaction that names one; 0 when none does. */
function commonChainId(transactions: readonly TransactionFields[]): bigint {
  const naming = transactions.filter(({ kind }) => kind !== "legacyUnprotected");
  const chainId = naming[0]?.chainId ?? 0n;
  assert(
    naming.every((transaction) => transaction.chainId === chainId),
    "a batch has one chain id",
    { chainId },
  );
  return chainId;
}

/** The first value, then each value's distance from the one before. */
function writeDeltas(sink: Sink, values: readonly bigint[]): void {
  let previous = 0n;
  for (const value of values) {
    assert(value >= previous, "the column never decreases", { value, previous });
    writeVarint(sink, value - previous);
    previous = value;
  }
}

/** Unsigned LEB128 of at most 64 bits. */
function writeVarint(sink: Sink, value: bigint): void {
  assert(value >= 0n && value < uint64Limit, "a varint holds 64 bits", { value });
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  sink.parts.push(Uint8Array.from(bytes));
}

/** Length byte, then the integer's shortest big-endian form. */
function writeQuantity(sink: Sink, value: Uint8Array): void {
  assert(value.length <= 32 && value[0] !== 0, "a quantity is in its shortest form", {
    value: bytesToHex(value),
  });
  sink.parts.push(Uint8Array.of(value.length), value);
}
