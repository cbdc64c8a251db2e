/** What the batcher reacts to. Decisions of the PoS chain may be repeated; a repetition changes nothing. */
import type { BatchHeader, BlockHeight, Hex } from "@sequorum/protocol";
import type { SourceBlock } from "./source-block.ts";
import type { OpenBatch } from "./state.ts";

/** A block as fetched, with the hash that the PoS chain certified at its height. */
export type FetchedBlock = { readonly block: SourceBlock; readonly certifiedHash: Hex };

export type Input =
  /** The PoS chain certified the blocks up to `height`. */
  | { readonly type: "blocksCertified"; readonly height: BlockHeight }
  /** Answer to `fetchBlocks`; possibly fewer blocks than asked for. */
  | { readonly type: "blocksFetched"; readonly blocks: readonly FetchedBlock[] }
  | { readonly type: "fetchFailed" }
  /** An index opened; after a restart, with what this batcher has said about the attempt already. */
  | {
      readonly type: "batchOpened";
      readonly open: OpenBatch;
      readonly hasProposed: boolean;
      readonly hasAnswered: boolean;
    }
  | { readonly type: "batchProposed"; readonly attempt: number; readonly header: BatchHeader }
  /** Members saw the batch final on L1: its blocks are not needed any more. */
  | { readonly type: "batchFinal"; readonly lastBlock: BlockHeight }
  | { readonly type: "clockTicked"; readonly nowMs: number };
