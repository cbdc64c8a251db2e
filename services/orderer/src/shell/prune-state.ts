/** Pruning of this node's state: which blocks it keeps, and what it tells. */
import {
  createPruneStore,
  estimateContents,
  loadKeptFrom,
  startPruning,
} from "@sequorum/execution";
import type { Logger } from "@sequorum/service";
import type { Store } from "@sequorum/store";
import type { BlockReader } from "../adapters/block-reader.ts";
import type { OrdererMetrics } from "../metrics.ts";
import type { ChainPosition } from "./chain-view.ts";

/** What pruning works with. */
export type StatePruningOptions = {
  readonly config: { readonly stateBlocksKeptMin: number };
  readonly store: Store;
  readonly reader: Pick<BlockReader, "canonicalHash">;
  readonly position: ChainPosition;
  readonly metrics: Pick<OrdererMetrics, "stateKeptFrom" | "prunedContents">;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly fail: (error: unknown) => void;
};

/** Running pruning. */
export type StatePruning = {
  /** States of blocks below this height may be gone. */
  keptFrom(): bigint;
  close(): Promise<void>;
};

/** Prunes in the background from now on. A block that is not final may be disputed, so its state stays, and its parent's. */
export async function startStatePruning(options: StatePruningOptions): Promise<StatePruning> {
  const { store, reader, position, metrics } = options;
  const blocksKeptMin = options.config.stateBlocksKeptMin;
  const stopping = new AbortController();
  let deletedBefore = 0;
  const pruning = startPruning({
    store: createPruneStore(store.sql),
    keptFrom: await loadKeptFrom(store.sql),
    oldestNeeded: async () => {
      const { certified, finalized } = position.levels;
      const height = least(finalized, certified, position.headNumber - BigInt(blocksKeptMin));
      const hash = height <= 0n ? undefined : await reader.canonicalHash(height);
      return hash === undefined ? undefined : { height, hash };
    },
    // so at most one and a half times the blocks asked for are kept
    blocksPerRun: Math.max(1, Math.floor(blocksKeptMin / 2)),
    countContents: () => estimateContents(store.sql),
    onProgress({ type, deleted }) {
      metrics.stateKeptFrom.set(Number(pruning.keptFrom()));
      if (deleted < deletedBefore) deletedBefore = 0; // a run that was interrupted began anew
      metrics.prunedContents.add({}, deleted - deletedBefore);
      deletedBefore = type === "done" ? 0 : deleted;
    },
    signal: AbortSignal.any([options.signal, stopping.signal]),
    logger: options.logger,
  });
  metrics.stateKeptFrom.set(Number(pruning.keptFrom()));
  pruning.ended.catch(options.fail);
  return {
    keptFrom: pruning.keptFrom,
    async close() {
      stopping.abort();
      await pruning.ended.catch(() => {}); // told to `fail`
    },
  };
}

function least(...heights: readonly bigint[]): bigint {
  return heights.reduce((low, height) => (height < low ? height : low));
}
