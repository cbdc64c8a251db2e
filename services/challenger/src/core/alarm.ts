/** What a posted batch can have wrong. An alarm names batch, and block and field where there is one. */
import type { BatchHeaderField, BatchIndex, BlockHeight } from "@sequorum/protocol";

export type AlarmCode =
  /** The transaction that emitted the event is no direct call of `submitBatch`, so its data cannot be found. */
  | "CALLDATA_NOT_FOUND"
  /** Header in calldata and header in the event, or its hash, are not the same. */
  | "EVENT_CONTRADICTS_CALLDATA"
  /** The header contradicts itself (`findBatchHeaderFault`) or is for another chain or version. */
  | "HEADER_MALFORMED"
  /** The header does not continue the batch before. */
  | "HEADER_NOT_LINKED"
  /** The data is not what `daSize` and `daRoot` say. */
  | "DATA_COMMITMENT_DIFFERS"
  /** The group signature or the endorsements do not hold (T1). */
  | "PROOF_INVALID"
  /** The data is not the canonical encoding of any blocks. */
  | "DATA_NOT_DECODABLE"
  /** The data has another number of blocks than the header. */
  | "BLOCK_COUNT_DIFFERS"
  /** A block is not valid on its parent. */
  | "BLOCK_NOT_INCLUDABLE"
  /** A header field differs from the re-executed blocks. */
  | "FIELD_DIFFERS";

export type Alarm = {
  readonly batchIndex: BatchIndex;
  readonly code: AlarmCode;
  /** The header field at fault, null when it is not one field. */
  readonly field: BatchHeaderField | null;
  /** The block at fault, null when it is not one block. */
  readonly height: BlockHeight | null;
  /** What was found, for the operator. */
  readonly detail: string;
};
