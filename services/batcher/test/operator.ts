/** The neighbours of a batcher for tests: real Postgres and NATS, an orderer and a pos-consensus that say what a test wants. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { create } from "@bufbuild/protobuf";
import { openBus } from "@sequorum/bus";
import { PosConsensusService } from "@sequorum/proto/consensus";
import { type Decision, DecisionSchema } from "@sequorum/proto/events";
import { OrdererService } from "@sequorum/proto/orderer";
import type { Hex, NetworkConfig, PoolPayload } from "@sequorum/protocol";
import {
  decodePayload,
  defaultParameters,
  formatNetworkConfig,
  hexToBytes,
  privateKeyToPublicKey,
  publicKeyToAddress,
  signingDomain,
} from "@sequorum/protocol";
import { createGrpcServer, grpcHandler, RpcError, silentLogger } from "@sequorum/service";
import { openStore, writeKeystore } from "@sequorum/store";
import { startNats, startPostgres } from "@sequorum/testkit/servers";
import { type BatcherConfig, createBatcherService } from "../src/index.ts";
import type { SampleBlock } from "../src/testing/sample-chain.ts";

const address = (byte: string): Hex => `0x${byte.repeat(20)}`;
export const privateKey = new Uint8Array(32).fill(7);
export const self = publicKeyToAddress(privateKeyToPublicKey(privateKey));

const contracts = {
  ...{ stakeToken: address("01"), sequencerRegistry: address("02"), stakeVault: address("03") },
  ...{
    epochRegistry: address("04"),
    forcedQueue: address("05"),
    rollupChain: address("c0"),
    timelock: address("07"),
  },
  ...{ admin: address("08"), frostScheme: address("09"), ecdsaScheme: address("0a") },
};

export const network: NetworkConfig = {
  l1ChainId: 31_337n,
  l2ChainId: 777n,
  contracts,
  genesisL1Block: 1n,
  genesisTimeMs: 1_800_000_000_000,
  l2Genesis: { timestamp: 1_800_000_000n, gasLimit: 30_000_000n, baseFeePerGasWei: 7n, alloc: [] },
  parameters: { ...defaultParameters, batchAgeMsMax: 500 },
};
export const domain = signingDomain(network);

/** What pos-consensus was given, and whether it answers. */
export type FakePool = { readonly payloads: PoolPayload[]; isAway: boolean };

export type TestOperator = {
  readonly pool: FakePool;
  readonly chain: SampleBlock[];
  decide(kind: Decision["kind"]): Promise<void>;
  startBatcher(): ReturnType<typeof createBatcherService>;
  readonly grpcPort: number;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Starts everything but the batcher. */
export async function startOperator(grpcPort: number): Promise<TestOperator> {
  const [postgres, nats, folder] = await Promise.all([
    startPostgres(),
    startNats(),
    mkdtemp(join(tmpdir(), "batcher-test-")),
  ]);
  await mkdir(join(folder, "none"));
  const postgresUrl = await postgres.createDatabase();
  const stopping = new AbortController();
  const pool: FakePool = { payloads: [], isAway: false };
  const chain: SampleBlock[] = [];
  const orderer = await serve(ordererOf(chain));
  const consensus = await serve(consensusOf(pool));
  const migrations = pathToFileURL(`${join(folder, "none")}/`);
  const { signal } = stopping;
  const store = await openStore({ url: postgresUrl, schema: "pos_consensus", migrations, signal });
  const common = { natsUrl: nats.url, operator: "a", logger: silentLogger };
  const bus = await openBus({ ...common, service: "pos-consensus", store, signal });
  await writeFile(join(folder, "network.json"), formatNetworkConfig(network));
  await writeFile(join(folder, "password"), "secret\n");
  await writeKeystore(join(folder, "sequencer.json"), "secret", privateKey);
  const config: BatcherConfig = {
    ...{ operator: "a", networkFile: join(folder, "network.json"), postgresUrl, natsUrl: nats.url },
    ...{ grpcHost: "127.0.0.1", httpHost: "127.0.0.1" },
    ...{
      grpcPort,
      httpPort: 0,
      keystoreDir: folder,
      keystorePasswordFile: join(folder, "password"),
    },
    ...{ ordererUrl: `127.0.0.1:${orderer.port}`, posConsensusUrl: `127.0.0.1:${consensus.port}` },
  };
  return {
    pool,
    chain,
    grpcPort,
    decide: (kind) =>
      store.transaction((tx) =>
        bus.publish(tx, { case: "decision", value: create(DecisionSchema, { kind }) }),
      ),
    startBatcher: () => createBatcherService(config, { signal, logger: silentLogger }),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await bus.close();
      await store.close();
      await Promise.all([orderer.close(), consensus.close(), postgres.stop(), nats.stop()]);
      await rm(folder, { recursive: true });
    },
  };
}

function serve(handler: ReturnType<typeof grpcHandler>) {
  return createGrpcServer({ port: 0, services: [handler], logger: silentLogger });
}

function notHere(): never {
  throw new RpcError("NOT_FOUND", "NOT_IN_THIS_TEST");
}

function ordererOf(chain: readonly SampleBlock[]) {
  const absent = { submitTransaction: notHere, getTransactionStatus: notHere, getBlock: notHere };
  return grpcHandler(OrdererService, {
    ...absent,
    ...{ streamBlocks: notHere, getCanonicalChain: notHere, getStatus: notHere },
    getBlocks: async ({ from, to }) => ({
      blocks: chain
        .filter(({ block }) => block.height >= from && block.height <= to)
        .map(({ block, encoded }) => ({
          ...encoded,
          height: block.height,
          hash: hexToBytes(block.hash),
          term: block.term,
        })),
    }),
  });
}

function consensusOf(pool: FakePool) {
  const absent = { getStatus: notHere, getMembers: notHere, getTerm: notHere, getBatch: notHere };
  return grpcHandler(PosConsensusService, {
    ...absent,
    ...{ getCommitCertificate: notHere, streamDecisions: notHere },
    submitPayload: async ({ payload }) => {
      if (pool.isAway) throw new RpcError("UNAVAILABLE", "AWAY");
      const decoded = decodePayload(payload);
      if (decoded === undefined) throw new RpcError("INVALID_ARGUMENT", "MALFORMED");
      pool.payloads.push(decoded);
      return { transactionHash: new Uint8Array(32) };
    },
  });
}
