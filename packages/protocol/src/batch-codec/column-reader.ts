/** Reads what `writeColumns` wrote; every count is checked against the bytes left before anything is allocated. */
import { bytesToHex } from "../bytes.ts";
import type { BatchBlock } from "./batch-block.ts";
import { columnsVersion, creationBit, kindOrder } from "./column-writer.ts";
import { at } from "./deflate-tables.ts";
import type { AccessListEntry, TransactionFields, TransactionKind } from "./transaction-fields.ts";
import { formatTransaction } from "./transaction-fields.ts";

/** Why columns were refused. */
export type ColumnRejection =
  | "COLUMNS_TRUNCATED"
  | "COLUMNS_TRAILING_BYTES"
  | "COLUMNS_VERSION_UNKNOWN"
  | "COLUMNS_WITHOUT_BLOCKS"
  | "COLUMN_VALUE_OUT_OF_RANGE";

/** `failed` is the first fault and sticks; after it every read gives zeros. */
type Reader = { readonly bytes: Uint8Array; position: number; failed: ColumnRejection | "" };
type Kind = { readonly kind: TransactionKind; readonly isCreation: boolean };

const addressBytes = 20;
const storageKeyBytes = 32;
/** Least bytes that one of each takes in the columns: what a count is checked against. */
const blockBytesMin = 4 + addressBytes;
const transactionBytesMin = 6 + 64;
const accessListEntryBytesMin = 1 + addressBytes;
const uint64Limit = 1n << 64n;

/** The blocks of the columns, or the first fault found. */
export function readColumns(
  bytes: Uint8Array,
): readonly BatchBlock[] | { readonly rejected: ColumnRejection } {
  const reader: Reader = { bytes, position: 0, failed: "" };
  const blocks = readBlocks(reader);
  if (reader.failed === "" && reader.position !== bytes.length)
    fail(reader, "COLUMNS_TRAILING_BYTES");
  return reader.failed === "" ? blocks : { rejected: reader.failed };
}

function readBlocks(reader: Reader): readonly BatchBlock[] {
  if (at(readBytes(reader, 1), 0) !== columnsVersion) fail(reader, "COLUMNS_VERSION_UNKNOWN");
  const chainId = readVarint(reader);
  const blockCount = readCount(reader, blockBytesMin);
  if (blockCount === 0) fail(reader, "COLUMNS_WITHOUT_BLOCKS");
  const timestamps = readDeltas(reader, blockCount);
  const origins = readDeltas(reader, blockCount);
  const terms = readDeltas(reader, blockCount);
  const counts = times(reader, blockCount, () => readCount(reader, transactionBytesMin));
  const transactionCount = counts.reduce((total, count) => total + count, 0);
  if (transactionCount * transactionBytesMin > remaining(reader)) fail(reader, "COLUMNS_TRUNCATED");
  if (reader.failed !== "") return [];
  const { coinbases, transactions } = readTransactions(reader, {
    chainId,
    blockCount,
    transactionCount,
  });
  let next = 0;
  return counts.map((count, index) => {
    const start = next;
    next += count;
    return {
      timestamp: timestamps[index] ?? 0n,
      l1OriginNumber: origins[index] ?? 0n,
      term: terms[index] ?? 0n,
      coinbase: bytesToHex(coinbases[index] ?? new Uint8Array(addressBytes)),
      transactions: transactions.slice(start, next),
    };
  });
}

type Shape = {
  readonly chainId: bigint;
  readonly blockCount: number;
  readonly transactionCount: number;
};

function readTransactions(
  reader: Reader,
  { chainId, blockCount, transactionCount }: Shape,
): { coinbases: Uint8Array[]; transactions: Uint8Array[] } {
  const kinds = times(reader, transactionCount, () => readKind(reader));
  const nonces = kinds.map(() => readVarint(reader));
  const gasLimits = kinds.map(() => readVarint(reader));
  const feeCaps = kinds.map(() => readQuantity(reader));
  const priorityFees = kinds.map(({ kind }) =>
    kind === "dynamicFee" ? readQuantity(reader) : new Uint8Array(0),
  );
  const values = kinds.map(() => readQuantity(reader));
  const dataLengths = kinds.map(() => readCount(reader, 1));
  const entryCounts = kinds.map(({ kind }) =>
    hasAccessList(kind) ? readCount(reader, accessListEntryBytesMin) : 0,
  );
  const keyCounts = entryCounts.map((count) =>
    times(reader, count, () => readCount(reader, storageKeyBytes)),
  );
  const coinbases = times(reader, blockCount, () => readBytes(reader, addressBytes));
  const recipients = kinds.map(({ isCreation }) =>
    readBytes(reader, isCreation ? 0 : addressBytes),
  );
  const listed = entryCounts.map((count) =>
    times(reader, count, () => readBytes(reader, addressBytes)),
  );
  const bodies = dataLengths.map((length) => readBytes(reader, length));
  const accessLists = keyCounts.map((counts, index) =>
    readStorageKeys(reader, counts, listed[index] ?? []),
  );
  const parities = readParities(reader, transactionCount);
  const [rs, ss] = [kinds.map(() => readBytes(reader, 32)), kinds.map(() => readBytes(reader, 32))];
  if (reader.failed !== "") return { coinbases, transactions: [] };
  const empty = new Uint8Array(0);
  const fields = kinds.map(
    ({ kind }, index): TransactionFields => ({
      kind,
      chainId: kind === "legacyUnprotected" ? 0n : chainId,
      nonce: nonces[index] ?? 0n,
      gasLimit: gasLimits[index] ?? 0n,
      feeCap: feeCaps[index] ?? empty,
      priorityFee: priorityFees[index] ?? empty,
      value: values[index] ?? empty,
      to: recipients[index] ?? empty,
      data: bodies[index] ?? empty,
      accessList: accessLists[index] ?? [],
      yParity: at(parities, index),
      r: rs[index] ?? empty,
      s: ss[index] ?? empty,
    }),
  );
  return { coinbases, transactions: fields.map(formatTransaction) };
}

function readKind(reader: Reader): Kind {
  const byte = at(readBytes(reader, 1), 0);
  const kind = kindOrder[byte & 3];
  if (kind === undefined || byte >= 2 * creationBit) fail(reader, "COLUMN_VALUE_OUT_OF_RANGE");
  return { kind: kind ?? "legacy", isCreation: (byte & creationBit) !== 0 };
}

function hasAccessList(kind: TransactionKind): boolean {
  return kind === "accessList" || kind === "dynamicFee";
}

function readStorageKeys(
  reader: Reader,
  counts: readonly number[],
  addresses: readonly Uint8Array[],
): AccessListEntry[] {
  return addresses.map((address, entry) => ({
    address,
    storageKeys: times(reader, counts[entry] ?? 0, () => readBytes(reader, storageKeyBytes)),
  }));
}

function readParities(reader: Reader, count: number): Uint8Array {
  const packed = readBytes(reader, (count + 7) >> 3);
  return Uint8Array.from(
    { length: count },
    (_, index) => (at(packed, index >> 3) >> (index & 7)) & 1,
  );
}

function readDeltas(reader: Reader, count: number): bigint[] {
  let value = 0n;
  return times(reader, count, () => {
    value += readVarint(reader);
    if (value >= uint64Limit) fail(reader, "COLUMN_VALUE_OUT_OF_RANGE");
    return value;
  });
}

/** A number of things of which each takes at least `unitBytes` of the bytes left. */
function readCount(reader: Reader, unitBytes: number): number {
  const value = readVarint(reader);
  if (value * BigInt(unitBytes) > BigInt(remaining(reader))) {
    fail(reader, "COLUMNS_TRUNCATED");
    return 0;
  }
  return Number(value);
}

function readVarint(reader: Reader): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = at(readBytes(reader, 1), 0);
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (value >= uint64Limit) break;
      return value;
    }
  }
  fail(reader, "COLUMN_VALUE_OUT_OF_RANGE");
  return 0n;
}

function readQuantity(reader: Reader): Uint8Array {
  const length = at(readBytes(reader, 1), 0);
  if (length > 32) fail(reader, "COLUMN_VALUE_OUT_OF_RANGE");
  const bytes = readBytes(reader, length);
  if (length > 0 && bytes[0] === 0) fail(reader, "COLUMN_VALUE_OUT_OF_RANGE");
  return bytes;
}

function readBytes(reader: Reader, length: number): Uint8Array {
  if (length > remaining(reader)) fail(reader, "COLUMNS_TRUNCATED");
  if (reader.failed !== "") return new Uint8Array(0);
  reader.position += length;
  return reader.bytes.subarray(reader.position - length, reader.position);
}

function remaining(reader: Reader): number {
  return reader.bytes.length - reader.position;
}

function fail(reader: Reader, code: ColumnRejection): void {
  if (reader.failed === "") reader.failed = code;
}

/** Up to `count` items; none after a fault, so that a false count costs nothing. */
function times<Item>(reader: Reader, count: number, make: () => Item): Item[] {
  const items: Item[] = [];
  while (items.length < count && reader.failed === "") items.push(make());
  return items;
}
