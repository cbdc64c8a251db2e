// What an observation of L1 means for one submission.

import { unreachable } from "@sequorum/protocol";
import { backoffMs } from "./schedule.ts";
import {
  isEnded,
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
  if (submission.status.type === "final") return state;
  const succeeded = settleSuccess(state, submission, l1);
  if (succeeded !== undefined) return succeeded;
  return isEnded(submission) ? state : settleWithoutSuccess(state, submission, l1);
}

/** A transaction of this submission succeeded in the chain: mined, or final at once when it is deep already. */
function settleSuccess(state: State, { key, status }: Submission, l1: L1View): State | undefined {
  for (const { owner, outcome, transactions, nonce } of state.slots) {
    if (owner !== key || outcome.type !== "mined" || !outcome.succeeded) continue;
    const { hash: txHash, gasUsed, feeWei, block } = outcome;
    if (transactions.some((transaction) => transaction.hash === txHash && transaction.isCancel)) {
      continue;
    }
    const type = isBuried(state, block, l1) ? "final" : "mined";
    const isKnown = status.type === type && "txHash" in status && status.txHash === txHash;
    return isKnown ? state : withStatus(state, key, { type, nonce, txHash, gasUsed, feeWei });
  }
  return undefined;
}

function settleWithoutSuccess(state: State, submission: Submission, l1: L1View): State {
  const { key, status } = submission;
  const superseded = { type: "superseded", sinceBlock: l1.block, settled: false } as const;
  switch (status.type) {
    case "fresh":
    case "failed":
      return isOnL1(submission, l1) ? withStatus(state, key, superseded) : state;
    case "prepared":
    case "sent": {
      if (isOnL1(submission, l1)) return withStatus(state, key, superseded);
      const slot = slotOf(state, status.nonce);
      return slot === undefined || isUsedUp(slot, state, l1) ? startAnew(state, submission) : state;
    }
    case "mined": {
      const slot = slotOf(state, status.nonce);
      if (slot === undefined || isUsedUp(slot, state, l1)) return startAnew(state, submission);
      if (slot.outcome.type !== "pending") return state;
      // P8: a reorg took it out; the slot is sent again, unless it put another's transaction in its place.
      const sent = { type: "sent", nonce: status.nonce } as const;
      return withStatus(state, key, isOnL1(submission, l1) ? superseded : sent);
    }
    case "superseded":
      return settleSuperseded(state, submission, l1);
    case "final":
      return state;
    default:
      return unreachable(status);
  }
}

function settleSuperseded(state: State, submission: Submission, l1: L1View): State {
  const { key, status } = submission;
  if (status.type !== "superseded") return state;
  if (isOnL1(submission, l1)) {
    const isDeep = isBuried(state, status.sinceBlock, l1);
    return isDeep ? withStatus(state, key, { ...status, settled: true }) : state;
  }
  // The other's transaction was reorganised away. P2: a nonce of ours that is still live is used again.
  const live = state.slots.find((s) => s.owner === key && s.outcome.type === "pending");
  if (live === undefined) return withStatus(state, key, { type: "fresh" });
  return withStatus(state, key, { type: "sent", nonce: live.nonce });
}

/** P2: a nonce is used up when something else than our success was mined with it, for good if it was not ours. */
function isUsedUp({ outcome }: Slot, state: State, l1: L1View): boolean {
  if (outcome.type === "mined") return true; // Not a success: `settleSuccess` came first.
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
