/** Transient storage (EIP-1153): empty at the start of each transaction, kept in the records of the slots. */
import { copy32, zeroBytes } from "../memory/bytes.ts";
import { Account } from "./account.ts";
import { changeTransient, recordChange } from "./journal.ts";
import { currentTransaction } from "./stamp.ts";
import { Slot, slotRecord } from "./slot.ts";

const zeroWord: usize = memory.data(32);

/** Word: the transient value of a key (a word). */
export function transientValue(account: Account, key: usize): usize {
  const slot = slotRecord(account.storage, key);
  return slot.transientIn === currentTransaction ? transientOf(slot) : zeroWord;
}

/** Sets the transient value of a key; both are words. */
export function setTransientValue(account: Account, key: usize, value: usize): void {
  const slot = slotRecord(account.storage, key);
  if (slot.transientIn !== currentTransaction) {
    zeroBytes(transientOf(slot), 32);
    slot.transientIn = currentTransaction;
  }
  copy32(recordChange(changeTransient, changetype<usize>(slot), 32).oldBytes, transientOf(slot));
  copy32(transientOf(slot), value);
}

/** Where a slot keeps its transient value; void outside of the transaction that set it. */
export function transientOf(slot: Slot): usize {
  return changetype<usize>(slot) + offsetof<Slot>("transient0");
}
