/** Wires the challenger together. */
import { openStoreAndBus } from "@sequorum/bus";
import { createL1Client, forcedQueueAbi, type L1Client, rollupChainAbi } from "@sequorum/l1";
import type { NetworkConfig } from "@sequorum/protocol";
import { hexToBytes, signingDomain, zeroHash } from "@sequorum/protocol";
import {
  createMetrics,
  createResources,
  describeError,
  FatalError,
  type Resources,
  RetryableError,
  retry,
  type Service,
  type ServiceContext,
  sleep,
  openOwnPorts,
  readNetworkFile,
} from "@sequorum/service";
import type { Executor } from "@sequorum/stf";
import type { Store } from "@sequorum/store";
import { countWrong, loadAlarms, loadStatus, saveQueueEntry } from "./adapters/derivation-store.ts";
import { followL1 } from "./adapters/follow-l1.ts";
import { readOrigin } from "./adapters/l1-facts.ts";
import { challengerRpc } from "./adapters/rpc-server.ts";
import { saveExecuted } from "./adapters/executed-rows.ts";
import type { ChallengerConfig } from "./config.ts";
import type { Tip } from "./core/state.ts";
import { openDerivation } from "./derivation.ts";
import { createGenesisExecutor, pruneStates, startExecution } from "./execution.ts";
import { type ChallengerMetrics, createChallengerMetrics } from "./metrics.ts";

/** What the challenger gets from its process; `fail` stops it. */
export type ChallengerContext = Pick<ServiceContext, "signal" | "logger"> &
  Partial<Pick<ServiceContext, "fail">>;

const migrations = new URL("../migrations/", import.meta.url);
const metricsIntervalMs = 1_000;

/** Opens everything the challenger needs and starts it. */
export async function createChallengerService(
  config: ChallengerConfig,
  context: ChallengerContext,
): Promise<Service> {
  const resources = createResources();
  const stopping = resources.add(new AbortController(), (controller) => controller.abort());
  const signal = AbortSignal.any([context.signal, stopping.signal]);
  try {
    return await start(config, { ...context, signal }, { resources, stopping });
  } catch (error) {
    await resources.close();
    throw error;
  }
}

type Closing = { readonly resources: Resources; readonly stopping: AbortController };

async function start(
  config: ChallengerConfig,
  { signal, logger, fail = () => {} }: ChallengerContext,
  { resources, stopping }: Closing,
): Promise<Service> {
  const network = await readNetworkFile(config.networkFile);
  const client = createL1Client({ rpcUrl: config.l1RpcUrl, chainId: Number(network.l1ChainId) });
  const { store, bus } = await openStoreAndBus(
    { service: "challenger", config, migrations, signal, logger },
    resources,
  );
  const metrics = createMetrics("challenger");
  const challengerMetrics = createChallengerMetrics(metrics);
  const stopped = (error: unknown) => {
    if (!signal.aborted) fail(error);
  };
  const { postgresUrl } = config;
  const execution = startExecution({ network, postgresUrl, fail: stopped });
  resources.add(execution, (running) => running.close());
  const executor = createGenesisExecutor(network);
  const genesis = await prepareGenesis(network, { store, executor, client, signal });
  const derivation = await openDerivation({
    ...{ store, bus, thread: execution.thread, logger, genesis },
    readOrigin: (number) => readOrigin(client, number),
    parameters: { domain: signingDomain(network), l2ChainId: network.l2ChainId },
  });
  let isL1Up = false;
  const following = followL1({
    ...{ client, network, derivation, sql: store.sql, signal, logger, metrics: challengerMetrics },
    pollIntervalMs: config.l1PollMs,
    onStatus: (status) => {
      isL1Up = status.type === "ok";
    },
  }).catch(stopped);
  const pruning = pruneStates(store, { metrics: challengerMetrics, signal, logger }).catch(stopped);
  const reporting = report(store, { genesis, metrics: challengerMetrics, signal });
  resources.add([following, reporting, pruning], async (tasks) => {
    stopping.abort();
    await Promise.allSettled(tasks);
  });
  const rpc = challengerRpc({
    status: () => loadStatus(store.sql, genesis),
    alarmsAfter: (id) => loadAlarms(store.sql, id),
  });
  const ready = () => isL1Up && bus.ready();
  await openOwnPorts(config, { rpc, ready, metrics, logger }, resources);
  return { name: "challenger", ready, [Symbol.asyncDispose]: () => resources.close() };
}

type GenesisDeps = {
  readonly store: Store;
  readonly executor: Pick<Executor, "genesisBlock">;
  readonly client: L1Client;
  readonly signal: AbortSignal;
};

/** Stores block 0 and what was queued before the first watched L1 block; L1 must have been deployed for this block 0. */
async function prepareGenesis(
  network: NetworkConfig,
  { store, executor, client, signal }: GenesisDeps,
): Promise<Tip> {
  const genesis = executor.genesisBlock(network.l2Genesis);
  const { hash } = genesis.block;
  const posted = await retry(() => readL1Genesis(network, client), {
    signal,
    baseMs: 200,
    capMs: 5_000,
  });
  if (posted.blockHash !== hash)
    throw new FatalError(`L1 was deployed for genesis ${posted.blockHash}, not ${hash}`);
  await store.transaction(async (tx) => {
    await saveExecuted(tx, genesis);
    const [{ count } = { count: 0n }] = await tx`select count(*) as count from queue_entries`;
    if (count === 0n) for (const entry of posted.entries) await saveQueueEntry(tx, entry);
  });
  return {
    batchIndex: 0n,
    batchHash: zeroHash,
    height: 0n,
    blockHash: hash,
    queuePosition: 0n,
    l1OriginNumber: 0n,
  };
}

async function readL1Genesis(network: NetworkConfig, client: L1Client) {
  const { rollupChain, forcedQueue } = network.contracts;
  try {
    const blockHash = await client.readContract({
      address: rollupChain,
      abi: rollupChainAbi,
      functionName: "genesisBlockHash",
    });
    const logs = await client.getContractEvents({
      address: forcedQueue,
      abi: forcedQueueAbi,
      eventName: "ForcedTransactionEnqueued",
      fromBlock: 0n,
      toBlock: network.genesisL1Block - 1n,
      strict: true,
    });
    const entries = logs.map(({ args, blockNumber }) => ({
      position: args.position,
      l1BlockNumber: blockNumber,
      transaction: hexToBytes(args.transaction),
    }));
    return { blockHash, entries };
  } catch (error) {
    throw new RetryableError("L1 did not answer", { cause: error });
  }
}

/** Keeps the gauges up to date until the signal aborts. */
async function report(
  { sql }: Store,
  {
    genesis,
    metrics,
    signal,
  }: { readonly genesis: Tip; readonly metrics: ChallengerMetrics; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    const status = await loadStatus(sql, genesis).catch(describeError);
    if (typeof status !== "string") {
      metrics.verifiedHeight.set(Number(status.verifiedHeight));
      metrics.verifiedBatch.set(Number(status.verifiedBatch));
      metrics.postedBatch.set(Number(status.postedBatch));
      metrics.l1Head.set(Number(status.l1Head));
      metrics.alarms.set(await countWrong(sql).catch(() => Number.NaN));
    }
    await sleep(metricsIntervalMs, signal).catch(() => {});
  }
}
