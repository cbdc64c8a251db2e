/** Engines with real mutual TLS and Postgres, for integration tests. */
import {
  bytesToHex,
  type Hex,
  hexToBytes,
  keccak256,
  privateKeyToPublicKey,
  publicKeyToAddress,
} from "@sequorum/protocol";
import { createPeerIdentity } from "@sequorum/service";
import { freePort, type PostgresServer } from "@sequorum/testkit/servers";
import {
  type Cluster,
  type ClusterMember,
  startMember,
  type TestEngine,
} from "./cluster-member.ts";

/** A validator of the cluster; it may be down. */
export type ClusterNode = ClusterMember & {
  readonly cluster: Cluster;
  readonly engine: () => TestEngine;
  readonly start: () => Promise<void>;
  /** Starts as somebody else on the same store. */
  readonly startAs: (other: ClusterMember) => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly failures: unknown[];
};

/** Creates `size` validators of equal power; none is started. */
export async function createCluster(
  postgres: PostgresServer,
  size: number,
): Promise<ClusterNode[]> {
  const members = await Promise.all(
    Array.from({ length: size }, (_, i) => createMember(postgres, i)),
  );
  const cluster = { members, timeMs: Date.now() };
  return members.map((member) => createNode(cluster, member));
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

async function createMember(postgres: PostgresServer, index: number): Promise<ClusterMember> {
  const privateKey = keccak256(new TextEncoder().encode(`cluster ${index}`));
  return {
    privateKey,
    address: publicKeyToAddress(privateKeyToPublicKey(hexToBytes(privateKey))),
    identity: createPeerIdentity(`validator ${index}`),
    port: await freePort(),
    databaseUrl: await postgres.createDatabase(),
  };
}

function createNode(cluster: Cluster, member: ClusterMember): ClusterNode {
  const failures: unknown[] = [];
  let running: Awaited<ReturnType<typeof startMember>> | undefined;
  const startAs = async (identity: ClusterMember): Promise<void> => {
    const { databaseUrl } = member;
    running = await startMember(cluster, { ...identity, databaseUrl }, (error) => {
      failures.push(error);
    });
  };
  return {
    ...member,
    cluster,
    failures,
    start: () => startAs(member),
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
}
