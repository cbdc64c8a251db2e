/** Wires the orderer together. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bus, openStoreAndBus } from "@sequorum/bus";
import type { L1Client } from "@sequorum/l1";
import {
  type Hex,
  type NetworkConfig,
  privateKeyToPublicKey,
  publicKeyToAddress,
  signingDomain,
} from "@sequorum/protocol";
import {
  createMetrics,
  createResources,
  decodePeerIdentity,
  type Metrics,
  type PeerIdentity,
  type Resources,
  type Service,
  type ServiceContext,
  openOwnPorts,
  readNetworkFile,
} from "@sequorum/service";
import { readKeystore, type Store } from "@sequorum/store";
import { feedHandler } from "./adapters/feed-server.ts";
import { connectL1, followL1 } from "./adapters/l1-origins.ts";
import { ordererHandler } from "./adapters/rpc-server.ts";
import type { OrdererConfig } from "./config.ts";
import { startJsonRpcServer } from "./json-rpc/server.ts";
import { createOrdererMetrics } from "./metrics.ts";
import { type Node, startNode } from "./shell/node.ts";
import { nodeInfo } from "./shell/node-info.ts";
import { followPeers } from "./shell/peers.ts";

/** What the orderer gets from its process; `fail` stops it. */
export type OrdererContext = Pick<ServiceContext, "signal" | "logger"> &
  Partial<Pick<ServiceContext, "fail">>;

/** A running orderer with the ports on which it listens. */
export type OrdererService = Service & {
  readonly ports: {
    readonly rpc: number;
    readonly grpc: number;
    readonly http: number;
    feed(): number | undefined;
  };
};

const migrations = new URL("../migrations/", import.meta.url);

/** Opens everything the orderer needs and starts it. */
export async function createOrdererService(
  config: OrdererConfig,
  context: OrdererContext,
): Promise<OrdererService> {
  const resources = createResources();
  // aborted last of all: what is being stored is stored to its end
  const ended = resources.add(new AbortController(), (controller) => controller.abort());
  try {
    return await start(config, { ...context, ended: ended.signal }, resources);
  } catch (error) {
    await resources.close().catch(() => {}); // the first error is the one to tell
    throw error;
  }
}

/** Everything that exists before the core does. */
type Base = {
  readonly config: OrdererConfig;
  readonly network: NetworkConfig;
  readonly privateKey: Uint8Array;
  readonly self: Hex;
  readonly identity: PeerIdentity;
  readonly store: Store;
  readonly bus: Bus;
  readonly l1: L1Client;
  readonly metrics: Metrics;
};

type Lifetimes = OrdererContext & { readonly ended: AbortSignal };

async function start(
  config: OrdererConfig,
  context: Lifetimes,
  resources: Resources,
): Promise<OrdererService> {
  const base = await openBase(config, context, resources);
  const { network, self, store, bus, l1, metrics } = base;
  const stopping = new AbortController();
  const signal = AbortSignal.any([context.signal, stopping.signal]);
  const { logger, ended } = context;
  const fail = (error: unknown) => {
    if (!signal.aborted) context.fail?.(error);
  };
  const node = await startNode({
    ...base,
    coinbase: config.coinbase ?? self,
    seals: { chainId: network.l2ChainId, domain: signingDomain(network) },
    metrics: createOrdererMetrics(metrics),
    signal: ended,
    logger,
    fail,
  });
  resources.add(node, (running) => running.close());
  const peers = await servePeers(base, node, { logger, signal });
  resources.add(peers, (running) => running.close());
  const { onOrigins, onOriginsReplaced } = node;
  const pollIntervalMs = config.l1PollIntervalMs;
  const hands = { onOrigins, onOriginsReplaced, onFatal: fail };
  const following = followL1({
    network,
    client: l1,
    store,
    signal,
    logger,
    pollIntervalMs,
    ...hands,
  });
  resources.add(following, (running) => running);
  node.followDecisions(bus);
  const rpc = ordererHandler({ ...node, peers: () => node.clients.connected() });
  const jsonRpc = resources.add(await serveJsonRpc(base, node, { logger, signal }), (server) =>
    server.close(),
  );
  const ready = () => bus.ready() && node.isSynced();
  const { grpc, http } = await openOwnPorts(config, { rpc, ready, metrics, logger }, resources);
  resources.add(stopping, (controller) => controller.abort()); // second: L1 and members are no longer followed
  resources.add(node.pool, (pool) => pool.close()); // first of all: no new transactions
  return {
    name: "orderer",
    ports: { rpc: jsonRpc.port, grpc: grpc.port, http: http.port, feed: peers.port },
    ready,
    [Symbol.asyncDispose]: () => resources.close(),
  };
}

async function openBase(
  config: OrdererConfig,
  { signal, logger }: OrdererContext,
  resources: Resources,
): Promise<Base> {
  const network = await readNetworkFile(config.networkFile);
  const password = (await readFile(config.keystorePasswordFile, "utf8")).trim();
  const privateKey = await readKeystore(join(config.keystoreDir, "sequencer.json"), password);
  const identity = decodePeerIdentity(
    await readKeystore(join(config.keystoreDir, "feed-tls.json"), password),
  );
  const { store, bus } = await openStoreAndBus(
    { service: "orderer", config, migrations, connectionsMax: 6, signal, logger },
    resources,
  );
  const self = publicKeyToAddress(privateKeyToPublicKey(privateKey));
  const l1 = connectL1(network, config.l1RpcUrl);
  return {
    config,
    network,
    privateKey,
    self,
    identity,
    store,
    bus,
    l1,
    metrics: createMetrics("orderer"),
  };
}

function servePeers(
  { config, network, l1, store, self, identity }: Base,
  node: Node,
  context: OrdererContext,
) {
  return followPeers({
    network,
    client: l1,
    store,
    self,
    identity,
    host: config.feedHost,
    port: config.feedPort,
    handler: feedHandler({
      hub: node.hub,
      reader: node.reader,
      submit: (raw) => node.pool.add(raw),
    }),
    clients: node.clients,
    newestOrigin: () => node.state().origins.at(-1)?.number,
    signal: context.signal,
    logger: context.logger,
  });
}

function serveJsonRpc({ config, metrics }: Base, node: Node, { signal, logger }: OrdererContext) {
  return startJsonRpcServer({
    port: config.rpcPort,
    host: config.rpcHost,
    reader: node.chain,
    executor: node.calls,
    pool: node.pool,
    subscriptions: node.events,
    node: nodeInfo(config.operator, node),
    logger,
    metrics,
    signal,
  });
}
