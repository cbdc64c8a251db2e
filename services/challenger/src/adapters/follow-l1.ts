/** Follows L1 from the last processed block, through reorganisations and outages, until the signal aborts. */
import {
  type L1Client,
  type L1Cursor,
  L1DeepReorgError,
  type L1WatchStatus,
  watchL1,
} from "@sequorum/l1";
import type { NetworkConfig } from "@sequorum/protocol";
import { describeError, type Logger, RetryableError, retry } from "@sequorum/service";
import type { Sql } from "@sequorum/store";
import type { Derivation } from "../derivation.ts";
import type { ChallengerMetrics } from "../metrics.ts";
import { loadL1Blocks } from "./derivation-store.ts";
import { readFacts, readOrigin, watchedAddresses } from "./l1-facts.ts";

/** What following works with. */
export type FollowL1Options = {
  readonly client: L1Client;
  readonly network: NetworkConfig;
  readonly derivation: Derivation;
  readonly sql: Sql;
  readonly pollIntervalMs: number;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly metrics: ChallengerMetrics;
  readonly onStatus: (status: L1WatchStatus) => void;
};

const pause = { baseMs: 100, capMs: 5_000 } as const;
const endOfL1 = (1n << 63n) - 1n;
/** Processed blocks compared with L1's at a time when looking for the fork. */
const forkSearchBlocks = 64;

/** Runs until the signal aborts; throws what is neither an outage nor a reorganisation. */
export async function followL1(options: FollowL1Options): Promise<void> {
  const { signal, logger, metrics, derivation, client, network } = options;
  const onFailure = (error: unknown) =>
    logger.warn("L1 block not processed, trying again", { reason: describeError(error) });
  while (!signal.aborted) {
    const after = await findFork(options, onFailure);
    try {
      const watching = {
        client,
        fromBlock: network.genesisL1Block,
        confirmationDepth: network.parameters.l1ConfirmationDepth,
        addresses: watchedAddresses(network.contracts),
        pollIntervalMs: options.pollIntervalMs,
        onStatus: options.onStatus,
      };
      for await (const block of watchL1({ ...watching, after, signal })) {
        const startedAtMs = performance.now();
        const work = async () =>
          derivation.apply(block, await readFacts(client, network.contracts, block));
        await retry(work, { signal, ...pause, onFailure });
        metrics.batchSeconds.observe((performance.now() - startedAtMs) / 1_000);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof L1DeepReorgError)) throw error;
      metrics.l1Reorgs.add();
      logger.warn("L1 replaced processed blocks", { reason: describeError(error) });
    }
  }
}

/** The newest processed block that L1 still has; rolls back to it. Undefined when there is none: start again. */
async function findFork(
  options: FollowL1Options,
  onFailure: (error: unknown) => void,
): Promise<L1Cursor | undefined> {
  const { sql, signal, derivation, network, logger } = options;
  const fork = await retry(() => findCommonBlock(options), { signal, ...pause, onFailure });
  const [newest] = await loadL1Blocks(sql, endOfL1, 1);
  const target = fork?.number ?? network.genesisL1Block - 1n;
  if (newest !== undefined && newest.number > target) {
    logger.warn("rolling back to the fork", { to: target, from: newest.number });
    await derivation.rollBack(target);
  }
  return fork;
}

async function findCommonBlock({ sql, client }: FollowL1Options): Promise<L1Cursor | undefined> {
  for (let before = endOfL1; ; ) {
    const blocks = await loadL1Blocks(sql, before, forkSearchBlocks);
    for (const block of blocks) {
      if (await hasBlock(client, block)) return block;
      before = block.number;
    }
    if (blocks.length < forkSearchBlocks) return undefined;
  }
}

/** Whether L1 has exactly this block; throws `RetryableError` when it does not answer. */
async function hasBlock(client: L1Client, { number, hash }: L1Cursor): Promise<boolean> {
  try {
    return (await readOrigin(client, number)).hash === hash;
  } catch (error) {
    if (error instanceof Error && isMissing(error)) return false;
    throw error;
  }
}

/** Whether L1 answered that it has no such block. */
function isMissing(error: Error): boolean {
  return error instanceof RetryableError && /could not be found/i.test(describeError(error));
}
