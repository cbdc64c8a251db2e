/** Everything that changes accounts and slots. Each change is journaled. */
import { addWords, isZeroWord, subtractWords } from "../math/word.ts";
import { copy32 } from "../memory/bytes.ts";
import { Account, isEmptyAccount } from "./account.ts";
import { codeOfBytes } from "./code.ts";
import {
  changeAppeared,
  changeBalance,
  changeCode,
  changeCreated,
  changeDestructed,
  changeNonce,
  changeSlot,
  changeTouched,
  JournalEntry,
  recordChange,
} from "./journal.ts";
import { currentTransaction } from "./stamp.ts";
import { Slot } from "./slot.ts";

/** Accounts that the block may have changed, linked by `nextChanged`; 0: none. */
export let firstChangedAccount: Account = changetype<Account>(0);
/** The account 0x03 once the transaction touched it, even if that was reverted; 0 before. */
export let touchedRipemd: Account = changetype<Account>(0);

const zeroWord: usize = memory.data(32);
const movedWei: usize = memory.data(32);

/** Start of a run. */
export function resetChanges(): void {
  firstChangedAccount = changetype<Account>(0);
  forgetTouchedRipemd();
}

/** Start of a transaction. */
export function forgetTouchedRipemd(): void {
  touchedRipemd = changetype<Account>(0);
}

/**
 * EIP-161: an account that is empty and was touched is removed at the end of the transaction. One that is not empty
 * can only become so by a change, which is journaled itself.
 */
export function touchAccount(account: Account): void {
  if (!isEmptyAccount(account)) return;
  recordAccount(account.exists ? changeTouched : changeAppeared, account, 0);
  account.exists = true;
  if (isRipemd(account)) touchedRipemd = account;
}

/** Adds wei; wraps at 2^256, which only balances that a call overrides can reach. */
export function addBalance(account: Account, wei: usize): void {
  touchAccount(account);
  if (isZeroWord(wei)) return;
  copy32(recordAccount(changeBalance, account, 32).oldBytes, account.balance);
  addWords(account.balance, account.balance, wei);
}

/** Takes wei away. The caller has seen that there is enough. */
export function subtractBalance(account: Account, wei: usize): void {
  touchAccount(account);
  if (isZeroWord(wei)) return;
  copy32(recordAccount(changeBalance, account, 32).oldBytes, account.balance);
  if (subtractWords(account.balance, account.balance, wei)) unreachable();
}

/** Sets the balance (genesis, overrides of a call). */
export function setBalance(account: Account, wei: usize): void {
  touchAccount(account);
  copy32(recordAccount(changeBalance, account, 32).oldBytes, account.balance);
  copy32(account.balance, wei);
}

/** Sets the nonce. */
export function setNonce(account: Account, nonce: u64): void {
  touchAccount(account);
  recordAccount(changeNonce, account, 8).old = account.nonce;
  account.nonce = nonce;
}

/** Sets the code, which is copied. */
export function setCode(account: Account, source: usize, size: u32): void {
  touchAccount(account);
  copy32(recordAccount(changeCode, account, 32).oldBytes, account.codeHash);
  const code = codeOfBytes(source, size);
  account.code = code;
  copy32(account.codeHash, code.hash);
}

/** Begins a contract: nonce 1 (EIP-161), created in this transaction (EIP-6780). Its balance stays. */
export function createAccount(account: Account): void {
  setNonce(account, 1);
  recordAccount(changeCreated, account, 0);
  account.createdIn = currentTransaction;
}

/**
 * SELFDESTRUCT (EIP-6780): the balance goes to the beneficiary; an account created in this transaction is destroyed
 * at its end, and what it holds until then is lost.
 */
export function selfDestruct(account: Account, beneficiary: Account): void {
  copy32(movedWei, account.balance);
  setBalance(account, zeroWord);
  addBalance(beneficiary, movedWei);
  if (account.createdIn !== currentTransaction) return;
  setBalance(account, zeroWord);
  if (account.destructedIn === currentTransaction) return;
  recordAccount(changeDestructed, account, 0);
  account.destructedIn = currentTransaction;
}

/** Sets a slot's value. */
export function setSlotValue(slot: Slot, value: usize): void {
  if (slot.originalIn !== currentTransaction) {
    copy32(changetype<usize>(slot) + offsetof<Slot>("original0"), slot.value);
    slot.originalIn = currentTransaction;
  }
  copy32(recordChange(changeSlot, changetype<usize>(slot), 32).oldBytes, slot.value);
  copy32(slot.value, value);
  if (slot.isChanged) return;
  slot.isChanged = true;
  const storage = slot.storage;
  slot.nextChanged = storage.firstChanged;
  storage.firstChanged = slot;
  listAsChanged(storage.account);
}

function recordAccount(kind: u32, account: Account, oldLength: usize): JournalEntry {
  listAsChanged(account);
  return recordChange(kind, changetype<usize>(account), oldLength);
}

function listAsChanged(account: Account): void {
  if (account.isChanged) return;
  account.isChanged = true;
  account.nextChanged = firstChangedAccount;
  firstChangedAccount = account;
}

function isRipemd(account: Account): bool {
  return (account.address0 | account.address1) === 0 && account.address2 === 0x0300_0000;
}
