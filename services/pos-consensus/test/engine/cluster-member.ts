/** One validator of a test cluster: what it is, and how its engine is started, here or in a process of its own. */
import type { Hex, SigningDomain } from "@sequorum/protocol";
import { hexToBytes, zeroHash } from "@sequorum/protocol";
import { createMetrics, type PeerIdentity, silentLogger } from "@sequorum/service";
import { openStore, type Store } from "@sequorum/store";
import { createEngine } from "../../src/engine/engine.ts";
import type { Engine } from "../../src/engine/engine-options.ts";
import {
  type CountingState,
  type CountingView,
  countingApp,
  countingAppHash,
} from "./counting-app.ts";

export type TestEngine = Engine<CountingState, Hex, CountingView>;

/** Plain data, so that it can be handed to another process. */
export type ClusterMember = {
  readonly privateKey: Hex;
  readonly address: Hex;
  readonly identity: PeerIdentity;
  readonly port: number;
  readonly databaseUrl: string;
};

/** All members, and the time of genesis in milliseconds. */
export type Cluster = { readonly members: readonly ClusterMember[]; readonly timeMs: number };

/** The signing domain of every cluster. */
export const clusterDomain: SigningDomain = {
  l1ChainId: 31_337n,
  rollupChain: `0x${"ab".repeat(20)}`,
};

const migrations = new URL("../../migrations/", import.meta.url);

/** Starts a member's engine on its own database. */
export async function startMember(
  { members, timeMs }: Cluster,
  member: ClusterMember,
  fail: (error: unknown) => void,
): Promise<{ readonly engine: TestEngine; readonly store: Store }> {
  const { signal } = new AbortController();
  const validators = members.map(({ address }) => ({ address, power: 10n ** 18n }));
  const state: CountingState = { included: [], certifiedTo: 0n, chain: zeroHash, validators };
  const store = await openStore({
    url: member.databaseUrl,
    schema: "pos_consensus",
    migrations,
    signal,
  });
  await store.sql`CREATE TABLE IF NOT EXISTS test_app (height bigint PRIMARY KEY, state text)`;
  const peers = members.filter(({ address }) => address !== member.address);
  const options = {
    app: countingApp,
    genesis: { timeMs: BigInt(timeMs), state, appHash: countingAppHash(state), validators },
    domain: clusterDomain,
    privateKey: hexToBytes(member.privateKey),
    store,
    ...statePersistence(store, validators),
    localView: { validTo: 0n },
    channel: { port: member.port, identity: member.identity },
    peers: peers.map(({ address, port, identity }) => ({
      address,
      endpoint: `127.0.0.1:${port}`,
      certificate: identity.certificate,
    })),
    logger: silentLogger,
    metrics: createMetrics("pos-consensus"),
    signal,
    fail,
  };
  try {
    return { engine: await createEngine<CountingState, Hex, CountingView>(options), store };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function statePersistence(store: Store, validators: CountingState["validators"]) {
  type Options = Parameters<typeof createEngine<CountingState, Hex, CountingView>>[0];
  const persistApp: Options["persistApp"] = async (tx, { height, state }) => {
    const { included, certifiedTo, chain } = state;
    const text = JSON.stringify({ included, certifiedTo: String(certifiedTo), chain });
    await tx`INSERT INTO test_app (height, state) VALUES (${height}, ${text})`;
  };
  const loadApp: Options["loadApp"] = async (height) => {
    const [row] = await store.sql<{ state: string }[]>`
      SELECT state FROM test_app WHERE height = ${height}`;
    const loaded = JSON.parse(row?.state ?? "") as {
      included: Hex[];
      certifiedTo: string;
      chain: Hex;
    };
    return { ...loaded, certifiedTo: BigInt(loaded.certifiedTo), validators };
  };
  return { persistApp, loadApp };
}
