/** What moves a key generation and what it asks for. Inputs marked SECRET and their effects never reach a log. */
import type { DealerPackage, GroupPublic, Hex } from "@sequorum/protocol";
import type { DkgBlame, DkgState } from "./state.ts";
import type { KeyShare } from "./dealer.ts";

/** Timers of a ceremony: when to ask for missing shares again, and when to complain about them. */
export type DkgTimer = "requestShares" | "complain";

/** Inputs. Addresses name members; everything from the PoS chain is a decision, hence the same everywhere. */
export type DkgInput =
  | { readonly type: "round1Completed"; readonly packages: readonly DealerPackage[] }
  /** SECRET. `share` is null when the ciphertext did not open. */
  | { readonly type: "shareReceived"; readonly dealer: Hex; readonly share: Hex | null }
  | { readonly type: "shareRequested"; readonly receiver: Hex }
  | { readonly type: "complaintRaised"; readonly dealer: Hex; readonly complainer: Hex }
  | {
      readonly type: "shareRevealed";
      readonly dealer: Hex;
      readonly complainer: Hex;
      readonly share: Hex;
    }
  | { readonly type: "timerFired"; readonly id: DkgTimer }
  | { readonly type: "completed"; readonly groupKey: Hex; readonly verifyingShares: readonly Hex[] }
  | { readonly type: "failed"; readonly culprits: readonly Hex[] }
  /** The process restarted: repeat what may not have been done. */
  | { readonly type: "resumed" };

/** Effects, performed in order after the state is stored. */
export type DkgEffect =
  | { readonly type: "submitRound1"; readonly package: Hex }
  | { readonly type: "submitComplaint"; readonly dealer: Hex }
  /** SECRET until it is submitted: the share becomes public. */
  | { readonly type: "submitReveal"; readonly receiver: Hex; readonly share: Hex }
  | { readonly type: "sendShare"; readonly receiver: Hex; readonly ciphertext: Hex }
  | { readonly type: "requestShare"; readonly dealer: Hex }
  /** SECRET. Store the share durably before the confirmation that follows. */
  | { readonly type: "storeKey"; readonly group: GroupPublic; readonly share: KeyShare }
  | { readonly type: "confirm"; readonly group: GroupPublic; readonly transcriptHash: Hex }
  | { readonly type: "activateKey" }
  | { readonly type: "eraseCeremony" }
  | { readonly type: "eraseKey" }
  | { readonly type: "scheduleTimer"; readonly id: DkgTimer; readonly share: number };

/** Result of one input; `rejected` says that the input was refused and why, the state being unchanged. */
export type DkgStep = {
  readonly state: DkgState;
  readonly effects: readonly DkgEffect[];
  readonly blame?: readonly DkgBlame[];
  readonly rejected?: DkgRejection;
};

/** Why an input is refused. */
export type DkgRejection =
  | "NOT_A_MEMBER"
  | "PHASE"
  | "DUPLICATE"
  | "OWN_MESSAGE"
  | "SHARE_WRONG"
  | "KEY_DIFFERS";
