/** Wires the batcher together. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bus, openStoreAndBus } from "@sequorum/bus";
import { PosConsensusService } from "@sequorum/proto/consensus";
import type { NetworkConfig } from "@sequorum/protocol";
import { privateKeyToPublicKey, publicKeyToAddress, signingDomain } from "@sequorum/protocol";
import {
  type BatchTrace,
  createBatchTrace,
  createGrpcClient,
  createMetrics,
  createResources,
  type Resources,
  RetryableError,
  type Runtime,
  runRuntime,
  type Service,
  type ServiceContext,
  openOwnPorts,
  readNetworkFile,
} from "@sequorum/service";
import { readKeystore, type Store } from "@sequorum/store";
import { findEndorsedDigest, loadCertified, restoreState } from "./adapters/batch-store.ts";
import { followDecisions } from "./adapters/decisions.ts";
import { findOrBuildBatch } from "./adapters/find-batch.ts";
import { connectOrderer } from "./adapters/orderer.ts";
import { batcherRpc } from "./adapters/rpc-server.ts";
import { startStatementSender } from "./adapters/statement-sender.ts";
import type { BatcherConfig } from "./config.ts";
import type { Input } from "./core/input.ts";
import { initialState, type Parameters, type State } from "./core/state.ts";
import { step } from "./core/step.ts";
import { performEffect } from "./effects.ts";
import { type BatcherMetrics, createBatcherMetrics } from "./metrics.ts";
import type { FetchBlocks, RestoredState } from "./ports.ts";

/** What the batcher gets from its process; `fail` stops it. */
export type BatcherContext = Pick<ServiceContext, "signal" | "logger"> &
  Partial<Pick<ServiceContext, "fail">>;

const migrations = new URL("../migrations/", import.meta.url);
const queueMax = 10_000;
const tickMs = 200;

/** Opens everything the batcher needs and starts it. */
export async function createBatcherService(
  config: BatcherConfig,
  context: BatcherContext,
): Promise<Service> {
  const resources = createResources();
  const stopping = resources.add(new AbortController(), (controller) => controller.abort());
  const signal = AbortSignal.any([context.signal, stopping.signal]);
  try {
    return await start(config, { ...context, signal }, resources);
  } catch (error) {
    await resources.close();
    throw error;
  }
}

async function start(
  config: BatcherConfig,
  context: BatcherContext,
  resources: Resources,
): Promise<Service> {
  const { signal, logger } = context;
  const network = await readNetworkFile(config.networkFile);
  const privateKey = await readSequencerKey(config);
  const parameters = toParameters(network, privateKey);
  const { store, bus } = await openStoreAndBus(
    { service: "batcher", config, migrations, signal, logger },
    resources,
  );
  const metrics = createMetrics("batcher");
  const { fetchBlocks } = resources.add(
    connectOrderer(config.ordererUrl, (from, to) => loadCertified(store.sql, from, to)),
    (orderer) => orderer.close(),
  );
  const wakeSender = startSending(config, { store, signal, logger }, resources);
  const totals = { endorsed: 0n, refused: 0n };
  const traces = createBatchTrace("batcher");
  const core = { parameters, store, bus, fetchBlocks, privateKey, totals, wakeSender, traces };
  const runtime = await startCore(
    { ...core, metrics: createBatcherMetrics(metrics) },
    context,
    resources,
  );
  const rpc = batcherRpc({
    state: runtime.state,
    totals: () => totals,
    findBatch: (index, digest) =>
      findOrBuildBatch({ sql: store.sql, parameters, fetchBlocks }, index, digest),
    findEndorsedDigest: (index, attempt) => findEndorsedDigest(store.sql, index, attempt),
  });
  const ready = () => bus.ready();
  await openOwnPorts(config, { rpc, ready, metrics, logger }, resources);
  return { name: "batcher", ready, [Symbol.asyncDispose]: () => resources.close() };
}

/** Starts carrying statements to pos-consensus; gives the function that wakes the sender. */
function startSending(
  { posConsensusUrl }: BatcherConfig,
  { store, signal, logger }: { readonly store: Store } & BatcherContext,
  resources: Resources,
): () => void {
  const client = resources.add(createGrpcClient(PosConsensusService, posConsensusUrl), (opened) =>
    opened.close(),
  );
  const stopping = new AbortController();
  const sender = startStatementSender({
    sql: store.sql,
    submit: async (payload) => void (await client.submitPayload({ payload })),
    signal: AbortSignal.any([signal, stopping.signal]),
    logger,
  });
  resources.add(sender, async ({ done }) => {
    stopping.abort();
    await done;
  });
  return sender.wake;
}

type CoreParts = {
  readonly parameters: Parameters;
  readonly store: Store;
  readonly bus: Bus;
  readonly fetchBlocks: FetchBlocks;
  readonly privateKey: Uint8Array;
  readonly totals: { endorsed: bigint; refused: bigint };
  readonly wakeSender: () => void;
  readonly metrics: BatcherMetrics;
  readonly traces: BatchTrace;
};

/** Restores the core, then feeds it decisions and time. */
async function startCore(
  parts: CoreParts,
  { signal, logger, fail = () => {} }: BatcherContext,
  resources: Resources,
): Promise<Runtime<State, Input>> {
  const { parameters, store, metrics } = parts;
  const offer = (input: Input) => {
    if (!runtime.offer(input) && !signal.aborted)
      fail(new RetryableError("the batcher's input queue is full"));
  };
  const runtime = runRuntime({
    initial: initialState(parameters, Date.now()),
    step,
    perform: (effect) => performEffect(effect, { ...parts, logger, offer }),
    queueMax,
    onFailure: fail,
  });
  resources.add(runtime, (running) => running.stop());
  for (const input of restoredInputs(await restoreState(store.sql))) offer(input);
  followDecisions(parts.bus, {
    domain: parameters.domain,
    offer,
    onRejected: () => metrics.rejected.add(),
    traces: parts.traces,
  });
  const timer = setInterval(() => {
    report(runtime.state(), metrics);
    offer({ type: "clockTicked", nowMs: Date.now() });
  }, tickMs);
  resources.add(timer, clearInterval);
  return runtime;
}

function restoredInputs({ certifiedHeight, open, proposal, ...said }: RestoredState): Input[] {
  const inputs: Input[] = [{ type: "blocksCertified", height: certifiedHeight }];
  if (open !== null) inputs.push({ type: "batchOpened", open, ...said });
  if (proposal !== null) inputs.push({ type: "batchProposed", ...proposal });
  return inputs;
}

function report({ open, certifiedHeight, blocks }: State, metrics: BatcherMetrics): void {
  metrics.openIndex.set(Number(open?.index ?? 0n));
  metrics.certifiedHeight.set(Number(certifiedHeight));
  metrics.heldBlocks.set(blocks.length);
}

function toParameters(network: NetworkConfig, privateKey: Uint8Array): Parameters {
  const { batchBlocksMax, batchBytesMax, batchAgeMsMax } = network.parameters;
  return {
    self: publicKeyToAddress(privateKeyToPublicKey(privateKey)),
    domain: signingDomain(network),
    l2ChainId: network.l2ChainId,
    blocksMax: batchBlocksMax,
    bytesMax: batchBytesMax,
    ageMsMax: batchAgeMsMax,
  };
}

async function readSequencerKey({
  keystoreDir,
  keystorePasswordFile,
}: BatcherConfig): Promise<Uint8Array> {
  const password = (await readFile(keystorePasswordFile, "utf8")).trim();
  return readKeystore(join(keystoreDir, "sequencer.json"), password);
}
