/** The service as a process starts it: real NATS, Postgres and gRPC; pos-consensus and batcher are fakes; L1 is away. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { type Bus, openBus } from "@sequorum/bus";
import { BatcherService } from "@sequorum/proto/batcher";
import { PosConsensusService } from "@sequorum/proto/consensus";
import { decisionToProto } from "@sequorum/proto/convert/decision";
import { MpcSignerService } from "@sequorum/proto/mpc";
import {
  type DecisionBody,
  decodePayload,
  defaultParameters,
  formatNetworkConfig,
  type Hex,
  hexToBytes,
  type NetworkConfig,
  type PoolPayload,
  signingDomain,
} from "@sequorum/protocol";
import {
  createGrpcClient,
  createGrpcServer,
  createResources,
  grpcHandler,
  type GrpcHandler,
  type ListeningServer,
  RpcError,
  type Service,
  silentLogger,
} from "@sequorum/service";
import { openStore, type Store, writeKeystore } from "@sequorum/store";
import { startNats, startPostgres } from "@sequorum/testkit/servers";
import { mpcSignerConfigKeys, parseMpcSignerConfig } from "../src/config.ts";
import { createMpcSignerService } from "../src/service.ts";
import { bytesOf, makeKeys } from "./core/dkg-pool.ts";

const stopping = new AbortController();
const resources = createResources();
const submitted: PoolPayload[] = [];
const failures: unknown[] = [];
const self = makeKeys("service");
const network: NetworkConfig = {
  l1ChainId: 31_337n,
  l2ChainId: 59_001n,
  contracts: Object.fromEntries(
    [
      "stakeToken",
      "sequencerRegistry",
      "stakeVault",
      "epochRegistry",
      "forcedQueue",
      "rollupChain",
      "timelock",
      "admin",
      "frostScheme",
      "ecdsaScheme",
    ].map((name, i) => [name, `0x${(i + 1).toString(16).padStart(40, "0")}`]),
  ) as NetworkConfig["contracts"],
  genesisL1Block: 0n,
  genesisTimeMs: 1_700_000_000_000,
  l2Genesis: { timestamp: 1_700_000_000n, gasLimit: 30_000_000n, baseFeePerGasWei: 1n, alloc: [] },
  parameters: defaultParameters,
};

let service: Service;
let config: ReturnType<typeof parseMpcSignerConfig>;
let posConsensus: { store: Store; bus: Bus };
let grpcPort: number;
const start = () =>
  createMpcSignerService(config, {
    signal: stopping.signal,
    logger: silentLogger,
    fail: (error) => void failures.push(error),
  });

before(async () => {
  const postgres = resources.add(await startPostgres(), (server) => server.stop());
  const nats = resources.add(await startNats(), (server) => server.stop());
  const directory = resources.add(
    await mkdtemp(join(tmpdir(), "sequorum-signer-service-")),
    (path) => rm(path, { recursive: true }),
  );
  const keystoreDir = join(directory, "keys");
  await mkdir(keystoreDir);
  await writeFile(join(directory, "network.json"), formatNetworkConfig(network));
  await writeFile(join(directory, "password"), "test password\n");
  await writeKeystore(join(keystoreDir, "sequencer.json"), "test password", self.privateKey);
  await writeKeystore(join(keystoreDir, "mpc-p2p.json"), "test password", bytesOf("p2p identity"));
  const serve = async (handler: GrpcHandler): Promise<ListeningServer> =>
    resources.add(
      await createGrpcServer({ port: 0, services: [handler], logger: silentLogger }),
      (server) => server.close(),
    );
  const consensus = await serve(fakePosConsensus());
  const batcher = await serve(fakeBatcher());
  const postgresUrl = await postgres.createDatabase("operator");
  grpcPort = 30_000 + Math.floor(Math.random() * 9_000);
  const values: Record<string, string> = {
    OPERATOR: "a",
    NETWORK_FILE: join(directory, "network.json"),
    POSTGRES_URL: postgresUrl,
    NATS_URL: nats.url,
    L1_RPC_URL: "http://127.0.0.1:9",
    GRPC_PORT: `${grpcPort}`,
    HTTP_PORT: `${grpcPort + 1}`,
    KEYSTORE_DIR: keystoreDir,
    KEYSTORE_PASSWORD_FILE: join(directory, "password"),
    BATCHER_URL: `127.0.0.1:${batcher.port}`,
    POS_CONSENSUS_URL: `127.0.0.1:${consensus.port}`,
    P2P_LISTEN: "/ip4/127.0.0.1/tcp/0",
  };
  config = parseMpcSignerConfig(
    Object.fromEntries(Object.entries(values).map(([key, value]) => [`MPC_SIGNER_${key}`, value])),
  );
  await mkdir(join(directory, "no-migrations"));
  const migrations = pathToFileURL(join(directory, "no-migrations/"));
  const store = resources.add(
    await openStore({
      url: postgresUrl,
      schema: "pos_consensus",
      migrations,
      signal: stopping.signal,
    }),
    (opened) => opened.close(),
  );
  const bus = resources.add(
    await openBus({
      natsUrl: nats.url,
      operator: "a",
      service: "pos-consensus",
      store,
      signal: stopping.signal,
      logger: silentLogger,
    }),
    (opened) => opened.close(),
  );
  posConsensus = { store, bus };
  service = await start();
});
after(async () => {
  await service?.[Symbol.asyncDispose]();
  stopping.abort();
  await resources.close();
  assert.deepEqual(failures, []);
});

function unimplemented(names: readonly string[]) {
  return Object.fromEntries(
    names.map((name) => [name, async () => Promise.reject(new RpcError("INTERNAL", "NOT_FAKED"))]),
  );
}

function fakePosConsensus(): GrpcHandler {
  const submitPayload = async ({ payload }: { payload: Uint8Array }) => {
    const decoded = decodePayload(payload);
    assert.ok(decoded, "payloads are canonical");
    submitted.push(decoded);
    return { transactionHash: new Uint8Array(32) };
  };
  const others = unimplemented(PosConsensusService.methods.map(({ localName }) => localName));
  return grpcHandler(PosConsensusService, { ...others, submitPayload } as never);
}

function fakeBatcher(): GrpcHandler {
  return grpcHandler(
    BatcherService,
    unimplemented(BatcherService.methods.map(({ localName }) => localName)) as never,
  );
}

let position = 0;
async function decide(body: DecisionBody): Promise<void> {
  position += 1;
  const decision = decisionToProto(
    { ...body, posHeight: 1n, position, timeMs: Date.now() },
    signingDomain(network),
  );
  await posConsensus.store.transaction((tx) =>
    posConsensus.bus.publish(tx, { case: "decision", value: decision }),
  );
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 15_000; !condition(); await delay(20))
    assert.ok(Date.now() < end, `timed out: ${what}`);
}

const ceremonyId: Hex = `0x${"c1".repeat(32)}`;
const opened: DecisionBody = {
  type: "ceremonyOpened",
  ceremonyId,
  epoch: 1n,
  attempt: 0,
  threshold: 2,
  deadlineMs: Date.now() + 60_000,
  roster: ["service", "other", "third"].map((label, index) => {
    const { address, publicKey } = makeKeys(label);
    return { index, address, publicKey, stakeWei: 1n };
  }),
};

test("the service starts while L1 is away, is ready, and answers on gRPC and HTTP", async () => {
  await until(() => service.ready() === true, "readiness");
  const client = createGrpcClient(MpcSignerService, `127.0.0.1:${grpcPort}`);
  const status = await client.getStatus({});
  assert.match(status.peerId, /^12D3Koo/);
  assert.deepEqual((await client.listKeys({})).keys, []);
  await assert.rejects(client.getSession({ sessionId: new Uint8Array(32) }), {
    code: "SESSION_UNKNOWN",
  });
  await assert.rejects(client.getSession({ sessionId: new Uint8Array(3) }), {
    code: "SESSION_ID_LENGTH",
  });
  client.close();
  const metrics = await (await fetch(`http://127.0.0.1:${grpcPort + 1}/metrics`)).text();
  for (const name of ["mpc_dkg_duration_seconds", "mpc_signature_latency_seconds"])
    assert.match(metrics, new RegExp(name));
});

test("a ceremony decided on the bus gives a round-1 package, and a restart repeats the same bytes", async () => {
  await decide(opened);
  await until(() => submitted.length > 0, "the package");
  const [first] = submitted;
  assert.equal(first?.type, "dkgRound1");
  await service[Symbol.asyncDispose]();
  service = await start();
  await until(() => submitted.length > 1, "the package again");
  assert.deepEqual(submitted[1], first);
  const client = createGrpcClient(MpcSignerService, `127.0.0.1:${grpcPort}`);
  assert.equal((await client.getSession({ sessionId: hexToBytes(ceremonyId) })).state, "dealing");
  client.close();
});

test("a failed ceremony is erased and reported", async () => {
  await decide({
    type: "ceremonyFailed",
    ceremonyId,
    culprits: [makeKeys("other").address],
    code: "ROUND1_TIMEOUT",
  });
  await until(() => submitted.some(({ type }) => type === "keyErasure"), "the report");
});

test("every key of .env.example parses", async () => {
  const text = await readFile(new URL("../.env.example", import.meta.url), "utf8");
  const example = Object.fromEntries(
    [...text.matchAll(/^([A-Z0-9_]+)=(.*)$/gm)].map(([, key, value]) => [key, value]),
  );
  assert.deepEqual(
    Object.keys(example).sort(),
    Object.values(mpcSignerConfigKeys)
      .map(({ variable }) => variable)
      .sort(),
  );
  for (const { variable, parse } of Object.values(mpcSignerConfigKeys)) {
    if (/_(FILE|DIR)$/.test(variable)) continue;
    assert.doesNotThrow(
      () => (parse as (value: string) => unknown)(example[variable] ?? ""),
      variable,
    );
  }
});
