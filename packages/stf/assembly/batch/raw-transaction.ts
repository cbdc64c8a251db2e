/** Puts the transactions of a batch together again, byte for byte (EIP-2718, EIP-155, EIP-2930, EIP-1559). */
import { allocate } from "../memory/arena.ts";
import {
  listHeaderSize,
  writeAddress,
  writeBytes,
  writeHash,
  writeListHeader,
  writeUint64,
  writeWord,
} from "../codec/rlp-writer.ts";
import {
  columnData,
  columnDataLength,
  columnEntryCount,
  columnFeeCap,
  columnGasLimit,
  columnKeyCount,
  columnKind,
  columnListedAddress,
  columnNonce,
  columnParity,
  columnPriorityFee,
  columnR,
  columnRecipient,
  columnS,
  columnStorageKey,
  columnValue,
  creationBit,
  cursorOf,
  kindAccessList,
  kindDynamicFee,
  kindLegacy,
  kindMask,
  nextBytes,
  nextVarint,
  setCursor,
  totals,
} from "./columns.ts";

/** A transaction as it stands in the block: legacy RLP or type || RLP. */
@unmanaged
export class RawTransaction {
  bytes: usize;
  length: usize;
}

/** Room before the items of a transaction for its type and list header, and more than its items but the bulk take. */
const headroomBytes: usize = 8;
const transactionBytesMax: u64 = 300;
/** An entry's two list headers and its address; a storage key and its prefix. */
const entryBytesMax: u64 = 32;
const storageKeyBytes: usize = 33;

/** First free byte for transactions. */
let top: usize = 0;
/** Index in the batch of the next transaction. */
let index: usize = 0;
/** The v of EIP-155 can have more than 64 bits: a word. */
const recoveryValue = memory.data(32);

/** Makes room for all transactions of the columns just read and stands before the first. */
export function openTransactions(): void {
  const bulk =
    totals.dataBytes +
    entryBytesMax * totals.accessListEntries +
    storageKeyBytes * totals.storageKeys;
  top = allocate(<usize>(transactionBytesMax * totals.transactions + bulk));
  index = 0;
}

/** Takes the fields of the next transaction from the columns and gives its one encoding. */
export function nextTransaction(out: RawTransaction): void {
  const kindByte = load<u8>(nextBytes(columnKind, 1));
  const kind = kindByte & kindMask;
  const items = top + headroomBytes;
  const isTyped = kind >= kindAccessList;
  let at = items;
  if (isTyped) at = writeUint64(at, totals.chainId);
  at = writeUint64(at, nextVarint(columnNonce));
  if (kind === kindDynamicFee) at = writeQuantity(at, columnPriorityFee);
  at = writeQuantity(at, columnFeeCap);
  at = writeUint64(at, nextVarint(columnGasLimit));
  if ((kindByte & creationBit) !== 0) at = writeUint64(at, 0);
  else at = writeAddress(at, nextBytes(columnRecipient, 20));
  at = writeQuantity(at, columnValue);
  const dataLength = <usize>nextVarint(columnDataLength);
  at = writeBytes(at, nextBytes(columnData, dataLength), dataLength);
  if (isTyped) at = writeAccessList(at);
  top = writeSignature(at, kind);
  const length = top - items;
  let start = items - listHeaderSize(length);
  writeListHeader(start, length);
  if (isTyped) {
    start -= 1;
    // The two kinds are in the order of their types, 1 and 2.
    store<u8>(start, kind - kindAccessList + 1);
  }
  out.bytes = start;
  out.length = top - start;
}

function writeQuantity(at: usize, column: u32): usize {
  const length: usize = load<u8>(nextBytes(column, 1));
  return writeBytes(at, nextBytes(column, length), length);
}

function writeAccessList(at: usize): usize {
  const entries = nextVarint(columnEntryCount);
  const keyCounts = cursorOf(columnKeyCount);
  let size: usize = 0;
  for (let i: u64 = 0; i < entries; i += 1) {
    const payload = entryPayload(<usize>nextVarint(columnKeyCount));
    size += listHeaderSize(payload) + payload;
  }
  setCursor(columnKeyCount, keyCounts);
  at = writeListHeader(at, size);
  for (let i: u64 = 0; i < entries; i += 1) {
    const keys = <usize>nextVarint(columnKeyCount);
    at = writeListHeader(at, entryPayload(keys));
    at = writeAddress(at, nextBytes(columnListedAddress, 20));
    at = writeListHeader(at, keys * storageKeyBytes);
    for (let key: usize = 0; key < keys; key += 1) {
      at = writeHash(at, nextBytes(columnStorageKey, 32));
    }
  }
  return at;
}

/** Address and list of `keys` keys. */
function entryPayload(keys: usize): usize {
  const length = keys * storageKeyBytes;
  return 21 + listHeaderSize(length) + length;
}

/** The parity of y (legacy: v), r and s. */
function writeSignature(at: usize, kind: u32): usize {
  const parity = <u64>((load<u8>(cursorOf(columnParity) + (index >> 3)) >> <u8>(index & 7)) & 1);
  index += 1;
  if (kind >= kindAccessList) at = writeUint64(at, parity);
  else if (kind === kindLegacy) at = writeProtectedValue(at, 35 + parity);
  else at = writeUint64(at, 27 + parity);
  at = writeScalar(at, nextBytes(columnR, 32));
  return writeScalar(at, nextBytes(columnS, 32));
}

/** EIP-155: twice the chain id and `offset`. */
function writeProtectedValue(at: usize, offset: u64): usize {
  const low = (totals.chainId << 1) + offset;
  store<u64>(recoveryValue, low);
  store<u64>(recoveryValue, (totals.chainId >> 63) + (low < offset ? 1 : 0), 8);
  return writeWord(at, recoveryValue);
}

/** 32 bytes as an integer. */
function writeScalar(at: usize, bytes: usize): usize {
  let length: usize = 32;
  for (; length > 0 && load<u8>(bytes) === 0; length -= 1) bytes += 1;
  return writeBytes(at, bytes, length);
}
