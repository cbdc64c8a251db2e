/** The pool's own transactions, after the forced ones. */
import { batchTransaction, BatchBlock } from "../batch/batch.ts";
import { writeUint64 } from "../codec/rlp-writer.ts";
import { emitList, outputStart } from "../entries/output.ts";
import {
  faultBlockTooLarge,
  faultForcedTransactionsDiffer,
  faultGasLeftTooLow,
  faultNone,
  modeBuild,
  outputLeftOut,
} from "../interface.ts";
import { equalBytes } from "../memory/bytes.ts";
import { askTransaction, rawLength, rawTransaction } from "../transaction/ask.ts";
import { includeTransaction, noTransaction } from "./execute-block.ts";
import { ForcedEntry } from "./forced.ts";

/** The transaction at which `runSequenced` failed; `noTransaction`: the block itself is at fault. */
export let faultyTransaction: u64 = noTransaction;

// What the last `fetch` got.
let raw: usize = 0;
let length: usize = 0;

/** Whether the host's list begins with the included forced transactions; answers the fault. */
export function compareForced(first: ForcedEntry): i32 {
  let index: u32 = 0;
  for (let entry = first; entry; entry = entry.next) {
    if (!entry.isIncluded) continue;
    if (!askTransaction(index) || rawLength !== entry.rawLength)
      return faultForcedTransactionsDiffer;
    if (!equalBytes(rawTransaction, entry.raw, rawLength)) return faultForcedTransactionsDiffer;
    index += 1;
  }
  return faultNone;
}

/**
 * Runs the transactions from `from` on, of `batch` or, where that is 0, of the host's list, until there is none any more.
 * All raw transactions together have at most `bytesMax` bytes, so that every block fits into a batch. A leader leaves
 * out what cannot be included, and ends its block where one would only fit an emptier block: first come, first served.
 */
export function runSequenced(batch: BatchBlock, from: u32, bytesMax: u64, mode: u64): i32 {
  faultyTransaction = noTransaction;
  let bytes: u64 = 0;
  for (let index = from; fetch(batch, index); index += 1) {
    bytes += length;
    if (bytes > bytesMax) return mode === modeBuild ? faultNone : faultBlockTooLarge;
    const fault = includeTransaction(raw, length, false, index);
    if (fault === faultNone) continue;
    if (mode !== modeBuild) {
      faultyTransaction = index;
      return fault;
    }
    if (fault === faultGasLeftTooLow) return faultNone;
    emitList(outputLeftOut, writeUint64(writeUint64(outputStart, index), fault));
    bytes -= length;
  }
  return faultNone;
}

function fetch(batch: BatchBlock, index: u32): bool {
  if (batch) {
    if (index >= batch.transactionCount) return false;
    const transaction = batchTransaction(batch, index);
    raw = transaction.bytes;
    length = transaction.length;
    return true;
  }
  if (!askTransaction(index)) return false;
  raw = rawTransaction;
  length = rawLength;
  return true;
}
