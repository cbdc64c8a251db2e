/** Wires the signer together. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openStoreAndBus } from "@sequorum/bus";
import { privateKeyToPublicKey, publicKeyToAddress, signingDomain } from "@sequorum/protocol";
import {
  createBatchTrace,
  createMetrics,
  createResources,
  type Resources,
  type Service,
  type ServiceContext,
  openOwnPorts,
  readNetworkFile,
} from "@sequorum/service";
import { readKeystore } from "@sequorum/store";
import { followDecisions } from "./adapters/decisions.ts";
import { mpcSignerRpc } from "./adapters/rpc-server.ts";
import { connectBatcher, connectPosConsensus, connectRegistry } from "./adapters/siblings.ts";
import type { MpcSignerConfig } from "./config.ts";
import { createSignerMetrics } from "./metrics.ts";
import { startSigner } from "./signer.ts";

/** What the signer gets from its process; `fail` stops it. */
export type MpcSignerContext = Pick<ServiceContext, "signal" | "logger"> &
  Partial<Pick<ServiceContext, "fail">>;

const migrations = new URL("../migrations/", import.meta.url);

/** Opens everything the signer needs and starts it. */
export async function createMpcSignerService(
  config: MpcSignerConfig,
  context: MpcSignerContext,
): Promise<Service> {
  const resources = createResources();
  const stopping = resources.add(new AbortController(), (controller) => controller.abort());
  const signal = AbortSignal.any([context.signal, stopping.signal]);
  try {
    return await start(config, { ...context, signal }, { resources, stop: () => stopping.abort() });
  } catch (error) {
    await resources.close();
    throw error;
  }
}

async function start(
  config: MpcSignerConfig,
  { signal, logger, fail = () => {} }: MpcSignerContext,
  { resources, stop }: { resources: Resources; stop: () => void },
): Promise<Service> {
  const network = await readNetworkFile(config.networkFile);
  const password = (await readFile(config.keystorePasswordFile, "utf8")).trim();
  const privateKey = await readKeystore(join(config.keystoreDir, "sequencer.json"), password);
  const identitySeed = await readKeystore(join(config.keystoreDir, "mpc-p2p.json"), password);
  const { store, bus } = await openStoreAndBus(
    { service: "mpc-signer", config, migrations, signal, logger },
    resources,
  );
  const posConsensus = resources.add(connectPosConsensus(config.posConsensusUrl), (client) =>
    client.close(),
  );
  const batcher = resources.add(connectBatcher(config.batcherUrl), (client) => client.close());
  const metrics = createMetrics("mpc-signer");
  const traces = createBatchTrace("mpc-signer");
  const signer = await startSigner(
    {
      store,
      self: { address: publicKeyToAddress(privateKeyToPublicKey(privateKey)), privateKey },
      identitySeed,
      listen: config.p2pListen,
      keystore: { directory: config.keystoreDir, password },
      domain: signingDomain(network),
      roundTimeoutMs: network.parameters.ceremonyRoundTimeoutMs,
      peersRefreshMs: config.peersRefreshMs,
      submit: posConsensus.submit,
      readEndorsedDigest: batcher.readEndorsedDigest,
      readPeers: connectRegistry(config.l1RpcUrl, network),
      metrics: createSignerMetrics(metrics),
      traces,
      logger,
      signal,
      fail,
    },
    resources,
  );
  followDecisions(bus, traces, signer.onDecision);
  const ready = () => bus.ready() && signer.ready();
  const rpc = mpcSignerRpc(signer.rpc);
  await openOwnPorts(config, { rpc, ready, metrics, logger }, resources);
  // Background work must end before what it uses is closed.
  resources.add(stop, (abort) => abort());
  return { name: "mpc-signer", ready, [Symbol.asyncDispose]: () => resources.close() };
}
