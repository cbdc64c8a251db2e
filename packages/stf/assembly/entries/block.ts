/** The entry `block`: the L2 block on a given parent, by the rules of packages/stf/README.md. */
import { BatchBlock, batchBlock, batchBlockCount } from "../batch/batch.ts";
import { readBatchData } from "../batch/batch-entry.ts";
import { setParent } from "../block/ancestors.ts";
import {
  closeBlock,
  noTransaction,
  openBlock,
  traceTransaction,
  transactionRules,
} from "../block/execute-block.ts";
import { consumedForced, fetchForced, includedForced, runForced } from "../block/forced.ts";
import { Header, readHeader, writeHeader, writtenHeader, writtenLength } from "../block/header.ts";
import {
  BlockInputs,
  draftHeader,
  ExtraData,
  inputFault,
  readExtraData,
  writeExtraData,
} from "../block/rules.ts";
import { compareForced, faultyTransaction, runSequenced } from "../block/sequenced.ts";
import {
  takeFixed,
  takeList,
  takenLength,
  takenPayload,
  takenUint64,
  takeUint64,
} from "../codec/rlp-fields.ts";
import { emit, preimage, takePreimage } from "../host.ts";
import {
  exitDone,
  faultBlockNotInBatch,
  faultNone,
  modeVerify,
  outputHeader,
  preimageKeccak,
} from "../interface.ts";
import { allocate } from "../memory/arena.ts";
import { endWithFault, endWithTransactionFault } from "./output.ts";
import { resetRun } from "./reset.ts";
import { closeTask, openTask, taskEnd } from "./task.ts";

const inputs = changetype<BlockInputs>(memory.data(offsetof<BlockInputs>()));
const parent = changetype<Header>(memory.data(offsetof<Header>()));
const parentExtra = changetype<ExtraData>(memory.data(offsetof<ExtraData>()));
const header = changetype<Header>(memory.data(offsetof<Header>()));

// Of the task, beside `inputs` and the rules of its transactions.
let parentHash: usize = 0;
let parentOriginNumber: u64 = 0;
let mode: u64 = 0;
let isFromBatch: bool = false;
let batchIndex: u64 = 0;
let blockTransactionBytesMax: u64 = 0;
let tracedIndex: u64 = noTransaction;
let tracesMemory: bool = false;

/**
 * Task: [chain id, parent hash, parent's origin number, mode, [index in the batch]?, timestamp, origin number, origin hash,
 * origin time, term, coinbase, [origin drift seconds, block transaction bytes, transaction bytes], number of forced
 * entries, [index of the transaction to trace, with memory]?]. An absent `?` is an empty list; a block from a batch
 * has its timestamp, origin number, term, coinbase and transactions from there.
 */
export function block(): i32 {
  resetRun();
  readTask();
  let batch = changetype<BatchBlock>(0);
  if (isFromBatch) {
    const fault = readBatchData();
    if (fault !== faultNone) return endWithFault(fault);
    if (batchIndex >= <u64>batchBlockCount()) return endWithFault(faultBlockNotInBatch);
    batch = batchBlock(<u32>batchIndex);
    takeInputsFrom(batch);
  }
  readParent();
  let fault = inputFault(parent, parentExtra, parentOriginNumber, inputs);
  if (fault !== faultNone) return endWithFault(fault);
  fault = execute(batch);
  if (fault !== faultNone) {
    if (faultyTransaction === noTransaction) return endWithFault(fault);
    return endWithTransactionFault(fault, faultyTransaction);
  }
  closeBlock(header);
  writeExtraData(header, inputs.term, parentExtra.queuePosition + consumedForced);
  writeHeader(header);
  emit(outputHeader, writtenHeader, writtenLength);
  return exitDone;
}

/** Runs forced and sequenced transactions; answers why the block cannot be made. */
function execute(batch: BatchBlock): i32 {
  draftHeader(parent, parentHash, inputs, header);
  setParent(parentHash, parent.number);
  openBlock(header, parent.stateRoot, transactionRules.chainId);
  traceTransaction(tracedIndex, tracesMemory);
  runForced(inputs.firstForced);
  let first: u32 = 0;
  if (mode === modeVerify) {
    const fault = compareForced(inputs.firstForced);
    if (fault !== faultNone) return fault;
    first = includedForced;
  }
  return runSequenced(batch, first, blockTransactionBytesMax, mode);
}

function readParent(): void {
  const length = <usize>preimage(preimageKeccak, parentHash, 32);
  const rlp = allocate(length);
  takePreimage(rlp);
  if (!readHeader(rlp, length, parent) || !readExtraData(parent, parentExtra)) unreachable();
}

function takeInputsFrom(batch: BatchBlock): void {
  inputs.timestamp = batch.timestamp;
  inputs.originNumber = batch.originNumber;
  inputs.term = batch.term;
  inputs.coinbase = batch.coinbase;
}

function readTask(): void {
  let at = takeUint64(openTask(), taskEnd);
  transactionRules.chainId = takenUint64;
  transactionRules.isUnprotectedAllowed = false;
  at = takeFixed(at, taskEnd, 32);
  parentHash = takenPayload;
  at = takeUint64(at, taskEnd);
  parentOriginNumber = takenUint64;
  at = takeUint64(at, taskEnd);
  mode = takenUint64;
  at = readBatchIndex(at);
  at = readInputs(at);
  at = readLimits(at);
  at = takeUint64(at, taskEnd);
  inputs.firstForced = fetchForced(<u32>takenUint64);
  closeTask(readTrace(at));
}

function readBatchIndex(at: usize): usize {
  const next = takeList(at, taskEnd);
  isFromBatch = takenLength > 0;
  if (isFromBatch && takeUint64(takenPayload, next) !== next) return 0;
  batchIndex = takenUint64;
  return next;
}

function readInputs(at: usize): usize {
  at = takeUint64(at, taskEnd);
  inputs.timestamp = takenUint64;
  at = takeUint64(at, taskEnd);
  inputs.originNumber = takenUint64;
  at = takeFixed(at, taskEnd, 32);
  inputs.originHash = takenPayload;
  at = takeUint64(at, taskEnd);
  inputs.originTime = takenUint64;
  at = takeUint64(at, taskEnd);
  inputs.term = takenUint64;
  at = takeFixed(at, taskEnd, 20);
  inputs.coinbase = takenPayload;
  return at;
}

function readLimits(at: usize): usize {
  const end = takeList(at, taskEnd);
  at = takeUint64(takenPayload, end);
  inputs.originDriftSecondsMax = takenUint64;
  at = takeUint64(at, end);
  blockTransactionBytesMax = takenUint64;
  at = takeUint64(at, end);
  transactionRules.bytesMax = <usize>takenUint64;
  return at === end ? end : 0;
}

function readTrace(at: usize): usize {
  const end = takeList(at, taskEnd);
  tracedIndex = noTransaction;
  if (takenLength === 0) return end;
  at = takeUint64(takenPayload, end);
  tracedIndex = takenUint64;
  at = takeUint64(at, end);
  tracesMemory = takenUint64 !== 0;
  return at === end ? end : 0;
}
