/** The entry `batch`: all blocks of batch data. */
import {
  bytesSize,
  listHeaderSize,
  uint64Size,
  writeAddress,
  writeBytes,
  writeListHeader,
  writeUint64,
} from "../codec/rlp-writer.ts";
import { endWithFault } from "../entries/output.ts";
import { emit, preimage, takePreimage } from "../host.ts";
import { exitDone, faultNone, outputBatchBlock, preimageBatchData } from "../interface.ts";
import { allocate, resetArena } from "../memory/arena.ts";
import {
  BatchBlock,
  batchBlock,
  batchBlockCount,
  batchTransaction,
  decodeBatchData,
} from "./batch.ts";

/** Fetches and decodes the batch data of this run. Answers the fault or 0. */
export function readBatchData(): i32 {
  const length = <usize>preimage(preimageBatchData, 0, 0);
  const data = allocate(length);
  takePreimage(data);
  return decodeBatchData(data, length);
}

/**
 * Emits per block [timestamp, origin number, term, coinbase, [raw transaction...]], or [fault] when the data is
 * not the encoding of any blocks. The task is empty.
 */
export function batch(): i32 {
  resetArena();
  const fault = readBatchData();
  if (fault !== faultNone) return endWithFault(fault);
  for (let i: u32 = 0; i < batchBlockCount(); i += 1) emitBlock(batchBlock(i));
  return exitDone;
}

function emitBlock(block: BatchBlock): void {
  let transactionsSize: usize = 0;
  for (let i: u32 = 0; i < block.transactionCount; i += 1) {
    const raw = batchTransaction(block, i);
    transactionsSize += bytesSize(raw.bytes, raw.length);
  }
  const payload =
    uint64Size(block.timestamp) +
    uint64Size(block.originNumber) +
    uint64Size(block.term) +
    21 +
    listHeaderSize(transactionsSize) +
    transactionsSize;
  const start = allocate(listHeaderSize(payload) + payload);
  let at = writeListHeader(start, payload);
  at = writeUint64(at, block.timestamp);
  at = writeUint64(at, block.originNumber);
  at = writeUint64(at, block.term);
  at = writeAddress(at, block.coinbase);
  at = writeListHeader(at, transactionsSize);
  for (let i: u32 = 0; i < block.transactionCount; i += 1) {
    const raw = batchTransaction(block, i);
    at = writeBytes(at, raw.bytes, raw.length);
  }
  emit(outputBatchBlock, start, at - start);
}
