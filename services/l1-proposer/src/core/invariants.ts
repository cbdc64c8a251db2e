// What always holds of the state; the numbers are those of the README.

import { assert } from "@sequorum/protocol";
import { isEnded, type Slot, type State } from "./state.ts";

/** Fails on a state that no sequence of inputs may lead to. */
export function checkInvariants(state: State): void {
  for (const [i, slot] of state.slots.entries()) {
    const below = state.slots[i - 1];
    assert(below === undefined || below.nonce < slot.nonce, "slots ascend", { nonce: slot.nonce });
    assert(slot.transactions.length > 0, "a slot has a stored transaction", { nonce: slot.nonce });
    checkFees(state, slot);
  }
  for (const submission of Object.values(state.submissions)) {
    const { key, status } = submission;
    const ownsSlot = state.slots.some(({ owner }) => owner === key);
    assert(!isEnded(submission) || ownsSlot, "ended submissions are forgotten", { key });
    // P2: a live transaction has one nonce, taken for this submission.
    if (status.type !== "prepared" && status.type !== "sent") continue;
    const slot = state.slots.find(({ nonce }) => nonce === status.nonce);
    assert(slot?.owner === key, "the nonce was taken for the submission", { key });
  }
}

// P6: each replacement offers at least 12.5 % more of both, and no offer is above the cap.
function checkFees({ parameters }: State, slot: Slot): void {
  for (const [i, transaction] of slot.transactions.entries()) {
    const { maxFeePerGasWei, maxPriorityFeePerGasWei } = transaction;
    const { nonce } = slot;
    assert(maxFeePerGasWei <= parameters.fees.maxFeePerGasWeiMax, "the cap holds", { nonce });
    const before = slot.transactions[i - 1];
    if (before === undefined) continue;
    const isRaised =
      maxFeePerGasWei * 8n >= before.maxFeePerGasWei * 9n &&
      maxPriorityFeePerGasWei * 8n >= before.maxPriorityFeePerGasWei * 9n;
    assert(isRaised, "a replacement raises both fees", { nonce });
  }
}
