/** Life of the state over one run: start, transactions, checkpoints inside them. */
import { copy32 } from "../memory/bytes.ts";
import { clearAccessed } from "./access.ts";
import { Account, eraseAccount, isEmptyAccount, resetAccounts } from "./account.ts";
import { forgetTouchedRipemd, resetChanges, touchedRipemd } from "./changes.ts";
import { Code, resetCodes } from "./code.ts";
import {
  changeAccountWarmed,
  changeAppeared,
  changeBalance,
  changeCode,
  changeCreated,
  changeDestructed,
  changeLog,
  changeNonce,
  changeRefund,
  changeSlot,
  changeSlotWarmed,
  changeTouched,
  changeTransient,
  clearJournal,
  dropNewestChange,
  JournalEntry,
  lastAccountChange,
  newestChange,
} from "./journal.ts";
import { clearLogs, cutLogsAfter, Log } from "./logs.ts";
import { setRefundCounter } from "./refund.ts";
import { currentTransaction, nextTransaction, resetTransactionNumber } from "./stamp.ts";
import { resetStorage, Slot } from "./slot.ts";
import { transientOf } from "./transient.ts";

/** Starts a run on the state with this root hash. Puts all of state/ into its start state. */
export function beginState(stateRoot: usize): void {
  resetTransactionNumber();
  resetCodes();
  resetStorage();
  resetAccounts(stateRoot);
  resetChanges();
  beginTransactionState();
}

/** Starts a transaction: all cold, nothing to be reverted, no logs, no refund, no transient storage. */
export function beginTransactionState(): void {
  nextTransaction();
  clearJournal();
  clearLogs();
  clearAccessed();
  setRefundCounter(0);
  forgetTouchedRipemd();
}

/** Ends a transaction: destroys what destroyed itself (EIP-6780), removes what is touched and empty (EIP-161). */
export function endTransactionState(): void {
  for (let entry = newestChange; entry; entry = entry.previous) {
    if (entry.kind <= lastAccountChange) removeIfGone(changetype<Account>(entry.target));
  }
  // Main net's block 2,675,119 removed 0x03 although its touch was reverted, and every client does so since.
  if (touchedRipemd) removeIfGone(touchedRipemd);
  clearJournal();
}

/** A point to which `revertTo` goes back; of this transaction, and not of something reverted since. */
export function checkpoint(): usize {
  return changetype<usize>(newestChange);
}

/** Takes back all changes since the checkpoint. */
export function revertTo(mark: usize): void {
  while (changetype<usize>(newestChange) !== mark) {
    undo(newestChange);
    dropNewestChange();
  }
}

function removeIfGone(account: Account): void {
  const isGone = account.destructedIn === currentTransaction || isEmptyAccount(account);
  if (isGone && account.exists) eraseAccount(account);
}

function undo(entry: JournalEntry): void {
  const account = changetype<Account>(entry.target);
  const slot = changetype<Slot>(entry.target);
  switch (entry.kind) {
    case changeTouched:
      break;
    case changeAppeared:
      account.exists = false;
      break;
    case changeNonce:
      account.nonce = entry.old;
      break;
    case changeBalance:
      copy32(account.balance, entry.oldBytes);
      break;
    case changeCode:
      copy32(account.codeHash, entry.oldBytes);
      account.code = changetype<Code>(0);
      break;
    case changeCreated:
      account.createdIn = 0;
      break;
    case changeDestructed:
      account.destructedIn = 0;
      break;
    case changeAccountWarmed:
      account.warmIn = 0;
      break;
    case changeSlotWarmed:
      slot.warmIn = 0;
      break;
    case changeSlot:
      copy32(slot.value, entry.oldBytes);
      break;
    case changeTransient:
      copy32(transientOf(slot), entry.oldBytes);
      break;
    case changeRefund:
      setRefundCounter(<i64>entry.old);
      break;
    case changeLog:
      cutLogsAfter(changetype<Log>(entry.target));
      break;
  }
}
