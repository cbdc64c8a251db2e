/** What the signer needs from outside, as narrow types. */
import type { BatchIndex, DecisionBody, Hex, PoolPayload } from "@sequorum/protocol";
import type { MpcPeer } from "./adapters/mpc-channel.ts";

/** Hands a payload to this operator's pos-consensus; resolves when it is stored there. */
export type SubmitPayload = (payload: PoolPayload, signal: AbortSignal) => Promise<void>;

/** The digest that this operator's own batcher endorsed; undefined when it endorsed none. */
export type ReadEndorsedDigest = (
  batch: { readonly index: BatchIndex; readonly attempt: number },
  signal: AbortSignal,
) => Promise<Hex | undefined>;

/** The members' addresses on the MPC channel as registered on L1. */
export type ReadPeers = (signal: AbortSignal) => Promise<readonly MpcPeer[]>;

/** The decisions that concern this service. */
export type SignerDecision = Extract<
  DecisionBody,
  {
    readonly type:
      | "ceremonyOpened"
      | "ceremonyRound1Completed"
      | "ceremonyComplaintRaised"
      | "ceremonyShareRevealed"
      | "ceremonyCompleted"
      | "ceremonyFailed"
      | "signingSessionOpened"
      | "signingSessionClosed"
      | "nonceCommitmentsRecorded"
      | "epochKeySigned"
      | "keyRetired"
      | "keyErased"
      | "membersSet"
      | "epochActivated";
  }
> & { readonly timeMs: number };
