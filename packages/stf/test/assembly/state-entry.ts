/** Test entry of state/: addresses, words and results are at places of a buffer that the test chooses. */
import { resetArena } from "../../assembly/memory/arena.ts";
import { allocate } from "../../assembly/memory/arena.ts";
import { copyAddress, copy32, copyBytes } from "../../assembly/memory/bytes.ts";
import * as access from "../../assembly/state/access.ts";
import * as accounts from "../../assembly/state/account.ts";
import * as changes from "../../assembly/state/changes.ts";
import { commitState } from "../../assembly/state/commit.ts";
import { appendLog, firstLogOfTransaction } from "../../assembly/state/logs.ts";
import { addRefund, refundCounter } from "../../assembly/state/refund.ts";
import { HashedRecord, locate } from "../../assembly/state/search-tree.ts";
import { slotAt, slotRecord } from "../../assembly/state/slot.ts";
import { currentTransaction } from "../../assembly/state/stamp.ts";
import * as transaction from "../../assembly/state/transaction.ts";
import { setTransientValue, transientValue } from "../../assembly/state/transient.ts";

const region: usize = memory.data(65536);
const tree: usize = memory.data(8);

export function buffer(): usize {
  return region;
}

/** Starts a run on a state root. */
export function begin(root: usize): void {
  resetArena();
  transaction.beginState(root);
}

export function beginTransaction(): void {
  transaction.beginTransactionState();
}

export function endTransaction(): void {
  transaction.endTransactionState();
}

export function checkpoint(): usize {
  return transaction.checkpoint();
}

export function revertTo(mark: usize): void {
  transaction.revertTo(mark);
}

export function commit(out: usize, isStored: bool): void {
  commitState(out, isStored);
}

/** Where the arena is; it only grows. */
export function arenaTop(): usize {
  return allocate(0);
}

export function touch(address: usize): void {
  changes.touchAccount(accounts.accountAt(address));
}

export function addBalance(address: usize, word: usize): void {
  changes.addBalance(accounts.accountAt(address), word);
}

export function subtractBalance(address: usize, word: usize): void {
  changes.subtractBalance(accounts.accountAt(address), word);
}

export function setBalance(address: usize, word: usize): void {
  changes.setBalance(accounts.accountAt(address), word);
}

export function setNonce(address: usize, nonce: u64): void {
  changes.setNonce(accounts.accountAt(address), nonce);
}

export function setCode(address: usize, source: usize, size: u32): void {
  changes.setCode(accounts.accountAt(address), source, size);
}

export function create(address: usize): void {
  changes.createAccount(accounts.accountAt(address));
}

export function selfDestruct(address: usize, beneficiary: usize): void {
  changes.selfDestruct(accounts.accountAt(address), accounts.accountAt(beneficiary));
}

export function setSlot(address: usize, key: usize, value: usize): void {
  changes.setSlotValue(slotAt(accounts.accountAt(address), key), value);
}

export function setTransient(address: usize, key: usize, value: usize): void {
  setTransientValue(accounts.accountAt(address), key, value);
}

export function getTransient(address: usize, key: usize): usize {
  return transientValue(accounts.accountAt(address), key);
}

export function warmAccount(address: usize): bool {
  return access.warmAccount(accounts.accountRecord(address));
}

export function warmSlot(address: usize, key: usize): bool {
  return access.warmSlot(slotRecord(accounts.accountRecord(address).storage, key));
}

export function refund(gas: i64): void {
  addRefund(gas);
}

export function refunded(): i64 {
  return refundCounter();
}

export function log(
  address: usize,
  topicCount: i32,
  topics: usize,
  data: usize,
  size: usize,
): void {
  appendLog(address, topicCount, topics, data, size);
}

/** nonce, balance, code hash, code's size; then bits: exists, empty, code or nonce, collision, warm. */
export function account(address: usize, out: usize): u32 {
  const account = accounts.accountAt(address);
  store<u64>(out, account.nonce);
  copy32(out + 8, account.balance);
  copy32(out + 40, account.codeHash);
  return (
    u32(account.exists) |
    (u32(accounts.isEmptyAccount(account)) << 1) |
    (u32(accounts.hasCodeOrNonce(account)) << 2) |
    (u32(accounts.isCollision(account)) << 3) |
    (u32(account.warmIn === currentTransaction || account.isPrecompile) << 4)
  );
}

/** Copies the code and 33 bytes behind it to `out`; answers its size. */
export function code(address: usize, out: usize): u32 {
  const code = accounts.codeOf(accounts.accountAt(address));
  copyBytes(out, code.bytes, code.size + 33);
  return code.size;
}

/** The record of an account's code. */
export function codeRecord(address: usize): usize {
  return changetype<usize>(accounts.codeOf(accounts.accountAt(address)));
}

/** value, original value; whether it is warm. */
export function slot(address: usize, key: usize, out: usize): bool {
  const slot = slotAt(accounts.accountRecord(address), key);
  copy32(out, slot.value);
  copy32(out + 32, slot.original);
  return slot.warmIn === currentTransaction;
}

/** Each log: address, number of topics, length of data (u32 each), topics, data. Answers how many bytes. */
export function logs(out: usize): usize {
  let at = out;
  for (let log = firstLogOfTransaction(); log; log = log.next) {
    copyAddress(at, log.address);
    store<u32>(at, log.topicCount, 20);
    store<u32>(at, <u32>log.length, 24);
    at += 28;
    copyBytes(at, log.topics, (<usize>log.topicCount) << 5);
    at += (<usize>log.topicCount) << 5;
    copyBytes(at, log.data, log.length);
    at += log.length;
  }
  return at - out;
}

/** Each accessed account: address, number of slots (u32), keys (words). Answers how many bytes. */
export function accessed(out: usize): usize {
  let at = out;
  for (let account = access.firstAccessedAccount(); account; account = account.nextAccessed) {
    const start = at;
    copyAddress(at, account.address);
    at += 24;
    for (let slot = account.firstAccessedSlot; slot; slot = slot.nextAccessed) {
      copy32(at, slot.key);
      at += 32;
    }
    store<u32>(start, <u32>((at - start - 24) >> 5), 20);
  }
  return at - out;
}

export function emptyTree(): void {
  resetArena();
  store<usize>(tree, 0);
}

/** The record with this hash in a tree; makes one when there is none. */
export function recordOf(hash: usize): usize {
  const link = locate(tree, hash);
  if (load<usize>(link) !== 0) return load<usize>(link);
  const record = changetype<HashedRecord>(allocate(offsetof<HashedRecord>() + 8));
  copy32(record.hash, hash);
  record.zeroChild = 0;
  record.oneChild = 0;
  store<usize>(link, changetype<usize>(record));
  return changetype<usize>(record);
}

/** Records on the longest path of the tree below `record`; 0: of the whole tree. */
export function depthBelow(record: usize): u32 {
  const top = changetype<HashedRecord>(record === 0 ? load<usize>(tree) : record);
  const zero = top.zeroChild === 0 ? 0 : depthBelow(top.zeroChild);
  return 1 + max(zero, top.oneChild === 0 ? 0 : depthBelow(top.oneChild));
}
