/** Why this batcher refuses a batch proposal; the codes travel in `batchRefusal` pool transactions. */
import type { BatchHeaderField } from "@sequorum/protocol";

/** Refusal codes that are not about one recomputed field. */
type RuleRefusal =
  /** The header contradicts itself (`findBatchHeaderFault`). */
  | "HEADER_MALFORMED"
  /** The header is not for the open index, or does not start at its first block. */
  | "RANGE_NOT_OPEN"
  /** More blocks than `batchBlocksMax`. */
  | "TOO_MANY_BLOCKS"
  /** Data larger than `batchBytesMax`. */
  | "DATA_TOO_LARGE"
  /** A block of the batch is not certified by the PoS chain. */
  | "BLOCKS_NOT_CERTIFIED"
  /** Own blocks do not follow the batch before. */
  | "PARENT_BLOCK_CONTRADICTED";

/** Code for each header field that differs from the recomputed one. */
export const fieldRefusals = {
  version: "VERSION_DIFFERS",
  stfVersion: "STF_VERSION_DIFFERS",
  chainId: "CHAIN_ID_DIFFERS",
  index: "INDEX_DIFFERS",
  parentHash: "PARENT_HASH_DIFFERS",
  firstBlock: "FIRST_BLOCK_DIFFERS",
  lastBlock: "LAST_BLOCK_DIFFERS",
  parentBlockHash: "PARENT_BLOCK_HASH_DIFFERS",
  lastBlockHash: "LAST_BLOCK_HASH_DIFFERS",
  postStateRoot: "POST_STATE_ROOT_DIFFERS",
  blockRoot: "BLOCK_ROOT_DIFFERS",
  daKind: "DATA_KIND_DIFFERS",
  daSize: "DATA_SIZE_DIFFERS",
  daRoot: "DATA_ROOT_DIFFERS",
  queueFrom: "QUEUE_FROM_DIFFERS",
  queueTo: "QUEUE_TO_DIFFERS",
  l1OriginNumber: "L1_ORIGIN_NUMBER_DIFFERS",
  l1OriginHash: "L1_ORIGIN_HASH_DIFFERS",
  epoch: "EPOCH_DIFFERS",
  proposer: "PROPOSER_DIFFERS",
  timestamp: "TIMESTAMP_DIFFERS",
} as const satisfies Record<BatchHeaderField, string>;

/** Why a proposal is refused. */
export type RefusalCode = RuleRefusal | (typeof fieldRefusals)[BatchHeaderField];
