/** The capabilities that the batcher needs from outside. */
import type { BatchHeader, BatchIndex, BlockHeight, Hex } from "@sequorum/protocol";
import type { BuiltBatch } from "./core/build-batch.ts";
import type { FetchedBlock } from "./core/input.ts";
import type { OpenBatch, Proposal } from "./core/state.ts";

/** Gets the certified blocks of a range that the own orderer holds, ascending; throws `RetryableError`. */
export type FetchBlocks = (from: BlockHeight, to: BlockHeight) => Promise<readonly FetchedBlock[]>;

/** Hands a pool payload to pos-consensus, which stores it before it answers; throws `RetryableError`. */
export type SubmitPayload = (payload: Uint8Array) => Promise<void>;

/** What the batcher says about an attempt. */
export type Statement = {
  readonly index: BatchIndex;
  readonly attempt: number;
  readonly role: "proposal" | "answer";
  readonly digest: Hex;
  /** Refusal code, null for a proposal or endorsement. */
  readonly refusal: string | null;
  readonly payload: Uint8Array;
  /** The batch that the statement vouches for; null for a refusal. */
  readonly batch: BuiltBatch | null;
};

/** What survives a restart. */
export type RestoredState = {
  readonly certifiedHeight: BlockHeight;
  readonly open: OpenBatch | null;
  readonly hasProposed: boolean;
  readonly hasAnswered: boolean;
  readonly proposal: Proposal | null;
};

/** A stored batch. */
export type StoredBatch = {
  readonly header: BatchHeader;
  readonly digest: Hex;
  readonly data: Uint8Array;
};
