/**
 * One key generation as a pure function: Pedersen DKG with proofs of possession, private shares point to point,
 * everything else on the PoS chain. Equal inputs give equal outputs, so a session can be stored and replayed.
 */
import {
  assert,
  ceremonyTranscriptHash,
  encodeRound1Package,
  unreachable,
} from "@sequorum/protocol";
import { dealRound1, type DealerSecret, finishKey } from "./dealer.ts";
import type { DkgEffect, DkgInput, DkgStep, DkgTimer } from "./messages.ts";
import { onComplaintRaised, onShareRevealed } from "./on-complaint.ts";
import { onRound1Completed, onShareReceived, onShareRequested, sendShares } from "./on-share.ts";
import { addressAt, type DkgOpening, type DkgState, initialDkgState, placeOf } from "./state.ts";

/** Parts of the round's time, in percent, after which missing shares are asked for again, and complained about. */
const timerPercent: Readonly<Record<DkgTimer, number>> = { requestShares: 15, complain: 35 };

/** Opens a session: submits this member's round-1 package. */
export function openDkg(opening: DkgOpening, secret: DealerSecret): DkgStep {
  const state = initialDkgState(opening, secret);
  return { state, effects: [round1Effect(state)] };
}

/** Applies one input. */
export function dkgStep(state: DkgState, input: DkgInput): DkgStep {
  if (state.phase === "completed" || state.phase === "failed")
    return { state, effects: [], rejected: "PHASE" };
  switch (input.type) {
    case "round1Completed":
      return withTimers(finishIfReady(onRound1Completed(state, input.packages)));
    case "shareReceived":
      return finishIfReady(onShareReceived(state, input));
    case "shareRequested":
      return onShareRequested(state, input.receiver);
    case "complaintRaised":
      return onComplaintRaised(state, input);
    case "shareRevealed":
      return finishIfReady(onShareRevealed(state, input));
    case "timerFired":
      return onTimerFired(state, input.id);
    case "completed":
      return onCompleted(state, input);
    case "failed":
      return { state: { ...state, phase: "failed" }, effects: erasure(state) };
    case "resumed":
      return onResumed(state);
    default:
      return unreachable(input);
  }
}

/** Once the last dealt share is in: the key, stored before it is confirmed. */
function finishIfReady(step: DkgStep): DkgStep {
  const { state } = step;
  const missing = state.received.some(
    (share, index) => share === null && index !== state.selfIndex,
  );
  if (state.phase !== "sharing" || missing) return step;
  const key = finishKey(state.secret, {
    place: placeOf(state),
    packages: state.packages,
    received: state.received.map((share) => share ?? undefined),
  });
  const confirmed: DkgState = { ...state, phase: "confirmed", key };
  return { ...step, state: confirmed, effects: [...step.effects, ...confirmation(confirmed)] };
}

function confirmation(state: DkgState): readonly DkgEffect[] {
  assert(state.key !== null, "a confirmed session has its key");
  const { group, share } = state.key;
  return [
    { type: "storeKey", group, share },
    {
      type: "confirm",
      group,
      transcriptHash: ceremonyTranscriptHash(state.context, state.packages),
    },
  ];
}

function onTimerFired(state: DkgState, id: DkgTimer): DkgStep {
  if (state.phase !== "sharing") return { state, effects: [] };
  const missing = state.received.flatMap((share, index) =>
    share === null && index !== state.selfIndex && !state.complained.includes(index) ? [index] : [],
  );
  if (id === "requestShares") {
    return {
      state,
      effects: missing.map((index) => ({ type: "requestShare", dealer: addressAt(state, index) })),
    };
  }
  return {
    state: { ...state, complained: [...state.complained, ...missing] },
    effects: missing.map((index) => ({ type: "submitComplaint", dealer: addressAt(state, index) })),
  };
}

function onCompleted(state: DkgState, decided: Extract<DkgInput, { type: "completed" }>): DkgStep {
  const group = state.key?.group;
  const same =
    group !== undefined &&
    group.groupKey === decided.groupKey &&
    group.verifyingShares.length === decided.verifyingShares.length &&
    group.verifyingShares.every((share, index) => share === decided.verifyingShares[index]);
  if (!same)
    return {
      state: { ...state, phase: "failed" },
      effects: erasure(state),
      rejected: "KEY_DIFFERS",
    };
  // The polynomial and the dealt shares are of no more use: only the sum stays.
  return {
    state: { ...state, phase: "completed" },
    effects: [{ type: "activateKey" }, { type: "eraseCeremony" }],
  };
}

/** A void attempt leaves nothing: a share of a polynomial that other members may still know is worth erasing. */
function erasure(state: DkgState): readonly DkgEffect[] {
  const key: readonly DkgEffect[] = state.key === null ? [] : [{ type: "eraseKey" }];
  return [...key, { type: "eraseCeremony" }];
}

/** After a restart everything may be repeated: payloads and shares are the same bytes as before. */
function onResumed(state: DkgState): DkgStep {
  if (state.phase === "dealing") return { state, effects: [round1Effect(state)] };
  if (state.phase === "confirmed")
    return { state, effects: [...sendShares(state), ...confirmation(state)] };
  const complaints = state.complained.map(
    (index): DkgEffect => ({ type: "submitComplaint", dealer: addressAt(state, index) }),
  );
  return withTimers({ state, effects: [...sendShares(state), ...complaints] });
}

function withTimers(step: DkgStep): DkgStep {
  if (step.state.phase !== "sharing") return step;
  const timers = (["requestShares", "complain"] as const).map(
    (id): DkgEffect => ({ type: "scheduleTimer", id, share: timerPercent[id] / 100 }),
  );
  return { ...step, effects: [...step.effects, ...timers] };
}

function round1Effect(state: DkgState): DkgEffect {
  return {
    type: "submitRound1",
    package: encodeRound1Package(dealRound1(state.secret, placeOf(state))),
  };
}
