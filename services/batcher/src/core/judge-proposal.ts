/** Judges a proposed header against the batch that this operator computes from its own blocks (T2). */
import type { BatchHeader } from "@sequorum/protocol";
import { assert, differingHeaderFields, findBatchHeaderFault, zeroHash } from "@sequorum/protocol";
import type { BuiltBatch } from "./build-batch.ts";
import { buildBatch } from "./build-batch.ts";
import type { RefusalCode } from "./errors.ts";
import { fieldRefusals } from "./errors.ts";
import type { OpenBatch, State } from "./state.ts";

/** `wait` when own blocks do not reach `lastBlock` yet. */
export type Verdict =
  | { readonly type: "wait" }
  | { readonly type: "endorse"; readonly batch: BuiltBatch }
  | { readonly type: "refuse"; readonly code: RefusalCode };

/** The verdict on `header` for the open index. */
export function judgeProposal(state: State, open: OpenBatch, header: BatchHeader): Verdict {
  const { parameters } = state;
  if (findBatchHeaderFault(header) !== undefined) return refuse("HEADER_MALFORMED");
  if (header.index !== open.index || header.firstBlock !== open.firstBlock)
    return refuse("RANGE_NOT_OPEN");
  const blockCount = header.lastBlock - header.firstBlock + 1n;
  if (blockCount > BigInt(parameters.blocksMax)) return refuse("TOO_MANY_BLOCKS");
  if (header.lastBlock > state.certifiedHeight) return refuse("BLOCKS_NOT_CERTIFIED");
  if (BigInt(state.blocks.length) < blockCount) return { type: "wait" };
  if (contradictsParent(state, open)) return refuse("PARENT_BLOCK_CONTRADICTED");
  const batch = buildBatch(state.blocks.slice(0, Number(blockCount)), open, parameters);
  if (batch === undefined) return refuse("DATA_TOO_LARGE");
  assert(batch.header.lastBlock === header.lastBlock, "own blocks have the heights of the header");
  const [field] = differingHeaderFields(batch.header, header);
  if (field !== undefined) return refuse(fieldRefusals[field]);
  if (batch.data.length > parameters.bytesMax) return refuse("DATA_TOO_LARGE");
  return { type: "endorse", batch };
}

/** Whether own blocks do not follow the batch that the PoS chain holds for the last one. */
export function contradictsParent(state: State, open: OpenBatch): boolean {
  const first = state.blocks[0];
  if (first === undefined || open.parentBlockHash === zeroHash) return false;
  return first.parentHash !== open.parentBlockHash;
}

function refuse(code: RefusalCode): Verdict {
  return { type: "refuse", code };
}
