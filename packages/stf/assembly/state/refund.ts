/** The refund counter of the transaction (EIP-2200, EIP-3529). */
import { changeRefund, recordChange } from "./journal.ts";

let counter: i64 = 0;

/** Gas to be refunded so far; never negative between instructions. */
export function refundCounter(): i64 {
  return counter;
}

/** Adds to the counter; negative amounts take back what an earlier store added. */
export function addRefund(gas: i64): void {
  recordChange(changeRefund, 0, 8).old = counter;
  counter += gas;
}

/** Takes a change back, or starts a transaction with 0. */
export function setRefundCounter(gas: i64): void {
  counter = gas;
}
