/** Wires pos-consensus together: the BFT engine, the pool on top of it, and what connects it to its neighbours. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bus, openStoreAndBus } from "@sequorum/bus";
import { createL1Client, L1WrongChainError } from "@sequorum/l1";
import {
  type Decision,
  type NetworkConfig,
  privateKeyToPublicKey,
  publicKeyToAddress,
  signingDomain,
} from "@sequorum/protocol";
import {
  createMetrics,
  createResources,
  decodePeerIdentity,
  describeError,
  type Metrics,
  type PeerIdentity,
  type Resources,
  type Service,
  type ServiceContext,
  sleep,
  openOwnPorts,
  readNetworkFile,
} from "@sequorum/service";
import { readKeystore, type Store } from "@sequorum/store";
import { followOrderer } from "./adapters/canonical-view.ts";
import { type L1ObserverOptions, observeL1 } from "./adapters/l1-observer.ts";
import { loadMembership, type Membership } from "./adapters/members.ts";
import { PayloadRelay } from "./adapters/payload-relay.ts";
import { createPoolStore } from "./adapters/pool-store.ts";
import { posConsensusRpc } from "./adapters/rpc-server.ts";
import { traceCertified } from "./block-traces.ts";
import type { PosConsensusConfig } from "./config.ts";
import { hashState } from "./core/pool/canonical.ts";
import type { CanonicalView } from "./core/pool/certification.ts";
import { genesisState } from "./core/pool/genesis.ts";
import { createPoolApp } from "./core/pool/pool-app.ts";
import type { PoolState } from "./core/pool/state.ts";
import { validatorsOf } from "./core/pool/terms.ts";
import { createEngine } from "./engine/engine.ts";
import type { Engine } from "./engine/engine-options.ts";
import { createPoolMetrics, type PoolMetrics, reportPool } from "./metrics.ts";
import type { RecordPayload } from "./ports.ts";

/** What pos-consensus gets from its process; `fail` stops it. */
export type PosConsensusContext = Pick<ServiceContext, "signal" | "logger"> &
  Partial<Pick<ServiceContext, "fail">>;

const serviceName = "pos-consensus";
const migrations = new URL("../migrations/", import.meta.url);
const l1RestartMs = 2_000;

/** Opens everything pos-consensus needs and starts it. */
export async function createPosConsensusService(
  config: PosConsensusConfig,
  context: PosConsensusContext,
): Promise<Service> {
  const resources = createResources();
  const stopping = new AbortController();
  const signal = AbortSignal.any([context.signal, stopping.signal]);
  const fail =
    context.fail ?? ((error) => context.logger.error("failed", { reason: describeError(error) }));
  // Background work ends first, then what it works with.
  const stop = () => {
    stopping.abort();
    return resources.close();
  };
  try {
    const ready = await start(config, { logger: context.logger, signal, fail }, resources);
    return { name: serviceName, ready, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Surroundings = {
  readonly config: PosConsensusConfig;
  readonly network: NetworkConfig;
  readonly keys: { readonly sequencer: Uint8Array; readonly channel: PeerIdentity };
  readonly store: Store;
  readonly bus: Bus;
  readonly metrics: Metrics;
  readonly poolMetrics: PoolMetrics;
} & ServiceContext;

type PoolEngine = Engine<PoolState, Decision, CanonicalView>;

async function start(
  config: PosConsensusConfig,
  context: ServiceContext,
  resources: Resources,
): Promise<() => boolean> {
  const { signal, logger } = context;
  const network = await readNetworkFile(config.networkFile);
  const keys = await readKeys(config);
  const { store, bus } = await openStoreAndBus(
    { service: serviceName, config, migrations, signal, logger },
    resources,
  );
  const metrics = createMetrics(serviceName);
  const poolMetrics = createPoolMetrics(metrics);
  const around: Surroundings = {
    ...context,
    config,
    network,
    keys,
    store,
    bus,
    metrics,
    poolMetrics,
  };

  const client = createL1Client({ rpcUrl: config.l1RpcUrl, chainId: Number(network.l1ChainId) });
  const self = publicKeyToAddress(privateKeyToPublicKey(keys.sequencer));
  const membership = await loadMembership({ client, network, store, self, logger, signal });
  const app = createPoolApp();
  const engine = await startEngine(around, { membership, app });
  resources.add(engine, (opened) => opened[Symbol.asyncDispose]());
  const relay = new PayloadRelay({
    store,
    privateKey: keys.sequencer,
    domain: signingDomain(network),
    check: (transaction) => app.checkTransaction(engine.appState(), transaction),
    submit: (transaction) => engine.submitTransaction(transaction),
    metrics: poolMetrics,
    logger,
  });
  resources.add(relay, (opened) => opened.close());
  await relay.load();
  followNeighbours(around, { engine, relay }, resources);
  const record: RecordPayload = (tx, payload) => relay.record(tx, payload);
  const { l1PollMs: pollMs } = config;
  const l1Options = {
    client,
    network,
    store,
    record,
    pollMs,
    metrics: poolMetrics,
    logger,
    signal,
  };
  resources.add(keepObserving(l1Options, context.fail), (observing) => observing);
  const ready = () => engine.ready() && bus.ready();
  const rpc = posConsensusRpc({ engine, relay, sql: store.sql });
  await openOwnPorts(config, { rpc, ready, metrics, logger }, resources);
  return ready;
}

async function readKeys({
  keystoreDir,
  keystorePasswordFile,
}: PosConsensusConfig): Promise<Surroundings["keys"]> {
  const password = (await readFile(keystorePasswordFile, "utf8")).trim();
  const [sequencer, channel] = await Promise.all([
    readKeystore(join(keystoreDir, "sequencer.json"), password),
    readKeystore(join(keystoreDir, "consensus-tls.json"), password),
  ]);
  return { sequencer, channel: decodePeerIdentity(channel) };
}

async function startEngine(
  { config, network, keys, store, bus, metrics, poolMetrics, logger, signal, fail }: Surroundings,
  {
    membership,
    app,
  }: { readonly membership: Membership; readonly app: ReturnType<typeof createPoolApp> },
): Promise<PoolEngine> {
  const domain = signingDomain(network);
  const { l2ChainId, parameters, genesisTimeMs } = network;
  const genesis = genesisState({
    network: { domain, l2ChainId, parameters },
    members: membership.members,
    timeMs: genesisTimeMs,
  });
  const poolStore = createPoolStore({ store, bus, domain, app });
  await poolStore.begin(genesis);
  const engine = await createEngine<PoolState, Decision, CanonicalView>({
    app,
    genesis: {
      timeMs: BigInt(genesisTimeMs),
      state: genesis,
      appHash: hashState(genesis),
      validators: validatorsOf(membership.members),
    },
    domain,
    privateKey: keys.sequencer,
    store,
    persistApp: poolStore.persist,
    loadApp: poolStore.load,
    localView: [],
    channel: { host: config.channelHost, port: config.channelPort, identity: keys.channel },
    peers: membership.peers,
    logger,
    metrics,
    signal,
    fail,
  });
  engine.onDecided(({ state, decisions }) => reportPool(poolMetrics, state, decisions));
  engine.onDecided(({ decisions }) => traceCertified(decisions));
  return engine;
}

/** Orderer's view in, decided blocks out to the relay and the view. */
function followNeighbours(
  { bus, config, signal, logger }: Surroundings,
  { engine, relay }: { readonly engine: PoolEngine; readonly relay: PayloadRelay },
  resources: Resources,
): void {
  const orderer = followOrderer({
    bus,
    ordererUrl: config.ordererUrl,
    certifiedHeight: () => engine.appState().certified.height,
    onChange: (view) => engine.localViewChanged(view),
    record: (tx, payload) => relay.record(tx, payload),
    signal,
    logger,
  });
  resources.add(orderer, (opened) => opened.close());
  const unsubscribe = engine.onDecided(() => {
    orderer.onCertified();
    relay.advance();
  });
  resources.add(unsubscribe, (stop) => stop());
}

/** L1 may be away for long: everything but a wrong chain is waited for. */
async function keepObserving(
  options: L1ObserverOptions,
  fail: (error: unknown) => void,
): Promise<void> {
  const { signal, logger } = options;
  while (!signal.aborted) {
    try {
      await observeL1(options);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof L1WrongChainError) return fail(error);
      logger.warn("L1 is not observed, trying again", { reason: describeError(error) });
      await sleep(l1RestartMs, signal).catch(() => {});
    }
  }
}
