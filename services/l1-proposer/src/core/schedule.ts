// What is due now, by the state alone: sending, raising fees, filling gaps, checking submissions, reporting refusals.

import type { Effect } from "./effect.ts";
import { bumpedFees, initialFees } from "./fees.ts";
import {
  isOnL1,
  isWanted,
  type L1View,
  type Parameters,
  type Slot,
  type State,
  type Submission,
  submissionsInOrder,
  withSlot,
  withWork,
  workOf,
} from "./state.ts";

type Scheduled = { readonly state: State; readonly effects: readonly Effect[] };

/** Gas of a plain transfer. */
const transferGas = 21_000n;

/** Starts everything that is due. Nothing is sent while L1 does not answer or is behind. */
export function schedule(state: State): Scheduled {
  const reported = scheduleReports(state);
  const { l1 } = state;
  if (l1 === undefined || state.trouble !== undefined) return reported;
  const duties = [scheduleBroadcasts, scheduleReplacements, scheduleGapFill, scheduleChecks];
  let result = reported;
  for (const duty of duties) {
    const done = duty(result.state, l1);
    result = { state: done.state, effects: [...result.effects, ...done.effects] };
  }
  return result;
}

/** P3: the lowest nonce that neither the chain nor a stored transaction has used. */
export function nextNonce(state: State, l1: L1View): number {
  const highest = state.slots.at(-1)?.nonce;
  return Math.max(l1.nonce, state.nonceFloor, highest === undefined ? 0 : highest + 1);
}

/** P4: everything that must be on L1 before this submission is there, and it is not itself. */
export function isEligible(state: State, submission: Submission): boolean {
  const { l1 } = state;
  if (l1 === undefined || isOnL1(submission, l1)) return false;
  const reached = submission.kind === "batch" ? l1.headIndex : l1.activeEpoch;
  const others = Object.values(state.submissions).filter(
    ({ key, kind, subject }) =>
      key !== submission.key && kind === submission.kind && subject === submission.subject,
  );
  const isInFlight = others.some(
    ({ status }) => status.type === "prepared" || status.type === "sent",
  );
  return reached + 1n === submission.subject && !isInFlight;
}

/** Delay before the next try after so many failures: doubles up to a limit. */
export function backoffMs({ retryAfterMs, retryAfterMsMax }: Parameters, failures: number): number {
  return Math.min(retryAfterMs * 2 ** Math.min(failures - 1, 20), retryAfterMsMax);
}

function scheduleReports(state: State): Scheduled {
  let next = state;
  const effects: Effect[] = [];
  for (const { key, status } of submissionsInOrder(state)) {
    if (status.type !== "failed" || status.reported) continue;
    const { activity, retryAtMs } = workOf(state, key);
    if (activity !== "idle" || retryAtMs > state.nowMs) continue;
    next = withWork(next, key, { activity: "reporting" });
    effects.push({ type: "reportRefusal", key, code: status.code });
  }
  return { state: next, effects };
}

function scheduleBroadcasts(state: State): Scheduled {
  let next = state;
  const effects: Effect[] = [];
  for (const slot of state.slots) {
    const { nonce, outcome, transactions, broadcastAtMs } = slot;
    const newest = transactions.at(-1);
    if (newest === undefined || outcome.type !== "pending" || broadcastAtMs > state.nowMs) continue;
    if (!hasPurpose(state, slot) && !slot.isCapped) continue; // It is about to be replaced.
    const broadcastAfter = state.nowMs + state.parameters.rebroadcastAfterMs;
    next = withSlot(next, nonce, { broadcastAtMs: broadcastAfter });
    effects.push({ type: "broadcastTransaction", hash: newest.hash });
  }
  return { state: next, effects };
}

/** The lowest nonce goes first, because the others wait for it; one replacement is made at a time. */
function scheduleReplacements(state: State, l1: L1View): Scheduled {
  let next = state;
  for (const slot of state.slots) {
    if (next.preparing !== undefined) break;
    if (slot.outcome.type !== "pending" || !isReplacementDue(state, slot)) continue;
    const replacement = replace(next, slot, l1);
    next = replacement.state;
    if (replacement.effects.length > 0) return replacement;
  }
  return { state: next, effects: [] };
}

function isReplacementDue(state: State, slot: Slot): boolean {
  if (hasPurpose(state, slot) || slot.isCapped) return slot.bumpAtMs <= state.nowMs;
  return true; // Superseded, or wanted again: at once.
}

/** Whether the newest transaction does what the nonce is for: the submission while it is wanted, else nothing. */
function hasPurpose(state: State, slot: Slot): boolean {
  const newest = slot.transactions.at(-1);
  return newest !== undefined && newest.isCancel !== isWanted(state, slot);
}

function replace(state: State, slot: Slot, l1: L1View): Scheduled {
  const newest = slot.transactions.at(-1);
  const fees = newest && bumpedFees(newest, l1, state.parameters.fees);
  const bumpAtMs = state.nowMs + state.parameters.feeBumpAfterMs;
  if (fees === undefined) {
    return { state: withSlot(state, slot.nonce, { bumpAtMs, isCapped: true }), effects: [] };
  }
  const isCancel = !isWanted(state, slot);
  const own = slot.transactions.find((transaction) => !transaction.isCancel);
  const gas = isCancel || own === undefined ? transferGas : own.gas;
  const { nonce, owner } = slot;
  return {
    state: { ...withSlot(state, nonce, { bumpAtMs }), preparing: { nonce, owner } },
    effects: [{ type: "prepareTransaction", nonce, owner, isCancel, gas, fees }],
  };
}

/** A deep reorg may have taken out a nonce that was final: without a filler nothing above it could ever be mined. */
function scheduleGapFill(state: State, l1: L1View): Scheduled {
  const lowest = state.slots[0]?.nonce;
  const isGap = lowest !== undefined && l1.nonce < lowest;
  if (!isGap) return { state: { ...state, gapSinceMs: undefined }, effects: [] };
  const gapSinceMs = state.gapSinceMs ?? state.nowMs;
  const seen: State = { ...state, gapSinceMs };
  const fees = initialFees(l1, state.parameters.fees);
  const isDue = state.nowMs - gapSinceMs >= state.parameters.gapFillAfterMs;
  if (!isDue || state.preparing !== undefined || fees === undefined)
    return { state: seen, effects: [] };
  const nonce = l1.nonce;
  return {
    state: { ...seen, preparing: { nonce, owner: undefined } },
    effects: [
      {
        type: "prepareTransaction",
        nonce,
        owner: undefined,
        isCancel: true,
        gas: transferGas,
        fees,
      },
    ],
  };
}

function scheduleChecks(state: State, l1: L1View): Scheduled {
  let next = state;
  const effects: Effect[] = [];
  for (const submission of submissionsInOrder(state)) {
    if (submission.status.type !== "fresh") continue;
    next = noteEligibility(next, submission, l1);
    if (!isDue(next, submission, l1)) continue;
    next = withWork(next, submission.key, { activity: "checking" });
    effects.push({ type: "checkSubmission", key: submission.key });
  }
  return { state: next, effects };
}

function noteEligibility(state: State, submission: Submission, l1: L1View): State {
  const { eligibleSince } = workOf(state, submission.key);
  const eligible = isEligible(state, submission);
  if (eligible === (eligibleSince !== undefined)) return state;
  const since = eligible ? { atMs: state.nowMs, block: l1.block } : undefined;
  return withWork(state, submission.key, { eligibleSince: since });
}

/** P7: each member waits for those before it, in time and in L1 blocks; the one whose turn it is goes at once. */
function isDue(state: State, { key, position }: Submission, l1: L1View): boolean {
  const { activity, eligibleSince, retryAtMs } = workOf(state, key);
  if (activity !== "idle" || eligibleSince === undefined || retryAtMs > state.nowMs) return false;
  const { postingFallbackMs, fallbackBlocks, inFlightMax } = state.parameters;
  const live = state.slots.filter(({ outcome }) => outcome.type === "pending").length;
  if (live >= inFlightMax || state.preparing !== undefined) return false;
  return (
    state.nowMs >= eligibleSince.atMs + position * postingFallbackMs &&
    l1.block >= eligibleSince.block + BigInt(position * fallbackBlocks)
  );
}
