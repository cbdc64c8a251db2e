/** n real signers: real libp2p on loopback, real Postgres, real keystores; the PoS chain is a FakePool. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Hex } from "@sequorum/protocol";
import { createBatchTrace, createResources, type Logger, silentLogger } from "@sequorum/service";
import { openStore, type Sql, type Store } from "@sequorum/store";
import { createSignerMetrics } from "../src/metrics.ts";
import { type Signer, startSigner } from "../src/signer.ts";
import { bytesOf, makeKeys, type PoolMemberKeys, testDomain } from "./core/dkg-pool.ts";
import { FakePool } from "./fake-pool.ts";
import { peerIdOfSeed } from "../src/adapters/mpc-channel.ts";

export type ClusterNode = {
  readonly index: number;
  readonly keys: PoolMemberKeys;
  readonly directory: string;
  readonly databaseUrl: string;
  readonly multiaddr: string;
  /** Digests this operator's batcher endorsed, by batch index. */
  readonly endorsed: Map<string, Hex>;
  cursor: number;
  running: { signer: Signer; store: Store; stop: () => Promise<void> } | undefined;
};

export type ClusterOptions = {
  readonly n: number;
  readonly databaseUrl: (index: number) => Promise<string>;
  readonly logger?: Logger;
  readonly basePort: number;
  /** Delay of each decision's delivery and each payload, one way. */
  readonly linkMs?: number;
  readonly attemptTimeoutMs?: number;
  readonly roundTimeoutMs?: number;
  /** Members that answer no digest question. */
  readonly metrics?: ReturnType<typeof createSignerMetrics>;
};

/** A pool of signers. */
export class SignerCluster {
  readonly nodes: ClusterNode[];
  readonly pool: FakePool;
  readonly failures: unknown[] = [];
  readonly #options: ClusterOptions;

  private constructor(options: ClusterOptions, nodes: ClusterNode[]) {
    this.#options = options;
    this.nodes = nodes;
    const { attemptTimeoutMs } = options;
    this.pool = new FakePool({
      members: nodes.map(({ keys: { address, publicKey } }) => ({ address, publicKey })),
      domain: testDomain,
      ...(attemptTimeoutMs === undefined ? {} : { attemptTimeoutMs }),
    });
  }

  static async create(options: ClusterOptions): Promise<SignerCluster> {
    const nodes: ClusterNode[] = [];
    for (let index = 0; index < options.n; index++) {
      const peerId = await peerIdOfSeed(bytesOf(`p2p ${index}`));
      nodes.push({
        index,
        keys: makeKeys(`${index}`),
        directory: await mkdtemp(join(tmpdir(), `sequorum-signer-${index}-`)),
        databaseUrl: await options.databaseUrl(index),
        multiaddr: `/ip4/127.0.0.1/tcp/${options.basePort + index}/p2p/${peerId}`,
        endorsed: new Map(),
        cursor: 0,
        running: undefined,
      });
    }
    return new SignerCluster(options, nodes);
  }

  async start(index: number): Promise<void> {
    const node = this.node(index);
    const stopping = new AbortController();
    const resources = createResources();
    const migrations = new URL("../migrations/", import.meta.url);
    const store = resources.add(
      await openStore({
        url: node.databaseUrl,
        schema: "mpc_signer",
        migrations,
        signal: stopping.signal,
      }),
      (opened) => opened.close(),
    );
    const { linkMs = 0 } = this.#options;
    const signer = await startSigner(
      {
        store,
        self: node.keys,
        identitySeed: bytesOf(`p2p ${index}`),
        listen: `/ip4/127.0.0.1/tcp/${this.#options.basePort + index}`,
        keystore: { directory: node.directory, password: "test password" },
        domain: testDomain,
        roundTimeoutMs: this.#options.roundTimeoutMs ?? 4_000,
        peersRefreshMs: 60_000,
        submit: async (payload) => {
          if (linkMs > 0) await delay(linkMs);
          this.pool.submit(node.keys.address, payload);
        },
        readEndorsedDigest: async ({ index: batch }) => node.endorsed.get(`${batch}`),
        readPeers: async () =>
          this.nodes.map(({ keys, multiaddr }) => ({ address: keys.address, multiaddr })),
        metrics: this.#options.metrics ?? createSignerMetrics(),
        traces: createBatchTrace("mpc-signer"),
        logger: this.#options.logger ?? silentLogger,
        signal: stopping.signal,
        fail: (error) => this.failures.push(error),
      },
      resources,
    );
    let wake: () => void = () => {};
    const unsubscribe = this.pool.onDecision(() => wake());
    const follow = async () => {
      while (!stopping.signal.aborted) {
        const decision = this.pool.log[node.cursor];
        if (decision === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
            stopping.signal.addEventListener("abort", () => resolve(), { once: true });
          });
          continue;
        }
        const due = decision.timeMs + linkMs - Date.now();
        if (due > 0) await delay(due);
        if (stopping.signal.aborted) return;
        await store.transaction((tx) => signer.onDecision(decision, tx));
        node.cursor += 1;
      }
    };
    const following = follow().catch((error: unknown) => this.failures.push(error));
    node.running = {
      signer,
      store,
      stop: async () => {
        stopping.abort();
        unsubscribe();
        await following;
        await resources.close();
        node.running = undefined;
      },
    };
  }

  async startAll(): Promise<void> {
    const members = this.nodes.map(({ keys: { address, publicKey }, index }) => ({
      address,
      publicKey,
      index,
      stakeWei: 1n,
    }));
    if (this.pool.log.length === 0) this.pool.decide({ type: "membersSet", epoch: 1n, members });
    await Promise.all(this.nodes.map(({ index }) => this.start(index)));
    const n = this.nodes.length;
    await this.until(
      () =>
        this.nodes.every(
          ({ running }) => running?.signer.channel.connectedPeers().length === n - 1,
        ),
      "the mesh",
    );
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.nodes.map(({ running }) => running?.stop()));
    await Promise.all(
      this.nodes.map(({ directory }) => rm(directory, { recursive: true, force: true })),
    );
  }

  /** Runs a ceremony to its end and waits until every member published nonces. */
  async makeKey(label: string, timeoutMs = 20_000): Promise<Hex> {
    const keyId = this.pool.openCeremony(label);
    await this.until(() => this.pool.keys.has(keyId), "the key", timeoutMs);
    await this.until(
      () => this.nodes.every(({ keys }) => this.pool.unused.has(`${keyId}${keys.address}`)),
      "nonces",
      timeoutMs,
    );
    return keyId;
  }

  endorse(
    batch: bigint,
    digest: Hex,
    members: readonly number[] = this.nodes.map(({ index }) => index),
  ): void {
    for (const index of members) this.node(index).endorsed.set(`${batch}`, digest);
  }

  node(index: number): ClusterNode {
    const node = this.nodes[index];
    assert.ok(node);
    return node;
  }

  /** Queries on the member's own schema. */
  sql(index: number): Sql {
    const { running } = this.node(index);
    assert.ok(running, "the member runs");
    return running.store.sql;
  }

  async until(condition: () => boolean, what: string, timeoutMs = 20_000): Promise<void> {
    for (const end = Date.now() + timeoutMs; !condition(); ) {
      if (this.failures.length > 0) throw this.failures[0];
      assert.ok(Date.now() < end, `timed out: ${what}`);
      await delay(5);
    }
  }
}
