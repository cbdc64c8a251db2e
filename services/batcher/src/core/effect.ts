/** What the batcher wants done; each is durable before anything of it leaves the operator. */
import type { BatchIndex, BlockHeight, Hex } from "@sequorum/protocol";
import type { BuiltBatch } from "./build-batch.ts";
import type { RefusalCode } from "./errors.ts";

export type Effect =
  /** Answered by `blocksFetched` or `fetchFailed`. */
  | { readonly type: "fetchBlocks"; readonly from: BlockHeight; readonly to: BlockHeight }
  /** Store batch and payload, then submit `batchProposal`. */
  | { readonly type: "propose"; readonly attempt: number; readonly batch: BuiltBatch }
  /** Sign the digest, store batch, signature and payload, then submit `batchEndorsement`. */
  | { readonly type: "endorse"; readonly attempt: number; readonly batch: BuiltBatch }
  /** Store the refusal, then submit `batchRefusal`. */
  | {
      readonly type: "refuse";
      readonly index: BatchIndex;
      readonly attempt: number;
      readonly digest: Hex;
      readonly code: RefusalCode;
    }
  /** Tell the operator that one block alone is larger than a batch may be. */
  | { readonly type: "reportOversizedBlock"; readonly height: BlockHeight }
  /** Delete what is stored of blocks up to `height`. */
  | { readonly type: "pruneBlocks"; readonly height: BlockHeight };
