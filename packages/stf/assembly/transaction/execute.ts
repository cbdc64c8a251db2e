/** Execution of one transaction (Yellow Paper 6.2; EIP-1559, EIP-2929, EIP-2930, EIP-3529, EIP-3651). */
import { takeFixed, takeList, takenPayload } from "../codec/rlp-fields.ts";
import { creationAddress } from "../evm/create.ts";
import { block, transaction as environment } from "../evm/environment.ts";
import { Message, MessageResult, runMessage } from "../evm/message.ts";
import { multiplyWords } from "../math/word-product.ts";
import { addWords, lessThan, loadBigEndian, setWord, subtractWords } from "../math/word.ts";
import { copy32 } from "../memory/bytes.ts";
import { warmAccount, warmSlot } from "../state/access.ts";
import { Account, accountAt } from "../state/account.ts";
import { addBalance, setNonce, subtractBalance } from "../state/changes.ts";
import { refundCounter } from "../state/refund.ts";
import { slotRecord } from "../state/slot.ts";
import { beginTransactionState, endTransactionState } from "../state/transaction.ts";
import { Transaction } from "./transaction.ts";

/** EIP-3529: at most this part of the gas used is refunded. */
const refundQuotient: u64 = 5;

/** How the last transaction ended. */
@unmanaged
export class Execution {
  /** 0: success; else a halt of interface.ts. */
  halt: i32;
  /** After the refund. */
  gasUsed: u64;
  /** Address of the new contract, also when its creation failed; 0: none. */
  created: usize;
  /** Output or revert data; of a successful creation the new contract's address. Valid until the next message. */
  output: usize;
  outputLength: usize;
}

/** The execution of the last transaction. */
export const execution = changetype<Execution>(memory.data(offsetof<Execution>()));

const message = changetype<Message>(memory.data(offsetof<Message>()));
const result = changetype<MessageResult>(memory.data(offsetof<MessageResult>()));
const created: usize = memory.data(20);
const amount: usize = memory.data(32);
const tip: usize = memory.data(32);
const slotKey: usize = memory.data(32);

/** Sets what a unit of gas costs in this block (EIP-1559): base fee and tip, at most the fee cap. */
export function setPrice(transaction: Transaction): void {
  const price = transaction.price;
  const isBeyond = addWords(price, block.baseFee, transaction.tip);
  if (isBeyond || lessThan(transaction.feeCap, price)) copy32(price, transaction.feeCap);
}

/** Runs a transaction that has no fault, at its price, into `execution`. Its logs stay until the next transaction begins. */
export function executeTransaction(transaction: Transaction): void {
  beginTransactionState();
  const sender = accountAt(transaction.sender);
  gasCost(transaction, transaction.gasLimit);
  subtractBalance(sender, amount);
  setMessage(transaction, sender);
  warm(transaction, sender);
  // EIP-2681: at the limit no transaction is valid; a call runs all the same, and stays there
  if (sender.nonce !== u64.MAX_VALUE) setNonce(sender, sender.nonce + 1);
  environment.origin = transaction.sender;
  environment.gasPrice = transaction.price;
  runMessage(message, result);
  execution.halt = result.halt;
  execution.output = result.output;
  execution.outputLength = result.outputLength;
  execution.created = message.isCreation ? created : 0;
  settle(transaction, sender);
  endTransactionState();
}

function setMessage(transaction: Transaction, sender: Account): void {
  message.isCreation = transaction.to === 0;
  if (message.isCreation) creationAddress(created, transaction.sender, sender.nonce);
  message.recipient = message.isCreation ? created : transaction.to;
  message.codeAddress = message.recipient;
  message.isStatic = false;
  message.gas = <i64>(transaction.gasLimit - transaction.intrinsicGas);
  message.caller = transaction.sender;
  message.value = transaction.value;
  message.input = transaction.data;
  message.inputLength = transaction.dataLength;
}

/** EIP-2929, EIP-2930, EIP-3651: what a transaction starts with as accessed. */
function warm(transaction: Transaction, sender: Account): void {
  warmAccount(sender);
  warmAccount(accountAt(message.recipient));
  warmAccount(accountAt(block.coinbase));
  const end = transaction.accessList + transaction.accessListLength;
  for (let entry = transaction.accessList; entry < end; ) {
    entry = takeList(entry, end);
    const slots = takeFixed(takenPayload, entry, 20);
    const account = accountAt(takenPayload);
    warmAccount(account);
    takeList(slots, entry);
    for (let slot = takenPayload; slot < entry; ) {
      slot = takeFixed(slot, entry, 32);
      loadBigEndian(slotKey, takenPayload);
      warmSlot(slotRecord(account.storage, slotKey));
    }
  }
}

/** Gives back what was not used, and the tip to the leader; the base fee is nobody's. */
function settle(transaction: Transaction, sender: Account): void {
  const spent = transaction.gasLimit - <u64>result.gasLeft;
  const refund = min<u64>(<u64>refundCounter(), spent / refundQuotient);
  execution.gasUsed = spent - refund;
  gasCost(transaction, transaction.gasLimit - execution.gasUsed);
  addBalance(sender, amount);
  tipOf(transaction, execution.gasUsed);
  addBalance(accountAt(block.coinbase), amount);
}

/** amount = price of `gas`. */
function gasCost(transaction: Transaction, gas: u64): void {
  setWord(amount, gas);
  multiplyWords(amount, amount, transaction.price);
}

/** amount = what of the price of `gas` exceeds the base fee; only a call may pay less than that. */
function tipOf(transaction: Transaction, gas: u64): void {
  const isBelow = lessThan(transaction.price, block.baseFee);
  setWord(amount, isBelow ? 0 : gas);
  subtractWords(tip, transaction.price, block.baseFee);
  multiplyWords(amount, amount, tip);
}
