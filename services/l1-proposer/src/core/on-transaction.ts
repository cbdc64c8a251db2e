// A transaction was stored, or the node answered to one.

import { assert } from "@sequorum/protocol";
import type { Hex } from "@sequorum/protocol";
import type { BroadcastOutcome } from "./input.ts";
import { backoffMs } from "./schedule.ts";
import {
  isWanted,
  type Slot,
  type State,
  type StoredTransaction,
  type SubmissionKey,
  slotOf,
  withSlot,
  withStatus,
  withWork,
  workOf,
} from "./state.ts";

type Prepared = {
  readonly nonce: number;
  readonly owner: SubmissionKey | undefined;
  readonly transaction: StoredTransaction;
};

/** P1: it is in the store, so it may be sent; it will be, as the newest of its slot. */
export function onTransactionPrepared(
  state: State,
  { nonce, owner, transaction }: Prepared,
): State {
  assert(state.preparing?.nonce === nonce, "only what was asked for is prepared", { nonce });
  const added: State = { ...state, preparing: undefined };
  const slot = slotOf(state, nonce);
  if (slot !== undefined) {
    return withSlot(added, nonce, {
      transactions: [...slot.transactions, transaction],
      broadcastAtMs: state.nowMs,
      bumpAtMs: state.nowMs + state.parameters.feeBumpAfterMs,
      isCapped: false,
    });
  }
  const created: Slot = {
    nonce,
    owner,
    transactions: [transaction],
    outcome: { type: "pending" },
    broadcastAtMs: state.nowMs,
    bumpAtMs: state.nowMs + state.parameters.feeBumpAfterMs,
    isCapped: false,
  };
  const slots = [...added.slots, created].sort((a, b) => a.nonce - b.nonce);
  const withCreated: State = { ...added, slots };
  // Whatever happened meanwhile (replaced, superseded): then the nonce is used up by a cancelling transaction.
  if (owner === undefined || state.submissions[owner]?.status.type !== "fresh") return withCreated;
  return withStatus(withCreated, owner, { type: "prepared", nonce });
}

/** The nonce is still free; what it was for is tried again. */
export function onPreparationFailed(state: State, nonce: number): State {
  const { preparing } = state;
  assert(preparing?.nonce === nonce, "only what was asked for can fail", { nonce });
  const free: State = { ...state, preparing: undefined };
  if (slotOf(state, nonce) !== undefined) {
    return withSlot(free, nonce, { bumpAtMs: state.nowMs + state.parameters.retryAfterMs });
  }
  if (preparing.owner === undefined) return free;
  const failures = workOf(state, preparing.owner).failures + 1;
  const retryAtMs = state.nowMs + backoffMs(state.parameters, failures);
  return withWork(free, preparing.owner, { activity: "idle", failures, retryAtMs });
}

/** What the node said; only receipts tell what became of a transaction. */
export function onTransactionBroadcast(
  state: State,
  { hash, outcome }: { hash: Hex; outcome: BroadcastOutcome },
): State {
  const slot = state.slots.find(({ transactions }) => transactions.some((t) => t.hash === hash));
  if (slot === undefined) return state;
  const { retryAfterMs, rebroadcastAfterMs } = state.parameters;
  const again = (afterMs: number, changed: Partial<Slot> = {}): State =>
    withSlot(state, slot.nonce, { broadcastAtMs: state.nowMs + afterMs, ...changed });
  switch (outcome) {
    case "accepted":
    case "alreadyKnown":
      return markSent(again(rebroadcastAfterMs), slot, hash);
    case "nonceTooLow":
      return again(rebroadcastAfterMs);
    case "underpriced":
      return again(rebroadcastAfterMs, { bumpAtMs: state.nowMs });
    case "refused":
      return { ...again(rebroadcastAfterMs), refusedTransactions: state.refusedTransactions + 1 };
    case "insufficientFunds":
    case "unavailable":
      return again(retryAfterMs);
  }
}

function markSent(state: State, slot: Slot, hash: Hex): State {
  const transactions = slot.transactions.map((t) => (t.hash === hash ? { ...t, isSent: true } : t));
  const marked = withSlot(state, slot.nonce, { transactions });
  const status = slot.owner === undefined ? undefined : state.submissions[slot.owner]?.status;
  if (slot.owner === undefined || !isWanted(state, slot) || status?.type !== "prepared")
    return marked;
  return withStatus(marked, slot.owner, { type: "sent", nonce: slot.nonce });
}
