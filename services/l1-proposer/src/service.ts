// Wires the l1-proposer together.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openStoreAndBus } from "@sequorum/bus";
import {
  broadcastTransaction,
  createL1Client,
  type L1Client,
  senderAddress,
  signL1Transaction,
} from "@sequorum/l1";
import {
  type Hex,
  type NetworkConfig,
  privateKeyToPublicKey,
  publicKeyToAddress,
  signingDomain,
} from "@sequorum/protocol";
import {
  type BatchTrace,
  createBatchTrace,
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
import { createCallBuilder } from "./adapters/build-call.ts";
import { followDecisions } from "./adapters/decisions.ts";
import { checkCall, observeL1 } from "./adapters/l1.ts";
import { connectNeighbours } from "./adapters/neighbours.ts";
import { l1ProposerRpc } from "./adapters/rpc-server.ts";
import { listSubmissions, loadContent, loadStored } from "./adapters/submission-store.ts";
import type { L1ProposerConfig } from "./config.ts";
import type { Input } from "./core/input.ts";
import { initialState, type State } from "./core/state.ts";
import { step } from "./core/step.ts";
import { createPerformer, type EffectPorts } from "./effects.ts";
import { createL1ProposerMetrics, type L1ProposerMetrics, reportState } from "./metrics.ts";
import { toParameters } from "./parameters.ts";

/** What the l1-proposer gets from its process; `fail` stops it. */
export type L1ProposerContext = Pick<ServiceContext, "signal" | "logger"> &
  Partial<Pick<ServiceContext, "fail">>;

const migrations = new URL("../migrations/", import.meta.url);
const queueMax = 10_000;

/** Opens everything the l1-proposer needs and starts it. */
export async function createL1ProposerService(
  config: L1ProposerConfig,
  context: L1ProposerContext,
): Promise<Service> {
  const resources = createResources();
  const stopping = new AbortController();
  const signal = AbortSignal.any([context.signal, stopping.signal]);
  const close = () => {
    stopping.abort(); // First: what comes in while the parts close is stored, and no failure.
    return resources.close();
  };
  try {
    const { ready } = await start(config, { ...context, signal }, resources);
    return { name: "l1-proposer", ready, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  config: L1ProposerConfig,
  context: L1ProposerContext,
  resources: Resources,
): Promise<Pick<Service, "ready">> {
  const { signal, logger } = context;
  const network = await readNetworkFile(config.networkFile);
  const keys = await readKeys(config);
  const { store, bus } = await openStoreAndBus(
    { service: "l1-proposer", config, migrations, signal, logger },
    resources,
  );
  const metrics = createMetrics("l1-proposer");
  const ownMetrics = createL1ProposerMetrics(metrics);
  const traces = createBatchTrace("l1-proposer");
  const core = { config, network, store, keys, metrics: ownMetrics, traces };
  const runtime = await startCore(core, context, resources);
  const offer = offerTo(runtime, context);
  followDecisions(bus, traces, { domain: signingDomain(network), self: keys.self, offer });
  startClock(runtime, { config, metrics: ownMetrics, offer }, resources);
  const rpc = l1ProposerRpc({
    sender: keys.sender,
    state: runtime.state,
    list: (limit) => listSubmissions(store.sql, limit),
  });
  const ready = () =>
    bus.ready() && runtime.state().l1 !== undefined && runtime.state().trouble === undefined;
  await openOwnPorts(config, { rpc, ready, metrics, logger }, resources);
  logger.info("L1 sender", { sender: keys.sender });
  return { ready };
}

type Keys = { readonly senderKey: Uint8Array; readonly sender: Hex; readonly self: Hex };

/** The L1 key is kept; of the sequencer key only the address, which is this operator's name in the posting order. */
async function readKeys({ keystoreDir, keystorePasswordFile }: L1ProposerConfig): Promise<Keys> {
  const password = (await readFile(keystorePasswordFile, "utf8")).trim();
  const senderKey = await readKeystore(join(keystoreDir, "l1-sender.json"), password);
  const sequencerKey = await readKeystore(join(keystoreDir, "sequencer.json"), password);
  const self = publicKeyToAddress(privateKeyToPublicKey(sequencerKey));
  sequencerKey.fill(0);
  return { senderKey, sender: senderAddress(senderKey), self };
}

type CoreParts = {
  readonly config: L1ProposerConfig;
  readonly network: NetworkConfig;
  readonly store: Store;
  readonly keys: Keys;
  readonly metrics: L1ProposerMetrics;
  readonly traces: BatchTrace;
};

/** Restores the core and gives it hands. */
async function startCore(
  parts: CoreParts,
  context: L1ProposerContext,
  resources: Resources,
): Promise<Runtime<State, Input>> {
  const { config, network, store, keys, metrics, traces } = parts;
  const { fail = () => undefined, logger } = context;
  const neighbours = resources.add(connectNeighbours(config), (connected) => connected.close());
  const client = createL1Client({
    rpcUrl: config.l1RpcUrl,
    chainId: Number(network.l1ChainId),
    timeoutMs: config.l1TimeoutMs,
  });
  const { fetchData, reportRefusal } = neighbours;
  const ports: EffectPorts = {
    ...l1Ports(client, network, keys),
    store,
    reportRefusal,
    buildCall: createCallBuilder({
      network,
      fetchData,
      loadContent: (key) => loadContent(store.sql, key),
    }),
    state: () => runtime.state(),
    offer: (input) => offerTo(runtime, context)(input),
    fail: (error) => void (context.signal.aborted || fail(error)),
    metrics,
    traces,
    logger,
  };
  const performer = createPerformer(ports);
  const initial = initialState(
    toParameters(config, network),
    await loadStored(store.sql),
    Date.now(),
  );
  const { perform } = performer;
  const runtime = runRuntime({ initial, step, perform, queueMax, onFailure: fail });
  resources.add(runtime, async (running) => {
    await running.stop();
    await performer.settled();
  });
  return runtime;
}

function l1Ports(client: L1Client, network: NetworkConfig, { sender, senderKey }: Keys) {
  const chainId = Number(network.l1ChainId);
  return {
    sender,
    observeL1: observeL1(client, network, sender),
    checkCall: checkCall(client, sender),
    sign: (request: Parameters<EffectPorts["sign"]>[0]) =>
      signL1Transaction(senderKey, { ...request, chainId }),
    broadcast: (raw: Hex) => broadcastTransaction(client, raw),
  };
}

function offerTo(
  runtime: Runtime<State, Input>,
  { signal, fail }: L1ProposerContext,
): (input: Input) => void {
  return (input) => {
    if (!runtime.offer(input) && !signal.aborted)
      fail?.(new RetryableError("the l1-proposer's input queue is full"));
  };
}

function startClock(
  runtime: Runtime<State, Input>,
  {
    config,
    metrics,
    offer,
  }: { config: L1ProposerConfig; metrics: L1ProposerMetrics; offer: (input: Input) => void },
  resources: Resources,
): void {
  const tick = () => {
    reportState(runtime.state(), metrics);
    offer({ type: "tick", atMs: Date.now() });
  };
  resources.add(setInterval(tick, config.pollIntervalMs), clearInterval);
  tick();
}
