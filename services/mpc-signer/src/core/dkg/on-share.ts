/** Round 2: check every dealer's package by sender, deal the private shares, take the dealt ones. */
import {
  checkRound1Package,
  type DealerPackage,
  encodeRound1Package,
  type Hex,
  hexToBytes,
  isDealtShareValid,
  type Round1Package,
} from "@sequorum/protocol";
import { encryptShare } from "../share-encryption.ts";
import { dealRound1, dealShares, ephemeralSecretFor } from "./dealer.ts";
import type { DkgEffect, DkgInput, DkgStep } from "./messages.ts";
import { addressAt, type DkgBlame, type DkgState, placeOf, placeOfMember } from "./state.ts";

/** All packages are decided: verify them one sender at a time, then deal. */
export function onRound1Completed(state: DkgState, decided: readonly DealerPackage[]): DkgStep {
  if (state.phase !== "dealing") return { state, effects: [], rejected: "DUPLICATE" };
  const own = encodeRound1Package(dealRound1(state.secret, placeOf(state)));
  const packages: Round1Package[] = [];
  const blame: DkgBlame[] = [];
  for (const [index, member] of state.roster.entries()) {
    const entry = decided[index];
    const encoded = entry?.dealer === member.address ? entry.package : "0x";
    const checked = checkRound1Package(state.context, {
      index,
      threshold: state.threshold,
      encoded,
    });
    if (typeof checked === "string") blame.push({ member: member.address, code: checked });
    else packages.push(checked);
  }
  // Another package under our name: the secret at hand is not the one that was decided, so this node cannot deal.
  const replaced = decided[state.selfIndex]?.package !== own;
  if (blame.length > 0 || replaced) {
    return {
      state: { ...state, phase: "failed", blame },
      effects: [{ type: "eraseCeremony" }],
      blame,
    };
  }
  const sharing: DkgState = { ...state, phase: "sharing", packages };
  return takeEarlyShares({ state: sharing, effects: sendShares(sharing) });
}

/** A dealt share arrived and was opened; a wrong one is complained about at once. */
export function onShareReceived(
  state: DkgState,
  input: Extract<DkgInput, { type: "shareReceived" }>,
): DkgStep {
  const dealer = placeOfMember(state, input.dealer);
  if (dealer === undefined) return { state, effects: [], rejected: "NOT_A_MEMBER" };
  if (dealer === state.selfIndex) return { state, effects: [], rejected: "OWN_MESSAGE" };
  if (state.received[dealer] !== null) return { state, effects: [], rejected: "DUPLICATE" };
  if (state.phase === "dealing") {
    if (input.share === null) return { state, effects: [], rejected: "SHARE_WRONG" };
    return { state: withShare(state, dealer, input.share), effects: [] };
  }
  return takeShare({ state, effects: [] }, { dealer, share: input.share });
}

/** A receiver lost its share: the same ciphertext again. */
export function onShareRequested(state: DkgState, receiver: Hex): DkgStep {
  const index = placeOfMember(state, receiver);
  if (index === undefined) return { state, effects: [], rejected: "NOT_A_MEMBER" };
  if (state.phase === "dealing") return { state, effects: [], rejected: "PHASE" };
  return {
    state,
    effects: sendShares(state).filter((e) => e.type === "sendShare" && e.receiver === receiver),
  };
}

/** Every other member's share, encrypted; the same bytes each time. */
export function sendShares(state: DkgState): readonly DkgEffect[] {
  const place = placeOf(state);
  const shares = dealShares(state.secret, { place, packages: state.packages });
  return shares.flatMap((share, index) => {
    const receiver = state.roster[index];
    if (share === undefined || receiver === undefined) return [];
    const ciphertext = encryptShare(hexToBytes(share), {
      route: {
        context: state.context,
        dealer: addressAt(state, state.selfIndex),
        receiver: receiver.address,
      },
      receiverPublicKey: receiver.publicKey,
      ephemeralSecret: ephemeralSecretFor(state.secret, place, index),
    });
    return [{ type: "sendShare", receiver: receiver.address, ciphertext }];
  });
}

/** Adds a share without a check. */
export function withShare(state: DkgState, dealer: number, share: Hex | null): DkgState {
  return {
    ...state,
    received: state.received.map((known, index) => (index === dealer ? share : known)),
  };
}

function takeEarlyShares(step: DkgStep): DkgStep {
  const { state } = step;
  const cleared: DkgState = { ...state, received: state.received.map(() => null) };
  return state.received.reduce<DkgStep>(
    (acc, share, dealer) => {
      if (share === null) return acc;
      const { state: taken, effects } = takeShare(acc, { dealer, share });
      return { state: taken, effects };
    },
    { ...step, state: cleared },
  );
}

function takeShare(
  step: DkgStep,
  { dealer, share }: { dealer: number; share: Hex | null },
): DkgStep {
  const { state } = step;
  const commitment = state.packages[dealer]?.commitment ?? [];
  const right =
    share !== null && isDealtShareValid(commitment, { receiverIndex: state.selfIndex, share });
  if (right) return { ...step, state: withShare(state, dealer, share) };
  if (state.complained.includes(dealer)) return { ...step, rejected: "SHARE_WRONG" };
  return {
    state: { ...state, complained: [...state.complained, dealer] },
    effects: [...step.effects, { type: "submitComplaint", dealer: addressAt(state, dealer) }],
    rejected: "SHARE_WRONG",
  };
}
