/** Warm accounts and slots (EIP-2929), and the list of what a transaction accessed (EIP-2930). */
import { Account } from "./account.ts";
import { changeAccountWarmed, changeSlotWarmed, recordChange } from "./journal.ts";
import { currentTransaction } from "./stamp.ts";
import { Slot } from "./slot.ts";

let firstAccount: Account = changetype<Account>(0);
let lastAccount: Account = changetype<Account>(0);

/**
 * What the transaction made warm, in order of first access, also what a revert made cold again: linked by
 * `nextAccessed`, with the slots from `firstAccessedSlot` on linked likewise; 0: none. Valid until the next transaction starts.
 */
export function firstAccessedAccount(): Account {
  return firstAccount;
}

/** A transaction starts with nothing accessed. */
export function clearAccessed(): void {
  firstAccount = changetype<Account>(0);
  lastAccount = firstAccount;
}

/** Makes an account warm; true if it was. A precompile always is. */
export function warmAccount(account: Account): bool {
  if (account.warmIn === currentTransaction || account.isPrecompile) return true;
  recordChange(changeAccountWarmed, changetype<usize>(account), 0);
  account.warmIn = currentTransaction;
  listAccount(account);
  return false;
}

/** Makes a slot warm; true if it was. */
export function warmSlot(slot: Slot): bool {
  if (slot.warmIn === currentTransaction) return true;
  recordChange(changeSlotWarmed, changetype<usize>(slot), 0);
  slot.warmIn = currentTransaction;
  listSlot(slot);
  return false;
}

function listAccount(account: Account): void {
  if (account.accessedIn === currentTransaction) return;
  account.accessedIn = currentTransaction;
  account.nextAccessed = changetype<Account>(0);
  account.firstAccessedSlot = changetype<Slot>(0);
  account.lastAccessedSlot = changetype<Slot>(0);
  if (lastAccount) lastAccount.nextAccessed = account;
  else firstAccount = account;
  lastAccount = account;
}

function listSlot(slot: Slot): void {
  if (slot.accessedIn === currentTransaction) return;
  slot.accessedIn = currentTransaction;
  slot.nextAccessed = changetype<Slot>(0);
  const account = slot.storage.account;
  listAccount(account);
  if (account.lastAccessedSlot) account.lastAccessedSlot.nextAccessed = slot;
  else account.firstAccessedSlot = slot;
  account.lastAccessedSlot = slot;
}
