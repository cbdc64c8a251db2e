/** Engines with real mutual TLS and Postgres, for integration tests. */
import {
  bytesToHex,
  type Hex,
  hexToBytes,
  keccak256,
  privateKeyToPublicKey,
  publicKeyToAddress,
  type SigningDomain,
  zeroHash,
} from "@sequorum/protocol";
import {
  createMetrics,
  createPeerIdentity,
  type PeerIdentity,
  silentLogger,
} from "@sequorum/service";
import { openStore, type Store } from "@sequorum/store";
import { freePort, type PostgresServer } from "@sequorum/testkit/servers";
import { createEngine } from "../../src/engine/engine.ts";
import type { Engine } from "../../src/engine/engine-options.ts";
import {
  type CountingState,
  type CountingView,
  countingApp,
  countingAppHash,
} from "./counting-app.ts";

export type TestEngine = Engine<CountingState, Hex, CountingView>;

/** A validator of the cluster; it may be down. */
export type ClusterNode = {
  readonly address: Hex;
  readonly privateKey: Uint8Array;
  readonly identity: PeerIdentity;
  readonly port: number;
  readonly engine: () => TestEngine;
  readonly start: () => Promise<void>;
  /** Starts with another key on the same store. */
  readonly startAs: (privateKey: Uint8Array | undefined) => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly failures: unknown[];
};

/** The signing domain of every cluster. */
export const clusterDomain: SigningDomain = {
  l1ChainId: 31_337n,
  rollupChain: `0x${"ab".repeat(20)}`,
};

const migrations = new URL("../../migrations/", import.meta.url);

/** Creates `size` validators of equal power; none is started. */
export async function createCluster(
  postgres: PostgresServer,
  size: number,
): Promise<ClusterNode[]> {
  const members = await Promise.all(
    Array.from({ length: size }, async (_, i) => {
      const privateKey = hexToBytes(keccak256(new TextEncoder().encode(`cluster ${i}`)));
      return {
        privateKey,
        address: publicKeyToAddress(privateKeyToPublicKey(privateKey)),
        identity: createPeerIdentity(`validator ${i}`),
        port: await freePort(),
        databaseUrl: await postgres.createDatabase(),
      };
    }),
  );
  const validators = members.map(({ address }) => ({ address, power: 10n ** 18n }));
  const genesisState = { included: [], certifiedTo: 0n, chain: zeroHash, validators };
  const timeMs = BigInt(Date.now());
  return members.map((member) => {
    const abort = new AbortController();
    const failures: unknown[] = [];
    let running: { engine: TestEngine; store: Store } | undefined;
    const startAs = async (privateKey = member.privateKey): Promise<void> => {
      const { signal } = abort;
      const store = await openStore({
        url: member.databaseUrl,
        schema: "pos_consensus",
        migrations,
        signal,
      });
      await store.sql`CREATE TABLE IF NOT EXISTS test_app (height bigint PRIMARY KEY, state text)`;
      const engine = await createEngine<CountingState, Hex, CountingView>({
        app: countingApp,
        genesis: {
          timeMs,
          state: genesisState,
          appHash: countingAppHash(genesisState),
          validators,
        },
        domain: clusterDomain,
        privateKey,
        store,
        persistApp: async (tx, { height, state }) => {
          const text = JSON.stringify({
            included: state.included,
            certifiedTo: String(state.certifiedTo),
            chain: state.chain,
          });
          await tx`INSERT INTO test_app (height, state) VALUES (${height}, ${text})`;
        },
        loadApp: async (height) => {
          const [row] = await store.sql<
            { state: string }[]
          >`SELECT state FROM test_app WHERE height = ${height}`;
          const loaded = JSON.parse(row?.state ?? "") as {
            included: Hex[];
            certifiedTo: string;
            chain: Hex;
          };
          return { ...loaded, certifiedTo: BigInt(loaded.certifiedTo), validators };
        },
        localView: { validTo: 0n },
        channel: { port: member.port, identity: member.identity },
        peers: members
          .filter((other) => other !== member)
          .map(({ address, port, identity }) => ({
            address,
            endpoint: `127.0.0.1:${port}`,
            certificate: identity.certificate,
          })),
        logger: silentLogger,
        metrics: createMetrics("pos-consensus"),
        signal,
        fail: (error) => void failures.push(error),
      });
      running = { engine, store };
    };
    return {
      ...member,
      failures,
      start: () => startAs(),
      startAs,
      engine: () => {
        if (running === undefined) throw new Error("the validator is down");
        return running.engine;
      },
      stop: async () => {
        const { engine, store } = running ?? {};
        running = undefined;
        await engine?.[Symbol.asyncDispose]();
        await store?.close();
      },
    };
  });
}

/** Waits until a condition holds; throws with `what` after `timeoutMs`. */
export async function eventually(
  what: string,
  condition: () => boolean,
  timeoutMs = 20_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`timed out: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A transaction of a few bytes. */
export function transactionOf(text: string): Hex {
  return bytesToHex(new TextEncoder().encode(text));
}
