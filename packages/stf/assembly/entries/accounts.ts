/** Accounts that a task puts into the state: those of genesis, and what a call assumes of some. */
import {
  takeBytes,
  takeFixed,
  takeList,
  takenLength,
  takenPayload,
  takenUint64,
  takeUint64,
  takeWord,
} from "../codec/rlp-fields.ts";
import { Account, accountAt } from "../state/account.ts";
import { setBalance, setCode, setNonce, setSlotValue, touchAccount } from "../state/changes.ts";
import { slotAt } from "../state/slot.ts";

const word: usize = memory.data(32);
const slotKey: usize = memory.data(32);

/** Accounts from `at` to `end`: [address, balance, nonce, code, [[slot, value]...]] each. Empty ones come to exist, too. */
export function putAccounts(at: usize, end: usize): void {
  while (at < end) {
    const next = takeList(at, end);
    at = takeFixed(takenPayload, next, 20);
    const account = accountAt(takenPayload);
    touchAccount(account);
    at = takeWord(at, next, word);
    setBalance(account, word);
    at = takeUint64(at, next);
    setNonce(account, takenUint64);
    at = takeBytes(at, next);
    if (takenLength > 0) setCode(account, takenPayload, <u32>takenLength);
    at = putSlots(account, at, next);
    if (at !== next) unreachable();
  }
}

/**
 * Assumptions from `at` to `end`: [address, [balance]?, [nonce]?, [code]?, [[slot, value]...]] each; an empty list leaves the
 * state's value.
 */
export function overrideAccounts(at: usize, end: usize): void {
  while (at < end) {
    const next = takeList(at, end);
    if (overrideAccount(takenPayload, next) !== next) unreachable();
    at = next;
  }
}

function overrideAccount(at: usize, end: usize): usize {
  at = takeFixed(at, end, 20);
  const account = accountAt(takenPayload);
  touchAccount(account);
  at = takeList(at, end);
  if (takenLength > 0) {
    takeWord(takenPayload, at, word);
    setBalance(account, word);
  }
  at = takeList(at, end);
  if (takenLength > 0) {
    takeUint64(takenPayload, at);
    setNonce(account, takenUint64);
  }
  at = takeList(at, end);
  if (takenLength > 0) {
    takeBytes(takenPayload, at);
    setCode(account, takenPayload, <u32>takenLength);
  }
  return putSlots(account, at, end);
}

function putSlots(account: Account, at: usize, end: usize): usize {
  const listEnd = takeList(at, end);
  if (listEnd === 0) return 0;
  for (at = takenPayload; at < listEnd; ) {
    const next = takeList(at, listEnd);
    at = takeWord(takenPayload, next, slotKey);
    if (takeWord(at, next, word) !== next) unreachable();
    setSlotValue(slotAt(account, slotKey), word);
    at = next;
  }
  return listEnd;
}
