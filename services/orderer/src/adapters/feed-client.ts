/** This node's connections to the other operators' feeds. */
import { FeedService, type StreamFeedResponse } from "@sequorum/proto/feed";
import { type Hex, hexToBytes } from "@sequorum/protocol";
import {
  createGrpcClient,
  describeError,
  type GrpcClient,
  type Logger,
  type PeerIdentity,
  RpcError,
  sleep,
} from "@sequorum/service";
import type { Transaction } from "@sequorum/stf";
import type { PeerRejection } from "../core/rejections.ts";
import type { LeaderHeartbeat } from "../seals.ts";
import { type ArrivedBlock, arrivedBlockOf, arrivedHeartbeatOf } from "./feed-wire.ts";
import type { FeedPeer } from "./progress-store.ts";

/** What peers tell us. */
export type FeedEvents = {
  readonly onBlock: (peer: Hex, block: ArrivedBlock) => void;
  readonly onHeartbeat: (peer: Hex, heartbeat: LeaderHeartbeat, signature: Hex) => void;
  /** A message that did not decode; the connection ends. */
  readonly onMalformed: (peer: Hex, code: PeerRejection) => void;
};

/** What connections work with. */
export type FeedClientOptions = FeedEvents & {
  readonly identity: PeerIdentity;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Height from which a new stream is asked for. */
  readonly nextHeight: () => bigint;
  /** Blocks of the peer that wait here; reading pauses while they are many. */
  readonly waitingOf: (peer: Hex) => number;
};

/** The connections. */
export type FeedClients = {
  /** Connects to these peers and to no others. */
  setPeers(peers: readonly FeedPeer[]): void;
  forward(to: Hex, transactions: readonly Transaction[]): void;
  fetch(hashes: readonly Hex[], preferred: Hex | undefined): void;
  /** Ends the connection to a peer that broke a rule; it may come back after a pause that grows. */
  punish(peer: Hex): void;
  connected(): number;
  close(): Promise<void>;
};

const reconnectMs = 250;
const reconnectMsMax = 5_000;
const punishMs = 1_000;
const punishMsMax = 60_000;
/** A peer's blocks that may wait before its stream is paused, and for how long it is. */
const waitingBeforePause = 32;
const pauseMsMax = 3_000;
const forwardsMax = 4;

type Connection = {
  readonly peer: FeedPeer;
  readonly client: GrpcClient<typeof FeedService>;
  readonly stop: AbortController;
  done: Promise<void>;
  stream: AbortController;
  isConnected: boolean;
  offences: number;
  forwards: number;
};

/** Makes the connections; none until `setPeers`. */
export function createFeedClients(options: FeedClientOptions): FeedClients {
  const connections = new Map<Hex, Connection>();
  let turn = 0;
  return {
    setPeers(peers) {
      for (const [address, connection] of connections) {
        if (!peers.some((peer) => isSame(peer, connection.peer))) {
          connections.delete(address);
          void closeConnection(connection);
        }
      }
      for (const peer of peers) {
        if (!connections.has(peer.address)) connections.set(peer.address, open(peer, options));
      }
    },
    forward(to, transactions) {
      const connection = connections.get(to);
      if (connection !== undefined && connection.forwards < forwardsMax)
        forwardTo(connection, transactions, options);
    },
    fetch(hashes, preferred) {
      const all = [...connections.values()].filter(({ isConnected }) => isConnected);
      turn += 1;
      const first = turn % 2 === 0 ? undefined : connections.get(preferred ?? "0x");
      const connection = first?.isConnected ? first : all[turn % Math.max(1, all.length)];
      if (connection !== undefined) fetchFrom(connection, hashes, options);
    },
    punish(peer) {
      const connection = connections.get(peer);
      if (connection === undefined) return;
      connection.offences += 1;
      connection.stream.abort();
    },
    connected: () => [...connections.values()].filter(({ isConnected }) => isConnected).length,
    async close() {
      await Promise.all([...connections.values()].map(closeConnection));
      connections.clear();
    },
  };
}

function isSame(a: FeedPeer, b: FeedPeer): boolean {
  return a.address === b.address && a.endpoint === b.endpoint && a.certificate === b.certificate;
}

function open(peer: FeedPeer, options: FeedClientOptions): Connection {
  const tls = { identity: options.identity, peerCertificate: peer.certificate };
  const connection: Connection = {
    peer,
    client: createGrpcClient(FeedService, peer.endpoint, { tls }),
    stop: new AbortController(),
    done: Promise.resolve(),
    stream: new AbortController(),
    isConnected: false,
    offences: 0,
    forwards: 0,
  };
  connection.done = follow(connection, options);
  return connection;
}

async function closeConnection(connection: Connection): Promise<void> {
  connection.stop.abort();
  connection.stream.abort();
  connection.client.close();
  await connection.done;
}

async function follow(connection: Connection, options: FeedClientOptions): Promise<void> {
  const signal = AbortSignal.any([options.signal, connection.stop.signal]);
  const { peer } = connection;
  for (let failures = 0; !signal.aborted; ) {
    const offences = connection.offences;
    connection.stream = new AbortController();
    try {
      await readStream(connection, AbortSignal.any([signal, connection.stream.signal]), options);
      failures = 0;
    } catch (error) {
      failures = connection.isConnected ? 0 : failures + 1;
      if (!signal.aborted)
        options.logger.debug("feed of a peer ended", {
          peer: peer.address,
          reason: describeError(error),
        });
    }
    connection.isConnected = false;
    const pause =
      connection.offences > offences
        ? Math.min(punishMsMax, punishMs * 2 ** Math.min(10, connection.offences - 1))
        : Math.min(reconnectMsMax, reconnectMs * 2 ** Math.min(10, failures));
    await sleep(pause * (0.5 + Math.random() / 2), signal).catch(() => {});
  }
}

async function readStream(
  connection: Connection,
  signal: AbortSignal,
  options: FeedClientOptions,
): Promise<void> {
  const { client, peer } = connection;
  // the client's stream only tells of a connection by its first message, so a unary call goes first
  await client.getBlocksByHash({ hashes: [] }, { signal, timeoutMs: 3_000 });
  connection.isConnected = true;
  for await (const response of client.streamFeed({ from: options.nextHeight() }, { signal })) {
    const malformed = take(peer.address, response, options);
    if (malformed !== undefined) {
      connection.offences += 1;
      options.onMalformed(peer.address, malformed);
      return;
    }
    const pausedAtMs = performance.now();
    while (
      options.waitingOf(peer.address) > waitingBeforePause &&
      performance.now() - pausedAtMs < pauseMsMax
    ) {
      await sleep(10, signal);
    }
  }
}

function take(
  peer: Hex,
  { message }: StreamFeedResponse,
  options: FeedClientOptions,
): PeerRejection | undefined {
  if (message.case === "block") {
    const arrived = arrivedBlockOf(message.value);
    if (typeof arrived === "string") return arrived;
    options.onBlock(peer, arrived);
    return undefined;
  }
  if (message.case === "heartbeat") {
    const arrived = arrivedHeartbeatOf(message.value);
    if (arrived === undefined) return "MALFORMED";
    options.onHeartbeat(peer, arrived.heartbeat, arrived.signature);
    return undefined;
  }
  return "MALFORMED";
}

function forwardTo(
  connection: Connection,
  transactions: readonly Transaction[],
  options: FeedClientOptions,
): void {
  connection.forwards += 1;
  connection.client
    .forwardTransactions(
      { raw: transactions.map(({ raw }) => raw) },
      { signal: connection.stop.signal, timeoutMs: 5_000 },
    )
    .catch((error: unknown) =>
      // the core forwards again until the transactions are in a block
      options.logger.debug("transactions not forwarded", {
        peer: connection.peer.address,
        reason: describeError(error),
      }),
    )
    .finally(() => {
      connection.forwards -= 1;
    });
}

function fetchFrom(
  connection: Connection,
  hashes: readonly Hex[],
  options: FeedClientOptions,
): void {
  const { client, peer, stop } = connection;
  const fetch = async () => {
    const { blocks } = await client.getBlocksByHash(
      { hashes: hashes.map(hexToBytes) },
      { signal: stop.signal, timeoutMs: 5_000 },
    );
    for (const block of blocks) {
      const arrived = arrivedBlockOf(block);
      if (typeof arrived === "string") throw new RpcError("INVALID_ARGUMENT", arrived);
      if (hashes.includes(arrived.block.hash)) options.onBlock(peer.address, arrived);
    }
  };
  fetch().catch((error: unknown) => {
    options.logger.debug("blocks not fetched", {
      peer: peer.address,
      reason: describeError(error),
    });
    if (error instanceof RpcError && error.status === "INVALID_ARGUMENT")
      options.onMalformed(peer.address, "MALFORMED");
  });
}
