/** Pruning in the background: when a run is due, how fast it goes, and what is told of it. */
import { randomBytes } from "node:crypto";
import { AssertionFailure, assert, bytesToHex, type Hex } from "@sequorum/protocol";
import { describeError, type Logger, sleep } from "@sequorum/service";
import { createPruneRun, type PruneProgress, type PruneStore } from "./prune-run.ts";

/** What pruning works with. */
export type PruningOptions = {
  readonly store: PruneStore;
  /** Lowest block whose state is kept now. */
  readonly keptFrom: bigint;
  /** The highest block from which on it would be enough to keep: no block is ever built on another below it. */
  readonly oldestNeeded: () => Promise<KeptBlock | undefined>;
  /** A run begins when this many blocks more can go: the walk over a whole state is paid for by many blocks. */
  readonly blocksPerRun: number;
  readonly countContents: () => Promise<number>;
  readonly onProgress: (progress: PruneProgress) => void;
  readonly signal: AbortSignal;
  readonly logger: Logger;
};

/** A block of the chain, as `oldestNeeded` names it. */
export type KeptBlock = { readonly hash: Hex; readonly height: bigint };

/** Running pruning. */
export type Pruning = {
  /** States of blocks below this height may be gone. */
  keptFrom(): bigint;
  /** Resolves when the signal has ended it. */
  readonly ended: Promise<void>;
};

/** Two to four milliseconds of the event loop. */
const contentsPerStep = 256;
/** How often it is asked whether a run is due. */
const lookMs = 10_000;
/** After a step the database has this many times the step's time for itself. */
const restPerStep = 4;
const restMsMin = 5;

/** Starts it. A run that a stop or a failure interrupts begins anew: what it deleted was rightly deleted. */
export function startPruning(options: PruningOptions): Pruning {
  let keptFrom = options.keptFrom;
  const store: PruneStore = {
    ...options.store,
    async keepFrom(height) {
      assert(height >= keptFrom, "what is kept begins later and later", { height, keptFrom });
      keptFrom = height; // first: nobody starts to read what is about to go
      await options.store.keepFrom(height);
    },
  };
  const { signal, logger } = options;
  /** Whether there is more to prune, now or later. */
  const look = async (): Promise<boolean> => {
    try {
      const block = await options.oldestNeeded();
      const due = keptFrom + BigInt(options.blocksPerRun);
      if (block === undefined || block.height < due) return true;
      return await run({ ...options, store }, block);
    } catch (error) {
      if (signal.aborted) return false;
      if (error instanceof AssertionFailure) throw error;
      logger.warn("pruning waits for the store", { reason: describeError(error) });
      return true;
    }
  };
  const ended = (async () => {
    while (!signal.aborted && (await look())) await sleep(lookMs, signal).catch(() => {});
  })();
  return { keptFrom: () => keptFrom, ended };
}

/** Prunes once; false when the store turned out to be damaged. */
async function run(options: PruningOptions, block: KeptBlock): Promise<boolean> {
  const { store, logger, signal } = options;
  const { height } = block;
  const contents = await options.countContents();
  const steps = createPruneRun({
    store,
    block,
    contents,
    salt: randomBytes(8),
    contentsPerStep,
  });
  const startedAtMs = performance.now();
  for (;;) {
    signal.throwIfAborted();
    const stepAtMs = performance.now();
    const progress = await steps.step();
    if (progress.type === "incomplete") {
      const missing = bytesToHex(progress.missing);
      logger.error("state of a block is not whole, nothing is pruned", { height, missing });
      return false;
    }
    options.onProgress(progress);
    if (progress.type === "done") {
      const { marked, deleted } = progress;
      const seconds = Math.round((performance.now() - startedAtMs) / 1_000);
      logger.info("state pruned", { keptFrom: height, kept: marked, deleted, seconds });
      return true;
    }
    const tookMs = performance.now() - stepAtMs;
    await sleep(Math.max(restMsMin, restPerStep * tookMs), signal);
  }
}
