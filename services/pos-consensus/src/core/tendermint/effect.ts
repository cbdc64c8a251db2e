/** Effects of the Tendermint core, to be performed in order. A `persist` is durable before what follows it. */
import type {
  CommitCertificate,
  DoubleVote,
  Hex,
  PosBlock,
  PosHeight,
  PosProposal,
  SignedProposal,
  SignedVote,
  Vote,
} from "@sequorum/protocol";
import type { Rejection } from "./errors.ts";
import type { PeerStatus, TimerId } from "./input.ts";

/** What travels between validators. */
export type Message =
  | { readonly type: "vote"; readonly vote: SignedVote }
  | { readonly type: "proposal"; readonly proposal: SignedProposal; readonly block: PosBlock }
  | { readonly type: "status"; readonly status: PeerStatus }
  | { readonly type: "blockRequest"; readonly height: PosHeight };

/** What a restarted validator must know to never contradict itself, and to prove what it is locked on. */
export type WalRecord =
  | { readonly type: "ownVote"; readonly vote: SignedVote }
  | { readonly type: "ownProposal"; readonly proposal: SignedProposal; readonly block: PosBlock }
  | {
      readonly type: "lock";
      readonly height: PosHeight;
      readonly round: number;
      readonly blockId: Hex;
      readonly block: PosBlock;
      readonly prevotes: readonly SignedVote[];
    };

export type Effect =
  | { readonly type: "scheduleTimer"; readonly timer: TimerId; readonly afterMs: number }
  /** getValue() of Algorithm 1 (L18); answered by `blockBuilt`. */
  | { readonly type: "buildBlock"; readonly height: PosHeight; readonly round: number }
  | { readonly type: "signProposal"; readonly proposal: PosProposal }
  | { readonly type: "signVote"; readonly vote: Vote }
  /** valid(v) of Algorithm 1; answered by `blockJudged`. */
  | {
      readonly type: "judgeBlock";
      readonly height: PosHeight;
      readonly blockId: Hex;
      readonly block: PosBlock;
    }
  | { readonly type: "persist"; readonly record: WalRecord }
  | { readonly type: "broadcast"; readonly message: Message }
  | { readonly type: "send"; readonly to: Hex; readonly message: Message }
  /** Execute and persist the block; answered by `heightCommitted`. */
  | { readonly type: "decide"; readonly block: PosBlock; readonly certificate: CommitCertificate }
  | { readonly type: "reportDoubleVote"; readonly evidence: DoubleVote }
  | { readonly type: "reject"; readonly rejection: Rejection };
