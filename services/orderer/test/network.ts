/** A network for tests: keys, accounts, transactions, and nodes on a real Postgres without L1 and PoS chain. */
import { type Common, createCustomCommon, Hardfork, Mainnet } from "@ethereumjs/common";
import { createFeeMarket1559Tx, type FeeMarketEIP1559TxData } from "@ethereumjs/tx";
import {
  defaultParameters,
  type Hex,
  hexToBytes,
  keccak256,
  type NetworkConfig,
  type ProtocolParameters,
  privateKeyToPublicKey,
  publicKeyToAddress,
  signDigest,
  signingDomain,
} from "@sequorum/protocol";
import {
  createGrpcServer,
  createMetrics,
  createPeerIdentity,
  type PeerIdentity,
  silentLogger,
} from "@sequorum/service";
import { openStore, type Store } from "@sequorum/store";
import secp256k1 from "secp256k1";
import { bytea } from "../src/adapters/block-rows.ts";
import { feedHandler } from "../src/adapters/feed-server.ts";
import type { FeedPeer } from "../src/adapters/progress-store.ts";
import { type OrdererConfig, parseOrdererConfig } from "../src/config.ts";
import { createOrdererMetrics } from "../src/metrics.ts";
import { type Node, startNode } from "../src/shell/node.ts";

const zero: Hex = `0x${"0".repeat(40)}`;
export const l2ChainId = 7_777n;
export const common: Common = createCustomCommon(
  { chainId: Number(l2ChainId), name: "test" },
  Mainnet,
  {
    hardfork: Hardfork.Cancun,
    customCrypto: {
      ecsign: ((digest: Uint8Array, key: Uint8Array) => {
        const { signature, recid } = secp256k1.ecdsaSign(digest, key);
        return Uint8Array.from([recid, ...signature]);
      }) as never,
    },
  },
);
export const keyOf = (n: number): Uint8Array =>
  hexToBytes(keccak256(Uint8Array.of(n >> 8, n & 255, 7)));
export const addressOf = (key: Uint8Array): Hex => publicKeyToAddress(privateKeyToPublicKey(key));

/** A network with `senders` funded accounts (keys `keyOf(0..)`). */
export function testNetwork(
  senders: number,
  parameters: Partial<ProtocolParameters> = {},
): NetworkConfig {
  const alloc = Array.from({ length: senders }, (_, i) => ({
    address: addressOf(keyOf(i)),
    balanceWei: 10n ** 22n,
  }));
  const contracts = new Proxy({}, { get: () => zero }) as NetworkConfig["contracts"];
  return {
    l1ChainId: 31_337n,
    l2ChainId,
    contracts,
    genesisL1Block: 0n,
    genesisTimeMs: Date.now(),
    l2Genesis: {
      timestamp: 1_000n,
      gasLimit: 30_000_000n,
      baseFeePerGasWei: 1_000_000_000n,
      alloc,
    },
    parameters: { ...defaultParameters, ...parameters },
  };
}

/** A signed transfer. */
export function transfer(
  from: number,
  nonce: number,
  fields: { to?: Hex; maxFeePerGas?: bigint; value?: bigint } = {},
): Uint8Array {
  const to = fields.to ?? `0x${"ab".repeat(20)}`;
  return signed(from, {
    ...defaultFees,
    ...fields,
    nonce,
    to,
    value: fields.value ?? 1n,
    gasLimit: 21_000n,
  });
}

/** A signed contract creation. */
export function creation(
  from: number,
  nonce: number,
  data: Uint8Array,
  gasLimit: bigint,
): Uint8Array {
  return signed(from, { ...defaultFees, nonce, data, gasLimit });
}

/** A signed transaction with data, or one for another chain. */
export function withFields(
  from: number,
  fields: { nonce: number; gasLimit: bigint; data?: Uint8Array },
  chain: Common = common,
): Uint8Array {
  return signed(from, { ...defaultFees, to: `0x${"ab".repeat(20)}`, ...fields }, chain);
}

/** Mainnet: not our chain. */
export const foreignChain: Common = createCustomCommon({ chainId: 1 }, Mainnet, {
  hardfork: Hardfork.Cancun,
});

const defaultFees = { maxFeePerGas: 20_000_000_000n, maxPriorityFeePerGas: 1n };

function signed(from: number, fields: FeeMarketEIP1559TxData, chain: Common = common): Uint8Array {
  const transaction = createFeeMarket1559Tx(fields, { common: chain });
  const digest: Hex = `0x${Buffer.from(transaction.getHashedMessageToSign()).toString("hex")}`;
  const signature = hexToBytes(signDigest(keyOf(from), digest));
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32, 64)];
  return transaction.addSignature(BigInt((signature[64] ?? 27) - 27), r, s).serialize();
}

/** A node and what belongs to it. */
export type TestNode = Node & {
  readonly self: Hex;
  readonly store: Store;
  readonly published: { case: string; value: unknown }[];
  readonly failures: unknown[];
  readonly identity: PeerIdentity;
  stop(): Promise<void>;
};

/** Settings of a test node. */
export type TestNodeOptions = {
  readonly network: NetworkConfig;
  readonly postgresUrl: string;
  readonly key: Uint8Array;
  readonly identity?: PeerIdentity;
  readonly config?: Partial<OrdererConfig>;
};

/** Starts a node; L1 blocks and decisions are up to the test. */
export async function startTestNode(options: TestNodeOptions): Promise<TestNode> {
  const { network, key, postgresUrl } = options;
  const abort = new AbortController();
  const { signal } = abort;
  const migrations = new URL("../migrations/", import.meta.url);
  const store = await openStore({ url: postgresUrl, schema: "orderer", migrations, signal });
  const published: TestNode["published"] = [];
  const failures: unknown[] = [];
  const identity = options.identity ?? createPeerIdentity("test");
  const self = addressOf(key);
  const node = await startNode({
    config: {
      ...testConfig(),
      postgresUrl,
      originSettleMs: 0,
      originSettleBlocks: 0,
      ...options.config,
    },
    network,
    privateKey: key,
    self,
    identity,
    store,
    bus: { publish: async (_tx, payload) => void published.push(payload) },
    coinbase: self,
    seals: { chainId: network.l2ChainId, domain: signingDomain(network) },
    metrics: createOrdererMetrics(createMetrics("orderer")),
    signal,
    logger: silentLogger,
    fail: (error) => failures.push(error),
  });
  let stopping: Promise<void> | undefined;
  const close = async () => {
    await node.close();
    abort.abort();
    await store.close();
  };
  const stop = () => (stopping ??= close());
  return { ...node, self, store, published, failures, identity, stop };
}

/** Configuration with the defaults; paths and urls are not used by a test node. */
function testConfig(): OrdererConfig {
  const file = import.meta.filename;
  const port = {
    ORDERER_RPC_PORT: "0",
    ORDERER_GRPC_PORT: "0",
    ORDERER_FEED_PORT: "0",
    ORDERER_HTTP_PORT: "0",
  };
  return parseOrdererConfig({
    ...port,
    ORDERER_OPERATOR: "test",
    ORDERER_NETWORK_FILE: file,
    ORDERER_POSTGRES_URL: "postgres://x/y",
    ORDERER_NATS_URL: "nats://x",
    ORDERER_L1_RPC_URL: "http://x",
    ORDERER_KEYSTORE_DIR: import.meta.dirname,
    ORDERER_KEYSTORE_PASSWORD_FILE: file,
  });
}

/** Makes an L1 block known to a node as confirmed, with forced transactions in it. */
export async function confirmOrigin(
  node: TestNode,
  number: bigint,
  forced: readonly Uint8Array[] = [],
  seconds = BigInt(Math.floor(Date.now() / 1_000)),
): Promise<void> {
  const hash = keccak256(new TextEncoder().encode(`L1 block ${number}`));
  const [row] = await node.store
    .sql`select coalesce(max(position) + 1, 0) as length from forced_entries`;
  let queueLength = BigInt(row?.["length"] ?? 0);
  for (const transaction of forced) {
    await node.store
      .sql`insert into forced_entries values (${queueLength}, ${number}, ${Buffer.from(transaction)})`;
    queueLength += 1n;
  }
  await node.store
    .sql`insert into l1_blocks values (${number}, ${bytea(hash)}, ${seconds}, ${queueLength})`;
  node.onOrigins([{ number, hash, timestamp: seconds, queueLength, seenAtMs: 0 }]);
}

/** Starts a term at a node, as the PoS chain would. */
export async function startTerm(
  node: TestNode,
  term: bigint,
  leader: Hex,
  firstBlock = 1n,
): Promise<void> {
  const lastBlock = firstBlock + 1_000_000n;
  await node.store
    .sql`insert into terms values (${term}, ${bytea(leader)}, ${firstBlock}, ${lastBlock})`;
  node.offer({
    type: "termStarted",
    term: { term, leader, firstBlock, lastBlock },
    atMs: Date.now(),
  });
}

/** Certifies canonical blocks of a node up to its head, at some nodes. */
export async function certifyHead(source: TestNode, nodes: readonly TestNode[]): Promise<void> {
  const from = source.position.levels.certified + 1n;
  const hashes = (await source.reader.canonicalReferences(from, 1_024)).map(({ hash }) => hash);
  for (const node of nodes) await certify(node, from, hashes);
}

/** Certifies hashes at a node. */
export async function certify(node: TestNode, from: bigint, hashes: readonly Hex[]): Promise<void> {
  for (const [i, hash] of hashes.entries()) {
    await node.store
      .sql`insert into certified values (${from + BigInt(i)}, ${bytea(hash)}) on conflict do nothing`;
  }
  node.offer({ type: "blocksCertified", from, hashes, atMs: Date.now() });
}

/** Serves a node's feed to peers; gives the entry with which others connect to it. */
export async function serveFeed(
  node: TestNode,
  peers: readonly { address: Hex; certificate: Hex }[],
): Promise<{ readonly peer: FeedPeer; close(): Promise<void> }> {
  const handler = feedHandler({
    hub: node.hub,
    reader: node.reader,
    submit: (raw) => node.pool.add(raw),
  });
  const tls = { identity: node.identity, peers };
  const server = await createGrpcServer({
    port: 0,
    services: [handler],
    tls,
    logger: silentLogger,
  });
  const endpoint = `127.0.0.1:${server.port}`;
  return {
    peer: { address: node.self, endpoint, certificate: node.identity.certificate },
    close: () => server.close(),
  };
}

/** Waits until a condition holds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 15_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`timed out: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
