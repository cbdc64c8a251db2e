/**
 * One attempt at a threshold signature as a pure function: FROST (RFC 9591) with the commitments that the PoS chain
 * assigned, hence one online round; every signer aggregates, and submits in its turn.
 */
import { aggregateShares, assert, type Hex, isHex, unreachable } from "@sequorum/protocol";
import type { SigningEffect, SigningInput, SigningStep } from "./messages.ts";
import {
  initialSigningState,
  isSigningOver,
  type SigningOpening,
  type SigningRefusal,
  type SigningState,
} from "./state.ts";

/** Head start of each signer over the next in submitting the signature. */
export const submitStaggerMs = 150;
/** Part of the attempt's time after which missing signers are reported. */
const expireAfter = 0.7;

/** Opens an attempt. */
export function openSigning(opening: SigningOpening): SigningStep {
  const state = initialSigningState(opening);
  if (state.phase === "refused") return { state, effects: [{ type: "discardNonce" }] };
  return {
    state,
    effects: [
      { type: "checkDigest" },
      { type: "scheduleTimer", id: "expire", afterMs: Math.floor(opening.timeoutMs * expireAfter) },
    ],
  };
}

/** Applies one input. */
export function signingStep(state: SigningState, input: SigningInput): SigningStep {
  if (isSigningOver(state)) return { state, effects: [], rejected: "PHASE" };
  switch (input.type) {
    case "digestChecked":
      if (state.phase !== "checking") return { state, effects: [], rejected: "PHASE" };
      if (input.refusal !== null) return refuse(state, input.refusal);
      return { state: { ...state, phase: "releasing" }, effects: [{ type: "releaseShare" }] };
    case "shareReleased":
      return onShareReleased(state, input.share);
    case "releaseFailed":
      if (state.phase !== "releasing") return { state, effects: [], rejected: "PHASE" };
      return refuse(state, input.refusal);
    case "shareReceived":
      return onShareReceived(state, input);
    case "timerFired":
      return input.id === "submit" ? onSubmit(state) : onExpire(state);
    case "closed":
      return { state: { ...state, phase: "closed" }, effects: [{ type: "discardNonce" }] };
    default:
      return unreachable(input);
  }
}

/** Also entered directly after a restart, with the share that was stored when its nonce was spent. */
function onShareReleased(state: SigningState, share: Hex): SigningStep {
  if (state.phase !== "releasing" && state.phase !== "checking")
    return { state, effects: [], rejected: "PHASE" };
  const receivers = state.signers
    .map(({ address }) => address)
    .filter((address) => address !== state.self);
  const collecting: SigningState = {
    ...state,
    phase: "collecting",
    shares: { ...state.shares, [state.self]: share },
  };
  return aggregateIfComplete({
    state: collecting,
    effects: [{ type: "sendShare", receivers, share }],
  });
}

function onShareReceived(
  state: SigningState,
  { from, share }: { from: Hex; share: Hex },
): SigningStep {
  if (from === state.self) return { state, effects: [], rejected: "OWN_MESSAGE" };
  if (!state.signers.some(({ address }) => address === from))
    return { state, effects: [], rejected: "NOT_A_SIGNER" };
  if (!isHex(share, 32)) return { state, effects: [], rejected: "MALFORMED" };
  // The first share counts: a signer that sends two cannot make this node check without end.
  if (state.shares[from] !== undefined) return { state, effects: [], rejected: "DUPLICATE" };
  return aggregateIfComplete({
    state: { ...state, shares: { ...state.shares, [from]: share } },
    effects: [],
  });
}

function aggregateIfComplete(step: SigningStep): SigningStep {
  const { state } = step;
  const missing = state.signers.some(({ address }) => state.shares[address] === undefined);
  if (state.phase !== "collecting" || missing) return step;
  const byIndex = new Map(
    state.signers.map(({ address, index }) => [index, state.shares[address] ?? "0x"]),
  );
  const result = aggregateShares(state.package, byIndex);
  if (result.type === "signed") {
    const position = state.signers.findIndex(({ address }) => address === state.self);
    assert(position >= 0, "only signers aggregate");
    const submit: SigningEffect =
      position === 0
        ? { type: "submitSignature", signature: result.signature }
        : { type: "scheduleTimer", id: "submit", afterMs: position * submitStaggerMs };
    return {
      state: { ...state, phase: "signed", signature: result.signature },
      effects: [...step.effects, submit],
    };
  }
  const culprits = state.signers
    .filter(({ index }) => result.culprits.includes(index))
    .map(({ address }) => address);
  assert(culprits.length > 0, "a failed aggregation has a culprit");
  assert(!culprits.includes(state.self), "the own share is right");
  const failed: SigningState = { ...state, phase: "failed", culprits };
  return {
    state: failed,
    effects: [...step.effects, { type: "submitFailure", culprits }],
    blame: culprits,
  };
}

function onSubmit(state: SigningState): SigningStep {
  if (state.signature === null) return { state, effects: [] };
  return { state, effects: [{ type: "submitSignature", signature: state.signature }] };
}

/** Who has given no share by now is reported, so that the next attempt goes on without it; a late share still counts. */
function onExpire(state: SigningState): SigningStep {
  if (state.phase !== "collecting") return { state, effects: [] };
  const silent = state.signers
    .map(({ address }) => address)
    .filter((address) => state.shares[address] === undefined);
  return {
    state: { ...state, culprits: silent },
    effects: [{ type: "submitFailure", culprits: silent }],
    blame: silent,
  };
}

function refuse(state: SigningState, refusal: SigningRefusal): SigningStep {
  return { state: { ...state, phase: "refused", refusal }, effects: [{ type: "discardNonce" }] };
}
