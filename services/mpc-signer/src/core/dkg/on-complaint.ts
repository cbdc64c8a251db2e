/** Complaints and revealed shares: both are decisions of the PoS chain, so every member judges the same list. */
import { isDealtShareValid } from "@sequorum/protocol";
import { dealShares } from "./dealer.ts";
import type { DkgEffect, DkgInput, DkgStep } from "./messages.ts";
import { withShare } from "./on-share.ts";
import { addressAt, type DkgBlame, type DkgState, placeOf, placeOfMember } from "./state.ts";

/**
 * A complaint: the accused dealer reveals. A revealed share may tell t - 1 colluders the whole polynomial of an
 * honest dealer, so at most n - t dealers may ever be accused: then at least t dealers are untouched, one of
 * them honest, and the sum stays secret. One dealer more, and the attempt is void.
 */
export function onComplaintRaised(
  state: DkgState,
  { dealer, complainer }: Extract<DkgInput, { type: "complaintRaised" }>,
): DkgStep {
  const accused = placeOfMember(state, dealer);
  const accuser = placeOfMember(state, complainer);
  if (accused === undefined || accuser === undefined)
    return { state, effects: [], rejected: "NOT_A_MEMBER" };
  if (state.phase === "dealing" || accused === accuser)
    return { state, effects: [], rejected: "PHASE" };
  if (state.accusations.some((a) => a.dealer === accused && a.complainer === accuser)) {
    return { state, effects: [], rejected: "DUPLICATE" };
  }
  const accusations = [...state.accusations, { dealer: accused, complainer: accuser }];
  const next: DkgState = { ...state, accusations };
  if (new Set(accusations.map((a) => a.dealer)).size > state.roster.length - state.threshold)
    return tooMany(next);
  return { state: next, effects: accused === state.selfIndex ? reveal(next, accuser) : [] };
}

/** A revealed share: publicly checked, and used by the receiver who missed it. */
export function onShareRevealed(
  state: DkgState,
  { dealer, complainer, share }: Extract<DkgInput, { type: "shareRevealed" }>,
): DkgStep {
  const accused = placeOfMember(state, dealer);
  const accuser = placeOfMember(state, complainer);
  if (accused === undefined || accuser === undefined)
    return { state, effects: [], rejected: "NOT_A_MEMBER" };
  if (state.phase === "dealing") return { state, effects: [], rejected: "PHASE" };
  const commitment = state.packages[accused]?.commitment ?? [];
  if (!isDealtShareValid(commitment, { receiverIndex: accuser, share })) {
    const blame: readonly DkgBlame[] = [{ member: dealer, code: "REVEAL_WRONG" }];
    return { state: { ...state, blame: [...state.blame, ...blame] }, effects: [], blame };
  }
  if (accuser !== state.selfIndex || state.received[accused] !== null)
    return { state, effects: [] };
  return { state: withShare(state, accused, share), effects: [] };
}

function reveal(state: DkgState, receiver: number): readonly DkgEffect[] {
  const share = dealShares(state.secret, { place: placeOf(state), packages: state.packages })[
    receiver
  ];
  return share === undefined
    ? []
    : [{ type: "submitReveal", receiver: addressAt(state, receiver), share }];
}

/** Blames whoever accused more dealers than can be faulty together with itself unnoticed; else nobody in particular. */
function tooMany(state: DkgState): DkgStep {
  // The pool may still decide a key that this member confirmed, so it keeps it; nothing is revealed any more.
  if (state.phase === "confirmed") return { state, effects: [] };
  const limit = state.roster.length - state.threshold;
  const blame = state.roster.flatMap(({ address }, complainer): readonly DkgBlame[] => {
    const count = state.accusations.filter((a) => a.complainer === complainer).length;
    return count > limit ? [{ member: address, code: "TOO_MANY_ACCUSED" }] : [];
  });
  return {
    state: { ...state, phase: "failed", blame: [...state.blame, ...blame] },
    effects: [{ type: "eraseCeremony" }],
    blame,
  };
}
