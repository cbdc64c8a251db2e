/** Batches for those who post or show them: stored ones, or computed again from own blocks. */
import { type BatchIndex, differingHeaderFields, type Hex } from "@sequorum/protocol";
import type { Sql } from "@sequorum/store";
import { buildBatch } from "../core/build-batch.ts";
import type { SourceBlock } from "../core/source-block.ts";
import type { Parameters } from "../core/state.ts";
import type { FetchBlocks, StoredBatch } from "../ports.ts";
import { findBatch, findProposal, saveBatch } from "./batch-store.ts";

/** What computing a batch again needs. */
export type FindBatchDeps = {
  readonly sql: Sql;
  readonly parameters: Parameters;
  readonly fetchBlocks: FetchBlocks;
};

const fetchBlocksMax = 16n;

/**
 * The batch, also when this operator did not endorse it (it was late): then it is computed from own blocks, and given
 * only if its digest is that of the decided header. Undefined when it is unknown or own blocks do not make it.
 */
export async function findOrBuildBatch(
  { sql, parameters, fetchBlocks }: FindBatchDeps,
  index: BatchIndex,
  digest: Hex | undefined,
): Promise<StoredBatch | undefined> {
  const stored = await findBatch(sql, index, digest);
  if (stored !== undefined) return stored;
  const proposal = await findProposal(sql, index, digest);
  if (proposal === undefined) return undefined;
  const { header, attempt } = proposal;
  const blocks: SourceBlock[] = [];
  for (let from = header.firstBlock; from <= header.lastBlock; from += fetchBlocksMax) {
    const to =
      from + fetchBlocksMax - 1n < header.lastBlock ? from + fetchBlocksMax - 1n : header.lastBlock;
    for (const { block, certifiedHash } of await fetchBlocks(from, to)) {
      if (
        block.hash !== certifiedHash ||
        block.height !== header.firstBlock + BigInt(blocks.length)
      )
        return undefined;
      blocks.push(block);
    }
  }
  if (BigInt(blocks.length) !== header.lastBlock - header.firstBlock + 1n) return undefined;
  const batch = buildBatch(blocks, header, parameters);
  if (batch === undefined || differingHeaderFields(batch.header, header).length > 0)
    return undefined;
  await saveBatch(sql, attempt, batch);
  return batch;
}
