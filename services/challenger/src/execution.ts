/** Execution and pruning of the challenger: a thread of its own, the same rules as the orderers'. */
import {
  type BlockThread,
  createPruneStore,
  estimateContents,
  loadKeptFrom,
  networkRules,
  startBlockThread,
  startContentReader,
  startPruning,
} from "@sequorum/execution";
import type { NetworkConfig } from "@sequorum/protocol";
import type { Logger } from "@sequorum/service";
import { createExecutor, type Executor } from "@sequorum/stf";
import type { Store } from "@sequorum/store";
import { findFinalTip } from "./adapters/derivation-store.ts";
import type { ChallengerMetrics } from "./metrics.ts";

/** What execution is made of. */
export type ExecutionOptions = {
  readonly network: NetworkConfig;
  readonly postgresUrl: string;
  /** Told when a thread ended by itself. */
  readonly fail: (error: unknown) => void;
};

/** Memory of the thread for state; a batch touches far less. */
const cacheBytesMax = 128 * 1_024 * 1_024;
/** Final blocks whose states are left until the next run of pruning. */
const blocksPerRun = 5_000;

/** The running thread. */
export type Execution = { readonly thread: BlockThread; close(): Promise<void> };

/** Starts the thread. */
export function startExecution({ network, postgresUrl, fail }: ExecutionOptions): Execution {
  const reader = startContentReader({ url: postgresUrl, schema: "challenger" }, fail);
  const thread = startBlockThread({ ...networkRules(network), reader, cacheBytesMax }, fail);
  return {
    thread,
    async close() {
      await thread.close();
      await reader.stop();
    },
  };
}

/** An executor without state, for genesis. */
export function createGenesisExecutor(network: NetworkConfig): Pick<Executor, "genesisBlock"> {
  return createExecutor({ ...networkRules(network), store: { get: () => undefined } });
}

/** Prunes states of blocks that nobody can challenge any more, until the signal aborts. */
export async function pruneStates(
  store: Store,
  options: {
    readonly metrics: ChallengerMetrics;
    readonly signal: AbortSignal;
    readonly logger: Logger;
  },
): Promise<void> {
  const pruning = startPruning({
    store: createPruneStore(store.sql),
    keptFrom: await loadKeptFrom(store.sql),
    oldestNeeded: async () => {
      const tip = await findFinalTip(store.sql);
      return tip === undefined ? undefined : { height: tip.height, hash: tip.blockHash };
    },
    blocksPerRun,
    countContents: () => estimateContents(store.sql),
    onProgress: () => options.metrics.stateKeptFrom.set(Number(pruning.keptFrom())),
    signal: options.signal,
    logger: options.logger,
  });
  options.metrics.stateKeptFrom.set(Number(pruning.keptFrom()));
  await pruning.ended;
}
