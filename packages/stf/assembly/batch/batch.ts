/**
 * Batch data inside the module (ARCHITECTURE 6; docs/adr on the batch codec): exactly one byte string stands for a
 * list of blocks, and every other is refused, with the codes of `decodeBatch` in packages/protocol.
 */
import { faultNotCanonical } from "../interface.ts";
import { allocate } from "../memory/arena.ts";
import {
  areColumnsCanonical,
  columnCoinbase,
  columnData,
  columnOriginNumber,
  columnParity,
  columnTerm,
  columnTimestamp,
  columnTransactionCount,
  cursorOf,
  nextBytes,
  nextVarint,
  readColumns,
  totals,
} from "./columns.ts";
import { isEndNext, isSegmentNext, isStoredNext, openDeflateCheck } from "./deflate-check.ts";
import { inflate, inflatedLength } from "./inflate.ts";
import { nextTransaction, openTransactions, RawTransaction } from "./raw-transaction.ts";

/** Largest size of a batch before compression, bytes. */
const plainBytesMax: usize = 1 << 20;
/** What readers of several bytes at once may touch behind the end. */
const paddingBytes: usize = 8;

/** What a batch carries of one L2 block; everything else is derived (ARCHITECTURE 5). */
@unmanaged
export class BatchBlock {
  /** Seconds since 1970; never less than the previous block's. */
  timestamp: u64;
  /** Number of the L1 origin block; never goes back. */
  originNumber: u64;
  /** Leadership term; never goes back. */
  term: u64;
  /** Address. */
  coinbase: usize;
  transactionCount: u32;
  /** The pool's own transactions in order: `transactionCount` records RawTransaction, one behind the other. */
  transactions: usize;
}

let blockCount: u32 = 0;
let blocks: usize = 0;

/** Decodes `length` bytes at `data`, which are in the arena. Answers why they encode no blocks, or 0. */
export function decodeBatchData(data: usize, length: usize): i32 {
  blockCount = 0;
  const plain = allocate(plainBytesMax + paddingBytes);
  let fault = inflate(data, length, plain, plainBytesMax);
  if (fault === 0) fault = readColumns(plain, inflatedLength());
  if (fault === 0 && !isCanonical(data, length, plain)) fault = faultNotCanonical;
  if (fault === 0) makeBlocks();
  return fault;
}

/** Number of blocks decoded last; 0 after a fault. */
export function batchBlockCount(): u32 {
  return blockCount;
}

/** Block `index` of those decoded last. */
export function batchBlock(index: u32): BatchBlock {
  return changetype<BatchBlock>(blocks + offsetof<BatchBlock>() * index);
}

/** Transaction `index` of a block. */
export function batchTransaction(block: BatchBlock, index: u32): RawTransaction {
  return changetype<RawTransaction>(block.transactions + offsetof<RawTransaction>() * index);
}

/** Whether the encoder gives these bytes. Segments: numbers, addresses, bulk data; then signatures, stored. */
function isCanonical(data: usize, length: usize, plain: usize): bool {
  const numbersEnd = cursorOf(columnCoinbase);
  const addressesEnd = cursorOf(columnData);
  const bulkEnd = cursorOf(columnParity);
  const signatureBytes = plain + inflatedLength() - bulkEnd;
  const isLast = signatureBytes === 0;
  openDeflateCheck(data, length, plain, bulkEnd - plain);
  return (
    areColumnsCanonical() &&
    isSegmentNext(plain, numbersEnd, false) &&
    isSegmentNext(numbersEnd, addressesEnd, isLast) &&
    (bulkEnd === addressesEnd || isSegmentNext(addressesEnd, bulkEnd, isLast)) &&
    isStoredNext(signatureBytes, true) &&
    isEndNext()
  );
}

function makeBlocks(): void {
  openTransactions();
  blocks = allocate(offsetof<BatchBlock>() * <usize>totals.blocks);
  const transactions = allocate(offsetof<RawTransaction>() * <usize>totals.transactions);
  let nextRecord = transactions;
  let timestamp: u64 = 0;
  let originNumber: u64 = 0;
  let term: u64 = 0;
  for (let i: u32 = 0; i < <u32>totals.blocks; i += 1) {
    const block = batchBlock(i);
    timestamp += nextVarint(columnTimestamp);
    originNumber += nextVarint(columnOriginNumber);
    term += nextVarint(columnTerm);
    block.timestamp = timestamp;
    block.originNumber = originNumber;
    block.term = term;
    block.coinbase = nextBytes(columnCoinbase, 20);
    block.transactionCount = <u32>nextVarint(columnTransactionCount);
    block.transactions = nextRecord;
    for (let j: u32 = 0; j < block.transactionCount; j += 1) {
      nextTransaction(changetype<RawTransaction>(nextRecord));
      nextRecord += offsetof<RawTransaction>();
    }
  }
  blockCount = <u32>totals.blocks;
}
