/**
 * Columns of a batch (packages/protocol, column-writer.ts, says in which order). `readColumns` walks over all of them
 * once and notes where each begins; afterwards `next...` read a column item by item.
 */
import {
  faultColumnsTrailingBytes,
  faultColumnsTruncated,
  faultColumnsVersionUnknown,
  faultColumnsWithoutBlocks,
  faultColumnValueOutOfRange,
} from "../interface.ts";

// Columns, in order. The parity bits are one, read by index.
export const columnTimestamp: u32 = 0;
export const columnOriginNumber: u32 = 1;
export const columnTerm: u32 = 2;
export const columnTransactionCount: u32 = 3;
export const columnKind: u32 = 4;
export const columnNonce: u32 = 5;
export const columnGasLimit: u32 = 6;
export const columnFeeCap: u32 = 7;
export const columnPriorityFee: u32 = 8;
export const columnValue: u32 = 9;
export const columnDataLength: u32 = 10;
export const columnEntryCount: u32 = 11;
export const columnKeyCount: u32 = 12;
export const columnCoinbase: u32 = 13;
export const columnRecipient: u32 = 14;
export const columnListedAddress: u32 = 15;
export const columnData: u32 = 16;
export const columnStorageKey: u32 = 17;
export const columnParity: u32 = 18;
export const columnR: u32 = 19;
export const columnS: u32 = 20;
const columnCount: u32 = 21;

// Kinds of transactions: two low bits of the kind byte. A third bit says "no recipient".
export const kindLegacy: u32 = 0;
export const kindLegacyUnprotected: u32 = 1;
export const kindAccessList: u32 = 2;
export const kindDynamicFee: u32 = 3;
export const kindMask: u32 = 3;
export const creationBit: u32 = 4;

const columnsVersion: u32 = 1;
const addressBytes: usize = 20;
const wordBytes: usize = 32;
/** Least bytes that one of each takes in the columns: what a count is checked against. */
const blockBytesMin: u64 = 4 + 20;
const transactionBytesMin: u64 = 6 + 64;
const entryBytesMin: u64 = 1 + 20;

/** What the columns hold in sum. */
@unmanaged
export class ColumnTotals {
  chainId: u64;
  blocks: u64;
  transactions: u64;
  recipients: u64;
  dataBytes: u64;
  accessListEntries: u64;
  storageKeys: u64;
}

/** Totals of the columns read last. */
export const totals = changetype<ColumnTotals>(memory.data(offsetof<ColumnTotals>()));
/** By column: where its next item is. */
const cursors = memory.data(<i32>(sizeof<usize>() * columnCount));

let position: usize = 0;
let end: usize = 0;
/** The first fault; it sticks, and ends every loop. */
let fault: i32 = 0;
/** Whether every integer read has its shortest form. */
let isShortest: bool = true;
/** Whether a transaction names the chain id: every kind but one does. */
let isChainNamed: bool = false;

/** Finds the columns in `length` bytes. Answers the fault or 0. */
export function readColumns(plain: usize, length: usize): i32 {
  position = plain;
  end = plain + length;
  fault = 0;
  isShortest = true;
  isChainNamed = false;
  readBlockColumns();
  if (fault === 0) readKinds();
  if (fault === 0) readTransactionColumns();
  if (fault === 0) placeFixedColumns();
  return fault;
}

/** Whether the columns just read are those that the encoder writes of their blocks. */
export function areColumnsCanonical(): bool {
  const parityBits = <u32>totals.transactions & 7;
  const isPadded = parityBits === 0 || load<u8>(cursorOf(columnR) - 1) >> <u8>parityBits === 0;
  return isShortest && isPadded && (totals.chainId === 0 || isChainNamed);
}

/** Where the next item of a column is. */
export function cursorOf(column: u32): usize {
  return load<usize>(cursors + sizeof<usize>() * column);
}

/** Puts a column's cursor back. */
export function setCursor(column: u32, to: usize): void {
  store<usize>(cursors + sizeof<usize>() * column, to);
}

/** Where the next `length` bytes of a column are. */
export function nextBytes(column: u32, length: usize): usize {
  const at = cursorOf(column);
  setCursor(column, at + length);
  return at;
}

/** The next integer of a column. */
export function nextVarint(column: u32): u64 {
  position = cursorOf(column);
  const value = readVarint();
  setCursor(column, position);
  return value;
}

function readBlockColumns(): void {
  if (readByte() !== columnsVersion) fail(faultColumnsVersionUnknown);
  totals.chainId = readVarint();
  const blocks = readCount(blockBytesMin);
  if (blocks === 0) fail(faultColumnsWithoutBlocks);
  totals.blocks = blocks;
  readDifferences(columnTimestamp);
  readDifferences(columnOriginNumber);
  readDifferences(columnTerm);
  totals.transactions = readCounts(columnTransactionCount, blocks, transactionBytesMin);
  if (totals.transactions * transactionBytesMin > remaining()) fail(faultColumnsTruncated);
}

function readKinds(): void {
  beginColumn(columnKind);
  totals.recipients = 0;
  for (let i: u64 = 0; i < totals.transactions && fault === 0; i += 1) {
    const kind = readByte();
    if (kind > (kindMask | creationBit)) fail(faultColumnValueOutOfRange);
    if ((kind & kindMask) !== kindLegacyUnprotected) isChainNamed = true;
    if ((kind & creationBit) === 0) totals.recipients += 1;
  }
}

function readTransactionColumns(): void {
  const count = totals.transactions;
  readVarints(columnNonce);
  readVarints(columnGasLimit);
  readQuantities(columnFeeCap, kindLegacy);
  readQuantities(columnPriorityFee, kindDynamicFee);
  readQuantities(columnValue, kindLegacy);
  totals.dataBytes = readCounts(columnDataLength, count, 1);
  beginColumn(columnEntryCount);
  let entries: u64 = 0;
  for (let i: u64 = 0; i < count && fault === 0; i += 1) {
    if (kindAt(i) >= kindAccessList) entries += readCount(entryBytesMin);
  }
  totals.accessListEntries = entries;
  totals.storageKeys = readCounts(columnKeyCount, entries, wordBytes);
}

/** The rest has items of known sizes; together they are all that is left. */
function placeFixedColumns(): void {
  const count = totals.transactions;
  const entries = totals.accessListEntries;
  const parities = (count + 7) >> 3;
  const bulk = totals.dataBytes + wordBytes * totals.storageKeys;
  const length =
    addressBytes * (totals.blocks + totals.recipients + entries) +
    bulk +
    parities +
    2 * wordBytes * count;
  if (length > remaining()) fail(faultColumnsTruncated);
  if (length < remaining()) fail(faultColumnsTrailingBytes);
  placeColumn(columnCoinbase, addressBytes * totals.blocks);
  placeColumn(columnRecipient, addressBytes * totals.recipients);
  placeColumn(columnListedAddress, addressBytes * entries);
  placeColumn(columnData, totals.dataBytes);
  placeColumn(columnStorageKey, wordBytes * totals.storageKeys);
  placeColumn(columnParity, parities);
  placeColumn(columnR, wordBytes * count);
  placeColumn(columnS, wordBytes * count);
}

function placeColumn(column: u32, length: u64): void {
  beginColumn(column);
  position += <usize>length;
}

function beginColumn(column: u32): void {
  setCursor(column, position);
}

/** Kind of transaction `index`; only while the kinds have not been taken. */
function kindAt(index: u64): u32 {
  return load<u8>(cursorOf(columnKind) + <usize>index) & kindMask;
}

/** Walks over integers of which each is the distance from the one before; none may exceed 64 bits. */
function readDifferences(column: u32): void {
  beginColumn(column);
  let value: u64 = 0;
  for (let i: u64 = 0; i < totals.blocks && fault === 0; i += 1) {
    const difference = readVarint();
    value += difference;
    if (value < difference) fail(faultColumnValueOutOfRange);
  }
}

function readVarints(column: u32): void {
  beginColumn(column);
  for (let i: u64 = 0; i < totals.transactions && fault === 0; i += 1) readVarint();
}

/** Walks over an integer of up to 32 bytes for each transaction of at least this kind. */
function readQuantities(column: u32, kindMin: u32): void {
  beginColumn(column);
  for (let i: u64 = 0; i < totals.transactions && fault === 0; i += 1) {
    if (kindAt(i) >= kindMin) readQuantity();
  }
}

/** Length byte, then the integer's shortest big-endian form. */
function readQuantity(): void {
  const length = readByte();
  if (<usize>length > wordBytes) fail(faultColumnValueOutOfRange);
  if (length > remaining()) fail(faultColumnsTruncated);
  if (length === 0 || fault !== 0) return;
  if (load<u8>(position) === 0) fail(faultColumnValueOutOfRange);
  position += length;
}

/** Walks over `count` numbers of things; answers their sum. */
function readCounts(column: u32, count: u64, unitBytes: u64): u64 {
  beginColumn(column);
  let sum: u64 = 0;
  for (let i: u64 = 0; i < count && fault === 0; i += 1) sum += readCount(unitBytes);
  return sum;
}

/** A number of things of which each takes at least `unitBytes` of the bytes left. */
function readCount(unitBytes: u64): u64 {
  const count = readVarint();
  if (count <= remaining() / unitBytes) return count;
  fail(faultColumnsTruncated);
  return 0;
}

/** Unsigned LEB128 of at most 64 bits. */
function readVarint(): u64 {
  let value: u64 = 0;
  for (let shift: u64 = 0; ; shift += 7) {
    const byte = readByte();
    if (shift === 63 && byte > 1) fail(faultColumnValueOutOfRange);
    if (fault !== 0) return 0;
    value |= (<u64>(byte & 0x7f)) << shift;
    if (byte >= 0x80) continue;
    if (byte === 0 && shift > 0) isShortest = false;
    return value;
  }
}

function readByte(): u32 {
  if (position === end) {
    fail(faultColumnsTruncated);
    return 0;
  }
  const byte = load<u8>(position);
  position += 1;
  return byte;
}

function remaining(): u64 {
  return end - position;
}

function fail(code: i32): void {
  if (fault === 0) fault = code;
}
