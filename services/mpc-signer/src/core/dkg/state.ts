/** State of one key generation as one member sees it. It holds secrets: it is stored encrypted and never logged. */
import {
  assert,
  type CeremonyBinding,
  ceremonyContext,
  type Epoch,
  type GroupPublic,
  type Hex,
  type PoolMember,
  type Round1Package,
  type SigningDomain,
} from "@sequorum/protocol";
import type { DealerPlace, DealerSecret, KeyShare } from "./dealer.ts";

/**
 * dealing: own round-1 package is out. sharing: all packages are decided, shares travel. confirmed: own key is
 * stored and confirmed. completed: the pool decided the key. failed: this attempt is void here.
 */
export type DkgPhase = "dealing" | "sharing" | "confirmed" | "completed" | "failed";

/** A complaint as decided: roster places. */
export type Accusation = { readonly dealer: number; readonly complainer: number };

/** Why a member is blamed by this node. */
export type DkgBlameCode =
  | "ROUND1_LENGTH"
  | "ROUND1_POINT"
  | "ROUND1_PROOF"
  | "REVEAL_WRONG"
  | "TOO_MANY_ACCUSED";

/** A member found at fault, by address. */
export type DkgBlame = { readonly member: Hex; readonly code: DkgBlameCode };

/** One member's view of one ceremony. Arrays with a place per roster member hold null where nothing is known. */
export type DkgState = {
  readonly ceremonyId: Hex;
  readonly context: Hex;
  readonly epoch: Epoch;
  readonly threshold: number;
  /** Addresses and public keys, pinned before round 1. */
  readonly roster: readonly { readonly address: Hex; readonly publicKey: Hex }[];
  readonly selfIndex: number;
  readonly secret: DealerSecret;
  readonly phase: DkgPhase;
  /** All round-1 packages, once decided. */
  readonly packages: readonly Round1Package[];
  /** f_i(self) of each dealer i; before round 1 is decided they are unchecked. */
  readonly received: readonly (Hex | null)[];
  /** Dealers this member has complained about. */
  readonly complained: readonly number[];
  readonly accusations: readonly Accusation[];
  readonly key: { readonly group: GroupPublic; readonly share: KeyShare } | null;
  readonly blame: readonly DkgBlame[];
};

/** The decision that opens a ceremony, for the member `self` with a fresh seed. */
export type DkgOpening = {
  readonly domain: SigningDomain;
  readonly ceremonyId: Hex;
  readonly epoch: Epoch;
  readonly threshold: number;
  readonly roster: readonly Pick<PoolMember, "address" | "publicKey">[];
  readonly self: Hex;
};

/** The ceremony that an opening pins. */
export function bindingOf(opening: DkgOpening): CeremonyBinding {
  return {
    domain: opening.domain,
    ceremonyId: opening.ceremonyId,
    epoch: opening.epoch,
    threshold: opening.threshold,
    roster: opening.roster.map(({ address }) => address),
  };
}

/** State before round 1. The secret must be fresh: a seed serves one ceremony. */
export function initialDkgState(opening: DkgOpening, secret: DealerSecret): DkgState {
  const selfIndex = opening.roster.findIndex(({ address }) => address === opening.self);
  assert(selfIndex >= 0, "only roster members open a session", { self: opening.self });
  return {
    ceremonyId: opening.ceremonyId,
    context: ceremonyContext(bindingOf(opening)),
    epoch: opening.epoch,
    threshold: opening.threshold,
    roster: opening.roster.map(({ address, publicKey }) => ({ address, publicKey })),
    selfIndex,
    secret,
    phase: "dealing",
    packages: [],
    received: opening.roster.map(() => null),
    complained: [],
    accusations: [],
    key: null,
    blame: [],
  };
}

/** Where this member deals. */
export function placeOf(state: DkgState): DealerPlace {
  return {
    context: state.context,
    selfIndex: state.selfIndex,
    members: state.roster.length,
    threshold: state.threshold,
  };
}

/** Roster place of an address; undefined for a non-member. */
export function placeOfMember(state: DkgState, address: Hex): number | undefined {
  const index = state.roster.findIndex((member) => member.address === address);
  return index < 0 ? undefined : index;
}

/** Address at a roster place. */
export function addressAt(state: DkgState, index: number): Hex {
  const member = state.roster[index];
  assert(member !== undefined, "the place is in the roster", { index });
  return member.address;
}
