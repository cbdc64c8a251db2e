/** A block under execution: opened with its environment, given transactions one after another, closed with its roots. */
import { writeAddress, writeUint64, writeWord } from "../codec/rlp-writer.ts";
import { keccak256 } from "../crypto/keccak.ts";
import { emitCallResult } from "../entries/call-result.ts";
import { emitList, outputStart } from "../entries/output.ts";
import { block } from "../evm/environment.ts";
import { startTrace, stopTrace } from "../evm/trace.ts";
import { faultNone, outputSender } from "../interface.ts";
import { zeroBytes } from "../memory/bytes.ts";
import { Account, accountAt } from "../state/account.ts";
import { commitState } from "../state/commit.ts";
import { beginState } from "../state/transaction.ts";
import { executeTransaction, execution, setPrice } from "../transaction/execute.ts";
import { Transaction } from "../transaction/transaction.ts";
import { parseTransaction, stateFault, TransactionRules } from "../transaction/validate.ts";
import { hashTrie } from "../trie/hash.ts";
import { insertIntoList } from "../trie/list.ts";
import { mergeBloom, resetBloom } from "./bloom.ts";
import { bloomBytes, Header } from "./header.ts";
import { addReceipt, Place, receiptBloom } from "./receipts.ts";
import { storeBeaconRoot } from "./system.ts";

/** No transaction has this index. */
export const noTransaction: u64 = u64.MAX_VALUE;

const current = changetype<Transaction>(memory.data(offsetof<Transaction>()));
const place = changetype<Place>(memory.data(offsetof<Place>()));
/** What the block accepts; to be set before it is opened. */
export const transactionRules = changetype<TransactionRules>(
  memory.data(offsetof<TransactionRules>()),
);

const logsBloom: usize = memory.data(256);
const stateRoot: usize = memory.data(32);
const transactionsRoot: usize = memory.data(32);
const receiptsRoot: usize = memory.data(32);

let transactions: usize = 0;
let receipts: usize = 0;
let included: u64 = 0;
let gasUsed: u64 = 0;
let firstSender: Account = changetype<Account>(0);
let lastSender: Account = changetype<Account>(0);
let tracedIndex: u64 = noTransaction;
let tracesMemory: bool = false;

/** Opens the state on which the block builds, in the environment of its header, and does what comes before all transactions. */
export function openBlock(header: Header, parentStateRoot: usize, chainId: u64): void {
  transactions = 0;
  receipts = 0;
  included = 0;
  gasUsed = 0;
  firstSender = changetype<Account>(0);
  lastSender = firstSender;
  tracedIndex = noTransaction;
  zeroBytes(logsBloom, bloomBytes);
  resetBloom();
  beginState(parentStateRoot);
  enterEnvironment(header, chainId);
  storeBeaconRoot(header.beaconRoot);
}

/** What instructions see of a block. */
export function enterEnvironment(header: Header, chainId: u64): void {
  block.number = header.number;
  block.timestamp = header.timestamp;
  block.gasLimit = header.gasLimit;
  block.chainId = chainId;
  block.coinbase = header.coinbase;
  block.prevRandao = header.prevRandao;
  block.baseFee = header.baseFee;
}

/** Traces the block's transaction of this index. */
export function traceTransaction(index: u64, withMemory: bool): void {
  tracedIndex = index;
  tracesMemory = withMemory;
}

/** Runs a transaction as the next of the block, or says why it cannot be. It comes from `sourceIndex` of its list. */
export function includeTransaction(
  raw: usize,
  length: usize,
  isForced: bool,
  sourceIndex: u64,
): i32 {
  let fault = parseTransaction(raw, length, transactionRules, current);
  if (fault === faultNone) fault = stateFault(current, block.gasLimit - gasUsed);
  if (fault !== faultNone) return fault;
  keccak256(raw, length, current.hash);
  setPrice(current);
  const isTraced = included === tracedIndex;
  if (isTraced) startTrace(tracesMemory);
  executeTransaction(current);
  if (isTraced) {
    stopTrace();
    emitCallResult();
  }
  gasUsed += execution.gasUsed;
  place.index = included;
  place.isForced = isForced;
  place.sourceIndex = sourceIndex;
  place.cumulativeGasUsed = gasUsed;
  transactions = insertIntoList(transactions, included, raw, length);
  receipts = addReceipt(receipts, current, place);
  mergeBloom(logsBloom, receiptBloom);
  addSender(accountAt(current.sender));
  included += 1;
  return faultNone;
}

/** Puts the results into the header, and hands out the senders and what is new in the state. */
export function closeBlock(header: Header): void {
  for (let sender = firstSender; sender; sender = sender.nextSender) emitSender(sender);
  commitState(stateRoot, true);
  hashTrie(transactions, transactionsRoot, false);
  hashTrie(receipts, receiptsRoot, false);
  header.stateRoot = stateRoot;
  header.transactionsRoot = transactionsRoot;
  header.receiptsRoot = receiptsRoot;
  header.logsBloom = logsBloom;
  header.gasUsed = gasUsed;
}

function addSender(sender: Account): void {
  if (sender.isSender) return;
  sender.isSender = true;
  sender.nextSender = changetype<Account>(0);
  if (lastSender) lastSender.nextSender = sender;
  else firstSender = sender;
  lastSender = sender;
}

/** [address, nonce, balance] after the block. */
function emitSender(sender: Account): void {
  let at = writeAddress(outputStart, sender.address);
  at = writeUint64(at, sender.nonce);
  emitList(outputSender, writeWord(at, sender.balance));
}
