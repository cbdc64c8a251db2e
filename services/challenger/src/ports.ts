/** The facts that the challenger takes from one L1 block, and what it reports. */
import type { BatchIndex, BlockHeight, Hex, L1BlockNumber } from "@sequorum/protocol";
import type { EpochKey, Submission } from "./core/state.ts";

/** An L1 block, as origin of L2 blocks. */
export type L1Origin = {
  readonly number: L1BlockNumber;
  readonly hash: Hex;
  readonly timestamp: bigint;
};

/** One thing that happened on L1. */
export type L1Fact =
  | {
      readonly type: "batchSubmitted";
      readonly submission: Submission;
      /** Seconds since 1970 from which on L1 takes no challenge of the batch. */
      readonly finalAtSeconds: bigint;
    }
  | { readonly type: "epochRegistered"; readonly key: EpochKey }
  | { readonly type: "batchesInvalidated"; readonly fromIndex: BatchIndex }
  | { readonly type: "entryEnqueued"; readonly position: bigint; readonly transaction: Uint8Array };

/** How far the derivation is. */
export type DerivationStatus = {
  readonly verifiedHeight: BlockHeight;
  readonly verifiedHash: Hex;
  readonly verifiedBatch: BatchIndex;
  readonly postedHeight: BlockHeight;
  readonly postedBatch: BatchIndex;
  readonly alarms: number;
  readonly l1Head: L1BlockNumber;
};
