/** The entry `call`: a message as of a transaction in the environment of a header, on its state; nothing is kept. */
import { setParent } from "../block/ancestors.ts";
import { enterEnvironment } from "../block/execute-block.ts";
import { Header, readHeader } from "../block/header.ts";
import {
  takeBytes,
  takeFixed,
  takeList,
  takenLength,
  takenPayload,
  takenUint64,
  takeOptional,
  takeUint64,
  takeWord,
} from "../codec/rlp-fields.ts";
import { listHeaderSize, writeAddress, writeHash, writeListHeader } from "../codec/rlp-writer.ts";
import { emit } from "../host.ts";
import {
  exitDone,
  faultInsufficientFunds,
  faultIntrinsicGasTooLow,
  haltInitcodeTooLarge,
  outputAccessList,
} from "../interface.ts";
import { startTrace, stopTrace } from "../evm/trace.ts";
import { multiplyOverflows } from "../math/word-product.ts";
import { addWords, lessThan, setWord, storeBigEndian } from "../math/word.ts";
import { allocate } from "../memory/arena.ts";
import { copyAddress, equalAddresses } from "../memory/bytes.ts";
import { firstAccessedAccount } from "../state/access.ts";
import { Account, accountAt } from "../state/account.ts";
import { beginState } from "../state/transaction.ts";
import { takeAccessList } from "../transaction/decode.ts";
import { executeTransaction, execution } from "../transaction/execute.ts";
import { initcodeBytesMax, intrinsicGas } from "../transaction/gas.ts";
import { Transaction } from "../transaction/transaction.ts";
import { overrideAccounts } from "./accounts.ts";
import { emitCallResult } from "./call-result.ts";
import { endWithFault } from "./output.ts";
import { resetRun } from "./reset.ts";
import { closeTask, openTask, taskEnd } from "./task.ts";

const flagTrace: u64 = 1;
const flagTraceMemory: u64 = 2;
const flagReportAccess: u64 = 4;

const addressItemBytes: usize = 21;
const hashItemBytes: usize = 33;

const header = changetype<Header>(memory.data(offsetof<Header>()));
const request = changetype<Transaction>(memory.data(offsetof<Transaction>()));
const amount: usize = memory.data(32);

let flags: u64 = 0;

/**
 * Task: [chain id, header as RLP, from, to, gas, gas price, value, data, access list, overrides (accounts.ts), flags: 1 trace,
 * 2 with memory, 4 report what was accessed].
 */
export function call(): i32 {
  resetRun();
  readTask();
  const sender = accountAt(request.sender);
  if (request.gasLimit < request.intrinsicGas) return endWithFault(faultIntrinsicGasTooLow);
  setWord(amount, request.gasLimit);
  const isTooMuch =
    multiplyOverflows(amount, amount, request.price) || addWords(amount, amount, request.value);
  if (isTooMuch || lessThan(sender.balance, amount)) return endWithFault(faultInsufficientFunds);
  if (request.to === 0 && request.dataLength > initcodeBytesMax) failWithoutExecution();
  else execute();
  emitCallResult();
  if ((flags & flagReportAccess) !== 0) emitAccessList();
  return exitDone;
}

function execute(): void {
  if ((flags & flagTrace) !== 0) startTrace((flags & flagTraceMemory) !== 0);
  executeTransaction(request);
  if ((flags & flagTrace) !== 0) stopTrace();
}

/** EIP-3860: a transaction with such init code is invalid, a call of it fails. */
function failWithoutExecution(): void {
  execution.halt = haltInitcodeTooLarge;
  execution.gasUsed = request.gasLimit;
  execution.created = 0;
  execution.outputLength = 0;
}

function readTask(): void {
  let at = takeUint64(openTask(), taskEnd);
  const chainId = takenUint64;
  at = takeBytes(at, taskEnd);
  if (!readHeader(takenPayload, takenLength, header)) unreachable();
  beginState(header.stateRoot);
  enterEnvironment(header, chainId);
  setParent(header.parentHash, header.number - 1);
  at = takeFixed(at, taskEnd, 20);
  copyAddress(request.sender, takenPayload);
  at = takeOptional(at, taskEnd, 20);
  request.to = takenPayload;
  at = takeUint64(at, taskEnd);
  request.gasLimit = min<u64>(takenUint64, i64.MAX_VALUE); // gas is counted in 63 bits
  at = takeWord(at, taskEnd, request.price);
  at = takeWord(at, taskEnd, request.value);
  at = takeBytes(at, taskEnd);
  request.data = takenPayload;
  request.dataLength = takenLength;
  at = takeAccessList(at, taskEnd, request);
  request.intrinsicGas = intrinsicGas(
    request.to === 0,
    request.data,
    request.dataLength,
    request.accessListAddresses,
    request.accessListSlots,
  );
  at = takeList(at, taskEnd);
  overrideAccounts(takenPayload, at);
  closeTask(takeUint64(at, taskEnd));
  flags = takenUint64;
}

/**
 * Output: [[address, [slot...]]...] in order of first use. Without those that are warm in any case (sender, target, coinbase,
 * precompiles), but for their slots.
 */
function emitAccessList(): void {
  let length: usize = 0;
  for (let account = firstAccessedAccount(); account; account = account.nextAccessed) {
    if (isListed(account)) length += sizeOfList(sizeOfEntry(account));
  }
  const start = allocate(sizeOfList(length));
  let at = writeListHeader(start, length);
  for (let account = firstAccessedAccount(); account; account = account.nextAccessed) {
    if (isListed(account)) at = writeEntry(at, account);
  }
  emit(outputAccessList, start, at - start);
}

function isListed(account: Account): bool {
  if (account.firstAccessedSlot) return true;
  const address = account.address;
  const target = request.to === 0 ? execution.created : request.to;
  return (
    !equalAddresses(address, request.sender) &&
    !equalAddresses(address, header.coinbase) &&
    (target === 0 || !equalAddresses(address, target))
  );
}

function writeEntry(at: usize, account: Account): usize {
  at = writeListHeader(at, sizeOfEntry(account));
  at = writeAddress(at, account.address);
  at = writeListHeader(at, sizeOfSlots(account));
  for (let slot = account.firstAccessedSlot; slot; slot = slot.nextAccessed) {
    storeBigEndian(amount, slot.key);
    at = writeHash(at, amount);
  }
  return at;
}

function sizeOfEntry(account: Account): usize {
  return addressItemBytes + sizeOfList(sizeOfSlots(account));
}

function sizeOfSlots(account: Account): usize {
  let size: usize = 0;
  for (let slot = account.firstAccessedSlot; slot; slot = slot.nextAccessed) size += hashItemBytes;
  return size;
}

function sizeOfList(payloadLength: usize): usize {
  return listHeaderSize(payloadLength) + payloadLength;
}
