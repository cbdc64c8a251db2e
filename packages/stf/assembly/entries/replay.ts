/** The entry `replay`: a plain Ethereum block in a given environment, for conformance tests. Only the rules of L2 are not asked. */
import { setAncestors } from "../block/ancestors.ts";
import { closeBlock, noTransaction, openBlock, transactionRules } from "../block/execute-block.ts";
import {
  extraDataBytesMax,
  Header,
  writeHeader,
  writtenHeader,
  writtenLength,
} from "../block/header.ts";
import { faultyTransaction, runSequenced } from "../block/sequenced.ts";
import { BatchBlock } from "../batch/batch.ts";
import { payWithdrawals } from "../block/withdrawals.ts";
import {
  takeBytes,
  takeFixed,
  takeList,
  takenLength,
  takenPayload,
  takenUint64,
  takeUint64,
  takeWord,
} from "../codec/rlp-fields.ts";
import { emit } from "../host.ts";
import { exitDone, faultNone, outputHeader, outputStateRoot } from "../interface.ts";
import { endWithFault, endWithTransactionFault } from "./output.ts";
import { resetRun } from "./reset.ts";
import { closeTask, openTask, taskEnd } from "./task.ts";

const header = changetype<Header>(memory.data(offsetof<Header>()));
const baseFee: usize = memory.data(32);
const withdrawalsRoot: usize = memory.data(32);

let parentStateRoot: usize = 0;
let withdrawals: usize = 0;
let withdrawalsEnd: usize = 0;
let mode: u64 = 0;

/**
 * Task: [chain id, state root, [parent hash, number, timestamp, gas limit, coinbase, prevRandao, base fee, parent beacon
 * root, extraData], [ancestor hash, newest first...], [[index, validator, address, Gwei]...], unprotected allowed, mode].
 */
export function replay(): i32 {
  resetRun();
  readTask();
  openBlock(header, parentStateRoot, transactionRules.chainId);
  const fault = runSequenced(changetype<BatchBlock>(0), 0, u64.MAX_VALUE, mode);
  if (fault !== faultNone) {
    if (faultyTransaction === noTransaction) return endWithFault(fault);
    return endWithTransactionFault(fault, faultyTransaction);
  }
  payWithdrawals(withdrawals, withdrawalsEnd, withdrawalsRoot);
  header.withdrawalsRoot = withdrawalsRoot;
  closeBlock(header);
  writeHeader(header);
  emit(outputHeader, writtenHeader, writtenLength);
  emit(outputStateRoot, header.stateRoot, 32);
  return exitDone;
}

function readTask(): void {
  let at = takeUint64(openTask(), taskEnd);
  transactionRules.chainId = takenUint64;
  transactionRules.bytesMax = usize.MAX_VALUE;
  at = takeFixed(at, taskEnd, 32);
  parentStateRoot = takenPayload;
  at = readEnvironment(at);
  at = takeList(at, taskEnd);
  setAncestors(takenPayload, at, header.number - 1);
  at = takeList(at, taskEnd);
  withdrawals = takenPayload;
  withdrawalsEnd = at;
  at = takeUint64(at, taskEnd);
  transactionRules.isUnprotectedAllowed = takenUint64 !== 0;
  closeTask(takeUint64(at, taskEnd));
  mode = takenUint64;
}

function readEnvironment(at: usize): usize {
  const end = takeList(at, taskEnd);
  at = takeFixed(takenPayload, end, 32);
  header.parentHash = takenPayload;
  at = takeUint64(at, end);
  header.number = takenUint64;
  at = takeUint64(at, end);
  header.timestamp = takenUint64;
  at = takeUint64(at, end);
  header.gasLimit = takenUint64;
  at = takeFixed(at, end, 20);
  header.coinbase = takenPayload;
  at = takeFixed(at, end, 32);
  header.prevRandao = takenPayload;
  at = takeWord(at, end, baseFee);
  header.baseFee = baseFee;
  at = takeFixed(at, end, 32);
  header.beaconRoot = takenPayload;
  at = takeBytes(at, end);
  header.extraData = takenPayload;
  header.extraDataLength = takenLength;
  return at === end && takenLength <= extraDataBytesMax ? end : 0;
}
