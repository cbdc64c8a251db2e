/** Receipts (Yellow Paper 4.4.1; EIP-658, EIP-2718): the one that the block commits to, and the one that the host gets. */
import {
  bytesSize,
  listHeaderSize,
  writeAddress,
  writeBytes,
  writeHash,
  writeListHeader,
  writeUint64,
  writeWord,
} from "../codec/rlp-writer.ts";
import { emit } from "../host.ts";
import { outputReceipt } from "../interface.ts";
import { copyBytes, zeroBytes } from "../memory/bytes.ts";
import { arenaRegion, returnDataRegion } from "../memory/layout.ts";
import { firstLogOfTransaction, Log } from "../state/logs.ts";
import { insertIntoList } from "../trie/list.ts";
import { execution } from "../transaction/execute.ts";
import { Transaction } from "../transaction/transaction.ts";
import { addToBloom } from "./bloom.ts";
import { bloomBytes } from "./header.ts";

/** Where a transaction stands in its block and where it came from. */
@unmanaged
export class Place {
  /** Index in the block. */
  index: u64;
  /** Whether it is from the forced queue. */
  isForced: bool;
  /** Index in the list it came from. */
  sourceIndex: u64;
  /** Gas of the block up to and with this transaction. */
  cumulativeGasUsed: u64;
}

/** Bloom of the last receipt. */
export const receiptBloom: usize = memory.data(256);

/** The fields of either receipt that come before bloom and logs. */
const front: usize = memory.data(512);
/** Both receipts end with bloom and logs, which are written once; room before them is for the rest. */
const tail: usize = returnDataRegion + 1_024;

const addressBytes: usize = 20;
const hashBytes: usize = 32;
const hashItemBytes: usize = 33;
const addressItemBytes: usize = 21;

/** Emits the receipt of the last transaction; answers the root of the receipts with it. */
export function addReceipt(root: usize, transaction: Transaction, place: Place): usize {
  const end = writeTail();
  const described = putInFront(describe(transaction, place), end);
  emit(outputReceipt, described, end - described);
  let at = writeUint64(front, execution.halt === 0 ? 1 : 0);
  at = writeUint64(at, place.cumulativeGasUsed);
  let receipt = putInFront(at, end);
  if (transaction.type !== 0) {
    receipt -= 1;
    store<u8>(receipt, transaction.type);
  }
  return insertIntoList(root, place.index, receipt, end - receipt);
}

/** Forms the list of what is in `front` up to `frontEnd` and of the tail; answers its first byte. */
function putInFront(frontEnd: usize, end: usize): usize {
  const frontLength = frontEnd - front;
  const payload = tail - frontLength;
  copyBytes(payload, front, frontLength);
  const start = payload - listHeaderSize(end - payload);
  writeListHeader(start, end - payload);
  return start;
}

/** [is forced, index in its list, hash, type, status, from, to, contract, gas used, cumulative gas used, price ...]. */
function describe(transaction: Transaction, place: Place): usize {
  const created = execution.created;
  let at = writeUint64(front, place.isForced ? 1 : 0);
  at = writeUint64(at, place.sourceIndex);
  at = writeHash(at, transaction.hash);
  at = writeUint64(at, transaction.type);
  at = writeUint64(at, execution.halt === 0 ? 1 : 0);
  at = writeAddress(at, transaction.sender);
  at = writeBytes(at, transaction.to, transaction.to === 0 ? 0 : addressBytes);
  at = writeBytes(at, created, created === 0 ? 0 : addressBytes);
  at = writeUint64(at, execution.gasUsed);
  at = writeUint64(at, place.cumulativeGasUsed);
  return writeWord(at, transaction.price);
}

/** Writes bloom and logs of the transaction; answers the first byte behind them. */
function writeTail(): usize {
  zeroBytes(receiptBloom, bloomBytes);
  let size: usize = 0;
  for (let log = firstLogOfTransaction(); log; log = log.next) {
    size += sizeOfList(sizeOfLog(log));
    addToBloom(receiptBloom, log.address, addressBytes, 0);
    for (let i: usize = 0; i < <usize>log.topicCount; i += 1) {
      addToBloom(receiptBloom, log.topics + i * hashBytes, hashBytes, i + 1);
    }
  }
  if (size > arenaRegion - tail - bloomBytes - 16) unreachable(); // gas does not buy that much
  let at = writeListHeader(writeBytes(tail, receiptBloom, bloomBytes), size);
  for (let log = firstLogOfTransaction(); log; log = log.next) at = writeLog(at, log);
  return at;
}

/** Size of the items of a log. */
function sizeOfLog(log: Log): usize {
  const topics = sizeOfList(<usize>log.topicCount * hashItemBytes);
  return addressItemBytes + topics + bytesSize(log.data, log.length);
}

function writeLog(at: usize, log: Log): usize {
  at = writeListHeader(at, sizeOfLog(log));
  at = writeAddress(at, log.address);
  at = writeListHeader(at, <usize>log.topicCount * hashItemBytes);
  for (let i: usize = 0; i < <usize>log.topicCount; i += 1) {
    at = writeHash(at, log.topics + i * hashBytes);
  }
  return writeBytes(at, log.data, log.length);
}

function sizeOfList(payloadLength: usize): usize {
  return listHeaderSize(payloadLength) + payloadLength;
}
