/** Test entry of evm/: accounts are set up with the state's setters, then messages run in one transaction. */
import { setAncestors } from "../../assembly/block/ancestors.ts";
import { block, transaction } from "../../assembly/evm/environment.ts";
import { Message, MessageResult, resetEvm, runMessage } from "../../assembly/evm/message.ts";
import { startTrace, stopTrace } from "../../assembly/evm/trace.ts";
import { allocate, resetArena } from "../../assembly/memory/arena.ts";
import { warmAccount } from "../../assembly/state/access.ts";
import { accountAt } from "../../assembly/state/account.ts";
import { setBalance, setCode, setNonce, setSlotValue } from "../../assembly/state/changes.ts";
import { commitState } from "../../assembly/state/commit.ts";
import { firstLogOfTransaction } from "../../assembly/state/logs.ts";
import { refundCounter } from "../../assembly/state/refund.ts";
import { slotAt } from "../../assembly/state/slot.ts";
import {
  beginState,
  beginTransactionState,
  endTransactionState,
} from "../../assembly/state/transaction.ts";
import { emptyRootHash } from "../../assembly/trie/hash.ts";

const message = changetype<Message>(memory.data(offsetof<Message>()));
const result = changetype<MessageResult>(memory.data(offsetof<MessageResult>()));

/** Starts a run on the empty state. */
export function reset(): void {
  resetArena();
  beginState(emptyRootHash);
  resetEvm();
  beginTransactionState();
}

/** Room for inputs. */
export function room(size: usize): usize {
  return allocate(size);
}

/** Sets an account; the balance is a word. */
export function account(address: usize, nonce: u64, balance: usize, code: usize, size: u32): void {
  const record = accountAt(address);
  setNonce(record, nonce);
  setBalance(record, balance);
  setCode(record, code, size);
}

/** Sets a slot; key and value are words. */
export function slot(address: usize, key: usize, value: usize): void {
  setSlotValue(slotAt(accountAt(address), key), value);
}

/** Ends the setting up: what is there now is the state before the transaction. */
export function beginTransaction(): void {
  endTransactionState();
  beginTransactionState();
}

/** Sets the block: addresses and hashes by pointer, words likewise. */
export function setBlock(
  number: u64,
  timestamp: u64,
  gasLimit: u64,
  chainId: u64,
  coinbase: usize,
  prevRandao: usize,
  baseFee: usize,
): void {
  block.number = number;
  block.timestamp = timestamp;
  block.gasLimit = gasLimit;
  block.chainId = chainId;
  block.coinbase = coinbase;
  block.prevRandao = prevRandao;
  block.baseFee = baseFee;
}

/** Sets the transaction. */
export function setTransaction(origin: usize, gasPrice: usize): void {
  transaction.origin = origin;
  transaction.gasPrice = gasPrice;
}

/** Sets the hashes of the blocks below: RLP strings, newest first. */
export function setBlockHashes(at: usize, end: usize, newest: u64): void {
  setAncestors(at, end, newest);
}

/** Makes an account warm. */
export function warm(address: usize): void {
  warmAccount(accountAt(address));
}

/** Runs a call (kind 0), a static call (1) or a creation (2) as a transaction of the caller's; answers the gas left. */
export function run(
  kind: i32,
  gas: i64,
  caller: usize,
  recipient: usize,
  value: usize,
  input: usize,
  inputLength: usize,
): i64 {
  const sender = accountAt(caller);
  setNonce(sender, sender.nonce + 1);
  message.gas = gas;
  message.caller = caller;
  message.recipient = recipient;
  message.codeAddress = recipient;
  message.value = value;
  message.input = input;
  message.inputLength = inputLength;
  message.isCreation = kind === 2;
  message.isStatic = kind === 1;
  runMessage(message, result);
  return result.gasLeft;
}

export function halt(): i32 {
  return result.halt;
}

export function output(): usize {
  return result.output;
}

export function outputLength(): usize {
  return result.outputLength;
}

export function refund(): i64 {
  return refundCounter();
}

export function trace(withMemory: bool): void {
  startTrace(withMemory);
}

export function endTrace(): void {
  stopTrace();
}

/** Ends the transaction. */
export function endTransaction(): void {
  endTransactionState();
}

/** The root hash of the state. */
export function root(out: usize): void {
  commitState(out, false);
}

/** The first log of the transaction; 0: none. */
export function firstLog(): usize {
  return changetype<usize>(firstLogOfTransaction());
}
