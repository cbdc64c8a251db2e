// What an observation of L1 means for one submission.

import { unreachable } from "@sequorum/protocol";
import { backoffMs } from "./schedule.ts";
import {
  isOnL1,
  type L1View,
  type Slot,
  type State,
  type Submission,
  slotOf,
  withStatus,
  withWork,
  workOf,
} from "./state.ts";

/** Moves a submission on, given L1 and the outcomes of the slots. */
export function settleSubmission(state: State, submission: Submission, l1: L1View): State {
  const { key, status } = submission;
  const superseded = { type: "superseded", sinceBlock: l1.block, settled: false } as const;
  const success = ownSuccess(state, submission);
  switch (status.type) {
    case "fresh":
      if (success !== undefined) return withStatus(state, key, success);
      return isOnL1(submission, l1) ? withStatus(state, key, superseded) : state;
    case "prepared":
    case "sent": {
      if (success !== undefined) return withStatus(state, key, success);
      if (isOnL1(submission, l1)) return withStatus(state, key, superseded);
      const slot = slotOf(state, status.nonce);
      if (slot === undefined) return startAnew(state, submission);
      return isUsedUp(slot, state, l1) ? startAnew(state, submission) : state;
    }
    case "mined":
      return settleMined(state, submission, l1);
    case "superseded":
      return settleSuperseded(state, submission, l1);
    case "failed":
      if (success !== undefined) return withStatus(state, key, success);
      return isOnL1(submission, l1) ? withStatus(state, key, superseded) : state;
    case "final":
      return state;
    default:
      return unreachable(status);
  }
}

function settleMined(state: State, submission: Submission, l1: L1View): State {
  const { key, status } = submission;
  if (status.type !== "mined") return state;
  const slot = slotOf(state, status.nonce);
  const success = ownSuccess(state, submission);
  if (success === undefined) {
    // P8: a reorg took it out; the slot is sent again, unless another transaction took the nonce.
    if (slot?.outcome.type === "pending") {
      const sent = { type: "sent", nonce: status.nonce } as const;
      const superseded = { type: "superseded", sinceBlock: l1.block, settled: false } as const;
      return withStatus(state, key, isOnL1(submission, l1) ? superseded : sent);
    }
    return slot === undefined || isUsedUp(slot, state, l1) ? startAnew(state, submission) : state;
  }
  const isDeep = slot?.outcome.type === "mined" && isBuried(state, slot.outcome.block, l1);
  if (isDeep) return withStatus(state, key, { ...success, type: "final" });
  return success.txHash === status.txHash ? state : withStatus(state, key, success);
}

function settleSuperseded(state: State, submission: Submission, l1: L1View): State {
  const { key, status } = submission;
  if (status.type !== "superseded" || status.settled) return state;
  const success = ownSuccess(state, submission);
  if (success !== undefined) return withStatus(state, key, success);
  if (isOnL1(submission, l1)) {
    return isBuried(state, status.sinceBlock, l1) ? withStatus(state, key, { ...status, settled: true }) : state;
  }
  // The other's transaction was reorganised away. P2: a nonce of ours that is still live is used again.
  const live = state.slots.find((s) => s.owner === key && s.outcome.type === "pending");
  if (live === undefined) return withStatus(state, key, { type: "fresh" });
  return withStatus(state, key, { type: "sent", nonce: live.nonce });
}

/** The transaction of this submission that succeeded in the chain, if any. */
function ownSuccess(state: State, { key }: Submission) {
  for (const { owner, outcome, transactions, nonce } of state.slots) {
    if (owner !== key || outcome.type !== "mined" || !outcome.succeeded) continue;
    const mined = transactions.find(({ hash }) => hash === outcome.hash);
    if (mined === undefined || mined.isCancel) continue;
    const { hash: txHash, gasUsed, feeWei } = outcome;
    return { type: "mined", nonce, txHash, gasUsed, feeWei } as const;
  }
  return undefined;
}

/** P2: a nonce is used up when something else than our success was mined with it, for good if it was not ours. */
function isUsedUp({ outcome }: Slot, state: State, l1: L1View): boolean {
  if (outcome.type === "mined") return true; // Not a success: `ownSuccess` came first.
  if (outcome.type === "pending") return false;
  return l1.block - outcome.sinceBlock >= BigInt(state.parameters.confirmationDepth);
}

function isBuried(state: State, block: bigint, l1: L1View): boolean {
  return l1.block - block >= BigInt(state.parameters.finalityDepth);
}

function startAnew(state: State, { key }: Submission): State {
  const failures = workOf(state, key).failures + 1;
  const retryAtMs = state.nowMs + backoffMs(state.parameters, failures);
  return withWork(withStatus(state, key, { type: "fresh" }), key, { failures, retryAtMs });
}
