/** Inputs of the Tendermint core. `verified...`: the shell has checked signatures and block ids. */
import type {
  CommitCertificate,
  Hex,
  PosBlock,
  PosHeight,
  SignedProposal,
  SignedVote,
  Validator,
} from "@sequorum/protocol";
import type { Verdict } from "../abci.ts";

/** What a timer is for; a timer of another height or round than the current one is stale. */
export type TimerId = {
  readonly kind:
    | "propose"
    | "prevote"
    | "precommit"
    | "pace"
    | "heartbeat"
    | "status"
    | "blockRequest";
  readonly height: PosHeight;
  readonly round: number;
};

/** Where a validator is. */
export type PeerStatus = {
  readonly height: PosHeight;
  readonly round: number;
  readonly step: HeightStep;
};

/** Steps within a height: waiting for work, then Algorithm 1's three, then execution of the decided block. */
export type HeightStep = "waiting" | "propose" | "prevote" | "precommit" | "decided";

/** `malformed`: the block breaks a rule of the chain and can never be decided. */
export type BlockVerdict = Verdict | "malformed";

/** The chain's state with which a height starts. */
export type HeightStart = {
  readonly height: PosHeight;
  readonly validators: readonly Validator[];
  /** Proposer priorities for round 0, one for each validator (proposer-selection.ts). */
  readonly priorities: readonly bigint[];
};

export type Input =
  /** The mempool, the local view or a deadline asks for a block of this height. */
  | { readonly type: "blockWanted"; readonly height: PosHeight }
  | { readonly type: "timerFired"; readonly timer: TimerId }
  /** Answer to `buildBlock`. */
  | {
      readonly type: "blockBuilt";
      readonly height: PosHeight;
      readonly round: number;
      readonly blockId: Hex;
      readonly block: PosBlock;
    }
  /** Answer to `signProposal`. */
  | { readonly type: "proposalSigned"; readonly proposal: SignedProposal; readonly atMs: bigint }
  /** Answer to `signVote`. */
  | { readonly type: "voteSigned"; readonly vote: SignedVote }
  /** Answer to `judgeBlock`. */
  | {
      readonly type: "blockJudged";
      readonly height: PosHeight;
      readonly blockId: Hex;
      readonly verdict: BlockVerdict;
    }
  /** The local view grew: blocks of unknown validity are judged again. */
  | { readonly type: "localViewChanged" }
  | {
      readonly type: "verifiedProposal";
      readonly proposal: SignedProposal;
      readonly block: PosBlock;
      readonly by: Hex;
      readonly atMs: bigint;
    }
  | { readonly type: "verifiedVote"; readonly vote: SignedVote; readonly by: Hex }
  /** A decided block with a certificate of this height's validators (block sync). */
  | {
      readonly type: "verifiedCommit";
      readonly block: PosBlock;
      readonly certificate: CommitCertificate;
      readonly by: Hex;
    }
  | { readonly type: "peerStatus"; readonly peer: Hex; readonly status: PeerStatus }
  | { readonly type: "peerLost"; readonly peer: Hex }
  /** Answer to `decide`: block and application state are durable. */
  | { readonly type: "heightCommitted"; readonly next: HeightStart };
