/** A pool of one for tests: real Postgres, NATS and anvil with the contracts; an orderer that says what a test wants. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { openBus } from "@sequorum/bus";
import { deployContracts } from "@sequorum/l1";
import { PosConsensusService } from "@sequorum/proto/consensus";
import { decisionFromProto } from "@sequorum/proto/convert/decision";
import { OrdererService } from "@sequorum/proto/orderer";
import {
  bytesToHex,
  type Decision,
  defaultParameters,
  formatNetworkConfig,
  type Hex,
  hexToBytes,
  keccak256,
  type NetworkConfig,
  privateKeyToPublicKey,
  publicKeyToAddress,
  signDigest,
} from "@sequorum/protocol";
import {
  createGrpcClient,
  createGrpcServer,
  createPeerIdentity,
  createResources,
  encodePeerIdentity,
  grpcHandler,
  type Resources,
  type Service,
  silentLogger,
} from "@sequorum/service";
import { openStore, writeKeystore } from "@sequorum/store";
import { freePort, startAnvil, startNats, startPostgres } from "@sequorum/testkit/servers";
import { createPosConsensusService, type PosConsensusConfig } from "../src/index.ts";

/** Anvil's first account, which deploys and owns the stake. */
const anvilKey: Hex = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const sequencerKey = new Uint8Array(32).fill(7);
const identity = createPeerIdentity("test");

/** Address of the only member. */
export const self = publicKeyToAddress(privateKeyToPublicKey(sequencerKey));

/** A block of the fake orderer's chain. */
export type TestBlock = {
  readonly height: bigint;
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly term: bigint;
};

/** Blocks `from` to `to` of a term. */
export function testBlocks(from: number, to: number, term = 1n): TestBlock[] {
  const hashOf = (height: number) =>
    keccak256(bytesToHex(new TextEncoder().encode(`block ${height}`)));
  return Array.from({ length: to - from + 1 }, (_, i) => ({
    height: BigInt(from + i),
    hash: hashOf(from + i),
    parentHash: hashOf(from + i - 1),
    term,
  }));
}

/** The surroundings of one pos-consensus. */
export async function startOperator() {
  const resources = createResources();
  const [postgres, nats, anvil, folder] = await Promise.all([
    startPostgres(),
    startNats(),
    startAnvil(),
    mkdtemp(join(tmpdir(), "pos-consensus-test-")),
  ]);
  resources.add(folder, (path) => rm(path, { recursive: true, force: true }));
  for (const server of [postgres, nats, anvil])
    resources.add(server, (opened) => opened[Symbol.asyncDispose]());
  const channelPort = await freePort();
  const network = await deployNetwork(anvil.url, channelPort);
  const networkFile = join(folder, "network.json");
  const passwordFile = join(folder, "password");
  await Promise.all([
    writeFile(networkFile, formatNetworkConfig(network)),
    writeFile(passwordFile, "secret"),
    writeKeystore(join(folder, "sequencer.json"), "secret", sequencerKey),
    writeKeystore(join(folder, "consensus-tls.json"), "secret", encodePeerIdentity(identity)),
  ]);
  const postgresUrl = await postgres.createDatabase();
  const orderer = await startOrderer({ postgresUrl, natsUrl: nats.url }, resources);
  const config: PosConsensusConfig = {
    operator: "test",
    networkFile,
    postgresUrl,
    natsUrl: nats.url,
    l1RpcUrl: anvil.url,
    grpcPort: await freePort(),
    grpcHost: "127.0.0.1",
    httpHost: "127.0.0.1",
    httpPort: await freePort(),
    channelPort,
    channelHost: "127.0.0.1",
    keystoreDir: folder,
    keystorePasswordFile: passwordFile,
    ordererUrl: `127.0.0.1:${orderer.port}`,
    l1PollMs: 50,
  };
  const client = createGrpcClient(PosConsensusService, `127.0.0.1:${config.grpcPort}`);
  resources.add(client, (opened) => opened.close());
  return {
    network,
    config,
    client,
    orderer,
    stopL1: () => anvil[Symbol.asyncDispose](),
    start: (): Promise<Service> =>
      createPosConsensusService(config, {
        signal: new AbortController().signal,
        logger: silentLogger,
        fail: (error) => {
          throw error;
        },
      }),
    /** The next decision that fits; reads the stream from its start. */
    async nextDecision(fits: (decision: Decision) => boolean): Promise<Decision> {
      const stopping = new AbortController();
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(20_000)]);
      try {
        for await (const { event } of client.streamDecisions({ fromSequence: 1n }, { signal })) {
          if (event?.payload.case !== "decision") continue;
          const decision = decisionFromProto(event.payload.value);
          if (fits(decision)) return decision;
        }
      } finally {
        stopping.abort();
      }
      throw new Error("no such decision in time");
    },
    [Symbol.asyncDispose]: () => resources.close(),
  };
}

async function deployNetwork(l1Url: string, channelPort: number): Promise<NetworkConfig> {
  const genesisTimeMs = Date.now();
  const l2Genesis = {
    timestamp: BigInt(Math.floor(genesisTimeMs / 1_000)),
    gasLimit: 30_000_000n,
    baseFeePerGasWei: 7n,
    alloc: [],
  };
  const deployment = await deployContracts({
    rpcUrl: l1Url,
    deployerPrivateKey: anvilKey,
    operators: [
      {
        ownerPrivateKey: anvilKey,
        sequencerPublicKey: privateKeyToPublicKey(sequencerKey),
        stakeWei: 20_000n * 10n ** 18n,
        signKeyProof: (digest) => signDigest(sequencerKey, digest),
        networkIdentity: {
          feedEndpoint: "127.0.0.1:1",
          feedCertificate: identity.certificate,
          consensusEndpoint: `127.0.0.1:${channelPort}`,
          consensusCertificate: identity.certificate,
          mpcMultiaddr:
            "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN",
        },
      },
    ],
    parameters: defaultParameters,
    l2Genesis: {
      chainId: 2_026n,
      blockHash: keccak256("0x01"),
      stateRoot: keccak256("0x02"),
      timestamp: l2Genesis.timestamp,
    },
  });
  return {
    ...deployment,
    l2ChainId: 2_026n,
    genesisTimeMs,
    l2Genesis,
    parameters: defaultParameters,
  };
}

async function startOrderer(
  urls: { readonly postgresUrl: string; readonly natsUrl: string },
  resources: Resources,
) {
  let chain: readonly TestBlock[] = [];
  const stopping = new AbortController();
  resources.add(stopping, (controller) => controller.abort());
  const { signal } = stopping;
  const none = await mkdtemp(join(tmpdir(), "no-migrations-"));
  const migrations = pathToFileURL(`${none}/`);
  const store = await openStore({ url: urls.postgresUrl, schema: "orderer", migrations, signal });
  resources.add(store, (opened) => opened.close());
  const bus = await openBus({
    ...urls,
    operator: "test",
    service: "orderer",
    store,
    signal,
    logger: silentLogger,
  });
  resources.add(bus, (opened) => opened.close());
  const unused = () => Promise.reject(new Error("not part of the test"));
  const service = grpcHandler(OrdererService, {
    submitTransaction: unused,
    getTransactionStatus: unused,
    getBlock: unused,
    getBlocks: unused,
    getStatus: unused,
    streamBlocks: async function* () {},
    getCanonicalChain: async ({ from }) => ({
      blocks: chain.filter(({ height }) => height >= from).map(toReference),
    }),
  });
  const server = await createGrpcServer({ port: 0, services: [service], logger: silentLogger });
  resources.add(server, (opened) => opened.close());
  return {
    port: server.port,
    /** Appends blocks above a height and tells so on the bus. */
    extend: (forkHeight: bigint, blocks: readonly TestBlock[]) => {
      chain = [...chain.filter(({ height }) => height <= forkHeight), ...blocks];
      const value = { forkHeight, blocks: blocks.map(toReference) };
      return store.transaction((tx) =>
        bus.publish(tx, { case: "canonicalChainUpdated", value: value as never }),
      );
    },
    /** Has blocks, but tells nobody. */
    hold: (blocks: readonly TestBlock[]) => {
      chain = blocks;
    },
    reportSilent: (term: bigint) =>
      store.transaction((tx) =>
        bus.publish(tx, { case: "leaderSilent", value: { term, reason: 1 } as never }),
      ),
  };
}

function toReference({ height, hash, parentHash, term }: TestBlock) {
  return { height, hash: hexToBytes(hash), parentHash: hexToBytes(parentHash), term };
}
