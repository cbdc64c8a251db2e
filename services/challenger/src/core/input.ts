/** What happened on L1, in L1's order, and the answers to `decodeData` and `executeBlock`. */
import type { BatchBlock, BatchIndex } from "@sequorum/protocol";
import type { DerivedBlock, EpochKey, Submission, Tip } from "./state.ts";

export type Input =
  | { readonly type: "batchSubmitted"; readonly submission: Submission }
  | { readonly type: "epochRegistered"; readonly key: EpochKey }
  /** L1 voided the batches from `fromIndex` on; `tip` is the verified end of what remains. */
  | { readonly type: "batchesInvalidated"; readonly fromIndex: BatchIndex; readonly tip: Tip }
  | { readonly type: "dataDecoded"; readonly blocks: readonly BatchBlock[] }
  /** `reason` is the code with which L1 would refuse the data. */
  | { readonly type: "dataNotDecodable"; readonly reason: string }
  | { readonly type: "blockExecuted"; readonly block: DerivedBlock }
  /** `reason` says why there is no such block. */
  | { readonly type: "blockNotIncludable"; readonly reason: string };
