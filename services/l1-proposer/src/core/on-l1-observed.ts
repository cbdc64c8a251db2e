// L1 as it is at one block: what became of our nonces, then of our submissions.

import type { Hex } from "@sequorum/protocol";
import type { Effect } from "./effect.ts";
import type { Receipt } from "./input.ts";
import { settleSubmission } from "./settle-submission.ts";
import {
  type L1View,
  type Slot,
  type SlotOutcome,
  type State,
  submissionsInOrder,
  withSlot,
} from "./state.ts";

type Observation = {
  readonly view: L1View;
  readonly hashes: readonly Hex[];
  readonly receipts: readonly Receipt[];
};

/** Takes an observation over, unless the node has fallen behind what was seen before. */
export function onL1Observed(
  state: State,
  { view, hashes, receipts }: Observation,
): { state: State; effects: readonly Effect[] } {
  const nowMs = Math.max(state.nowMs, view.observedAtMs);
  if (!coversAll(state, hashes)) return { state: { ...state, nowMs }, effects: [] };
  if (isBehind(state, view, nowMs)) {
    const sinceMs = state.trouble?.type === "behind" ? state.trouble.sinceMs : nowMs;
    return { state: { ...state, nowMs, trouble: { type: "behind", sinceMs } }, effects: [] };
  }
  let next: State = { ...state, nowMs, l1: view, trouble: undefined };
  for (const slot of state.slots) {
    next = applyOutcome(next, slot, outcomeOf(slot, view, receipts));
  }
  for (const submission of submissionsInOrder(next)) {
    next = settleSubmission(next, submission, view);
  }
  return dropFinalSlots(next, view);
}

// Asked before the newest transaction was stored, an observation may show its effects without its receipt.
function coversAll({ slots }: State, hashes: readonly Hex[]): boolean {
  return slots.every(({ transactions }) => transactions.every(({ hash }) => hashes.includes(hash)));
}

// An older head says nothing about what came later. Only when it stays is it taken for the chain (a chain can become shorter).
function isBehind(state: State, view: L1View, nowMs: number): boolean {
  if (state.l1 === undefined || view.block >= state.l1.block) return false;
  const sinceMs = state.trouble?.type === "behind" ? state.trouble.sinceMs : nowMs;
  return nowMs - sinceMs < state.parameters.behindMsMax;
}

function outcomeOf(slot: Slot, view: L1View, receipts: readonly Receipt[]): SlotOutcome {
  const receipt = receipts.find(
    ({ hash, block }) => block <= view.block && slot.transactions.some((t) => t.hash === hash),
  );
  if (receipt !== undefined) return { type: "mined", ...receipt };
  if (view.nonce <= slot.nonce) return { type: "pending" };
  const sinceBlock = slot.outcome.type === "lost" ? slot.outcome.sinceBlock : view.block;
  return { type: "lost", sinceBlock };
}

/** P8: what a reorg took out of the chain is sent again at once, the same bytes. */
function applyOutcome(state: State, slot: Slot, outcome: SlotOutcome): State {
  const isReorged = slot.outcome.type === "mined" && outcome.type === "pending";
  const { nowMs, parameters } = state;
  const again = { broadcastAtMs: nowMs, bumpAtMs: nowMs + parameters.feeBumpAfterMs };
  return withSlot(state, slot.nonce, { outcome, ...(isReorged ? again : {}) });
}

function dropFinalSlots(state: State, view: L1View): { state: State; effects: readonly Effect[] } {
  const { finalityDepth, confirmationDepth } = state.parameters;
  const isFinal = ({ outcome }: Slot): boolean => {
    if (outcome.type === "mined") return view.block - outcome.block >= BigInt(finalityDepth);
    return outcome.type === "lost" && view.block - outcome.sinceBlock >= BigInt(confirmationDepth);
  };
  const final = state.slots.filter(isFinal);
  if (final.length === 0) return { state, effects: [] };
  return {
    state: {
      ...state,
      slots: state.slots.filter((slot) => !isFinal(slot)),
      nonceFloor: Math.max(state.nonceFloor, ...final.map(({ nonce }) => nonce + 1)),
      foreignTransactions:
        state.foreignTransactions + final.filter(({ outcome }) => outcome.type === "lost").length,
    },
    effects: final.map(({ nonce }) => ({ type: "saveNonceFinal", nonce })),
  };
}
