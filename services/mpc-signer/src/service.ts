/** Wires the signer together. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openBus } from "@sequorum/bus";
import {
  parseNetworkConfig,
  privateKeyToPublicKey,
  publicKeyToAddress,
  signingDomain,
} from "@sequorum/protocol";
import {
  createBatchTrace,
  createGrpcServer,
  createMetrics,
  createResources,
  type Resources,
  type Service,
  type ServiceContext,
  startHttpServer,
} from "@sequorum/service";
import { openStore, readKeystore } from "@sequorum/store";
import { followDecisions } from "./adapters/decisions.ts";
import { mpcSignerRpc } from "./adapters/rpc-server.ts";
import { connectBatcher, connectPosConsensus, connectRegistry } from "./adapters/siblings.ts";
import type { MpcSignerConfig } from "./config.ts";
import { createSignerMetrics } from "./metrics.ts";
import { startSigner } from "./signer.ts";

/** What the signer gets from its process; `fail` stops it. */
export type MpcSignerContext = Pick<ServiceContext, "signal" | "logger"> &
  Partial<Pick<ServiceContext, "fail">>;

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
  const network = parseNetworkConfig(JSON.parse(await readFile(config.networkFile, "utf8")));
  const password = (await readFile(config.keystorePasswordFile, "utf8")).trim();
  const privateKey = await readKeystore(join(config.keystoreDir, "sequencer.json"), password);
  const identitySeed = await readKeystore(join(config.keystoreDir, "mpc-p2p.json"), password);
  const migrations = new URL("../migrations/", import.meta.url);
  const store = resources.add(
    await openStore({ url: config.postgresUrl, schema: "mpc_signer", migrations, signal }),
    (opened) => opened.close(),
  );
  const { natsUrl, operator } = config;
  const bus = resources.add(
    await openBus({ natsUrl, operator, service: "mpc-signer", store, signal, logger }),
    (opened) => opened.close(),
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
  resources.add(
    await createGrpcServer({
      port: config.grpcPort,
      host: config.grpcHost,
      services: [mpcSignerRpc(signer.rpc)],
      logger,
    }),
    (server) => server.close(),
  );
  resources.add(
    await startHttpServer({ port: config.httpPort, host: config.httpHost, ready, metrics }),
    (server) => server.close(),
  );
  // Background work must end before what it uses is closed.
  resources.add(stop, (abort) => abort());
  return { name: "mpc-signer", ready, [Symbol.asyncDispose]: () => resources.close() };
}
