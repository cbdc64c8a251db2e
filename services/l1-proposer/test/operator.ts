// One operator's l1-proposer with real Postgres, NATS and L1, and fakes of its two gRPC neighbours.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bus, openBus } from "@sequorum/bus";
import { senderAddress } from "@sequorum/l1";
import { BatcherService } from "@sequorum/proto/batcher";
import { PosConsensusService } from "@sequorum/proto/consensus";
import { type Decision, DecisionSchema } from "@sequorum/proto/events";
import { L1ProposerService } from "@sequorum/proto/proposer";
import {
  bytesToHex,
  decodePayload,
  formatNetworkConfig,
  type Hex,
  type PoolPayload,
} from "@sequorum/protocol";
import {
  createGrpcClient,
  createGrpcServer,
  createLogger,
  grpcHandler,
  RpcError,
  type Service,
  silentLogger,
} from "@sequorum/service";
import { openStore, type Store, writeKeystore } from "@sequorum/store";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { freePort, startNats, startPostgres } from "@sequorum/testkit/servers";
import { createL1ProposerService, type L1ProposerConfig } from "../src/index.ts";
import type { Pool, SignedBatch } from "./pool.ts";

type Kind = NonNullable<MessageInitShape<typeof DecisionSchema>["kind"]>;

/** The operator under test. */
export class Operator {
  readonly config: L1ProposerConfig;
  readonly sender: Hex;
  readonly batches = new Map<string, SignedBatch>();
  readonly refusals: PoolPayload[] = [];
  readonly failures: unknown[] = [];
  private readonly closers: (() => Promise<unknown>)[];
  private readonly bus: Bus;
  private readonly posStore: Store;
  private service: Service | undefined;

  private constructor(parts: {
    config: L1ProposerConfig;
    sender: Hex;
    bus: Bus;
    posStore: Store;
    closers: (() => Promise<unknown>)[];
  }) {
    this.config = parts.config;
    this.sender = parts.sender;
    this.bus = parts.bus;
    this.posStore = parts.posStore;
    this.closers = parts.closers;
  }

  /** Starts everything around the service; the service itself with `start`. */
  static async create(
    pool: Pool,
    options: { l1RpcUrl: string; member: number; changed?: Partial<L1ProposerConfig> },
  ): Promise<Operator> {
    const closers: (() => Promise<unknown>)[] = [];
    const directory = await mkdtemp(join(tmpdir(), "l1-proposer-"));
    closers.push(() => rm(directory, { recursive: true, force: true }));
    const senderKey = new Uint8Array(32).fill(17 + options.member);
    const sequencerKey = pool.sequencerKeys[options.member] ?? new Uint8Array(32);
    await writeKeystore(join(directory, "l1-sender.json"), "password", senderKey);
    await writeKeystore(join(directory, "sequencer.json"), "password", sequencerKey);
    await writeFile(join(directory, "password"), "password");
    await writeFile(join(directory, "network.json"), formatNetworkConfig(pool.network));
    const postgres = await startPostgres();
    closers.push(() => postgres.stop());
    const nats = await startNats();
    closers.push(() => nats.stop());
    const postgresUrl = await postgres.createDatabase();
    const signal = new AbortController().signal;
    const migrations = new URL("../../../packages/bus/test/migrations/", import.meta.url);
    const posStore = await openStore({
      url: postgresUrl,
      schema: "pos_consensus",
      migrations,
      signal,
    });
    closers.push(() => posStore.close());
    const common = { natsUrl: nats.url, operator: "alice", logger: silentLogger };
    const bus = await openBus({ ...common, service: "pos-consensus", store: posStore, signal });
    closers.push(() => bus.close());
    const neighbours = await freePort();
    const config: L1ProposerConfig = {
      operator: "alice",
      networkFile: join(directory, "network.json"),
      postgresUrl,
      natsUrl: nats.url,
      l1RpcUrl: options.l1RpcUrl,
      grpcHost: "127.0.0.1",
      grpcPort: await freePort(),
      httpHost: "127.0.0.1",
      httpPort: 0,
      keystoreDir: directory,
      keystorePasswordFile: join(directory, "password"),
      batcherUrl: `127.0.0.1:${neighbours}`,
      posConsensusUrl: `127.0.0.1:${neighbours}`,
      pollIntervalMs: 60,
      l1TimeoutMs: 1_000,
      maxFeePerGasGwei: 300,
      priorityFeePerGasMwei: 100,
      feeBumpPerMille: 150,
      feeBumpAfterMs: 5_000,
      rebroadcastAfterMs: 400,
      retryAfterMs: 50,
      fallbackBlocks: 2,
      finalityDepth: 8,
      inFlightMax: 4,
      gasLimitMax: 15_000_000,
      balanceMinMilliether: 100,
      ...options.changed,
    };
    const operator = new Operator({
      config,
      sender: senderAddress(senderKey),
      bus,
      posStore,
      closers,
    });
    await operator.serveNeighbours(neighbours);
    await pool.fund(operator.sender);
    return operator;
  }

  async start(): Promise<void> {
    const level = (process.env["LOG_LEVEL"] ?? "silent") as "silent";
    const logger = createLogger({ service: "l1-proposer" }, { level });
    const { signal } = new AbortController();
    const fail = (error: unknown) => void this.failures.push(error);
    this.service = await createL1ProposerService(this.config, { signal, logger, fail });
  }

  async stop(): Promise<void> {
    await this.service?.[Symbol.asyncDispose]();
    this.service = undefined;
  }

  async ready(): Promise<boolean> {
    return (await this.service?.ready()) === true;
  }

  /** The pool decides something. */
  async decide(kind: Kind): Promise<void> {
    const value: Decision = create(DecisionSchema, {
      posHeight: 1n,
      index: 0,
      timeMs: BigInt(Date.now()),
      kind,
    });
    await this.posStore.transaction((tx) => this.bus.publish(tx, { case: "decision", value }));
  }

  /** The pool signs a batch whose data the operator's batcher has. */
  async sign(batch: SignedBatch): Promise<void> {
    this.batches.set(bytesToHex(batch.signed.header?.digest ?? new Uint8Array()), batch);
    await this.decide({ case: "batchSigned", value: batch.signed });
  }

  /** Submissions as gRPC lists them, newest first. */
  async submissions() {
    const client = createGrpcClient(L1ProposerService, `127.0.0.1:${this.config.grpcPort}`);
    try {
      return (await client.listSubmissions({ limit: 0 })).submissions;
    } finally {
      client.close();
    }
  }

  async status() {
    const client = createGrpcClient(L1ProposerService, `127.0.0.1:${this.config.grpcPort}`);
    try {
      return await client.getStatus({});
    } finally {
      client.close();
    }
  }

  /** Stored transactions, straight from the database. */
  async transactions(): Promise<
    readonly { hash: Hex; nonce: bigint; owner: string | null; is_cancel: boolean }[]
  > {
    return this.posStore
      .sql`select hash, nonce, owner, is_cancel from l1_proposer.transactions order by nonce, created_at`;
  }

  async dispose(): Promise<void> {
    await this.stop();
    for (const close of this.closers.reverse()) await close();
    assert.deepEqual(this.failures, [], "the service did not fail");
  }

  private async serveNeighbours(port: number): Promise<void> {
    const missing = () => Promise.reject(new RpcError("NOT_FOUND", "UNKNOWN"));
    const batcher = grpcHandler(BatcherService, {
      getStatus: missing,
      getEndorsedDigest: missing,
      getBatch: async ({ digest }: { digest: Uint8Array }) => {
        const batch = this.batches.get(bytesToHex(digest));
        return batch === undefined ? missing() : { header: batch.signed.header, data: batch.data };
      },
    } as never);
    const posConsensus = grpcHandler(
      PosConsensusService,
      new Proxy(
        {},
        { get: (_, method) => (method === "submitPayload" ? this.submitPayload : missing) },
      ) as never,
    );
    const server = await createGrpcServer({
      port,
      services: [batcher, posConsensus],
      logger: silentLogger,
    });
    this.closers.push(() => server.close());
  }

  private readonly submitPayload = async ({ payload }: { payload: Uint8Array }) => {
    const decoded = decodePayload(payload);
    assert.ok(decoded, "the payload decodes");
    this.refusals.push(decoded);
    return { transactionHash: new Uint8Array(32) };
  };
}
