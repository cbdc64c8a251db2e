/**
 * The MPC channel: libp2p over TCP, Noise and yamux. Only peers registered on L1 may connect; a message's sender is
 * the authenticated peer. Each node writes to a peer on one stream that it keeps, and reads the peer's on another.
 */
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey, peerIdFromString } from "@libp2p/peer-id";
import { tcp } from "@libp2p/tcp";
import { multiaddr } from "@multiformats/multiaddr";
import type { Hex } from "@sequorum/protocol";
import { describeError, type Logger } from "@sequorum/service";
import { createLibp2p, type Libp2p } from "libp2p";
import type { ReportRefusal } from "../refusals.ts";
import { createFrameReader, createRateLimit } from "./framing.ts";
import { createPeerLink, type PeerLink } from "./peer-link.ts";

/** Protocol name of the streams. */
export const mpcProtocol = "/sequorum/mpc/1";
/** Messages a peer may send at once, and per second in the long run. */
export const peerMessagesBurst = 512;
export const peerMessagesPerSecond = 128;
/** Streams a peer may open at a time: its one, and one that replaces it. */
const inboundStreamsMax = 2;

/** A member on the channel: its sequencer address and its registered address, which ends in /p2p/<peer id>. */
export type MpcPeer = { readonly address: Hex; readonly multiaddr: string };

/** The channel as the service uses it. */
export type MpcChannel = {
  readonly peerId: string;
  /** Addresses this node listens on, with its peer id. */
  listenAddresses(): readonly string[];
  /** Replaces the set of peers; connections to others are closed. */
  setPeers(peers: readonly MpcPeer[]): void;
  /** Queues a message; returns false when the member is no peer. Older messages are dropped when the queue is full. */
  send(to: Hex, message: Uint8Array): boolean;
  connectedPeers(): readonly Hex[];
  close(): Promise<void>;
};

/** Options of `openMpcChannel`. */
export type MpcChannelOptions = {
  /** 32-byte Ed25519 seed: the node's identity. */
  readonly identitySeed: Uint8Array;
  readonly listen: string;
  readonly onMessage: (from: Hex, message: Uint8Array) => void;
  /** Told of each message or connection refused, by reason and member. */
  readonly onRefused: ReportRefusal;
  readonly logger: Logger;
  readonly signal: AbortSignal;
};

/** The peer id that belongs to an identity seed: what the operator registers on L1. */
export async function peerIdOfSeed(identitySeed: Uint8Array): Promise<string> {
  return peerIdFromPrivateKey(await generateKeyPairFromSeed("Ed25519", identitySeed)).toString();
}

/** Starts listening and dialling. */
export async function openMpcChannel(options: MpcChannelOptions): Promise<MpcChannel> {
  const privateKey = await generateKeyPairFromSeed("Ed25519", options.identitySeed);
  const links = new Map<string, PeerLink>();
  const refuseStranger = (peer: { toString(): string }): boolean => {
    if (links.has(peer.toString())) return false;
    options.onRefused("stranger", undefined);
    return true;
  };
  const node = await createLibp2p({
    privateKey,
    addresses: { listen: [options.listen] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: {
      denyDialMultiaddr: () => false,
      denyDialPeer: (peer) => !links.has(peer.toString()),
      denyInboundEncryptedConnection: refuseStranger,
      denyOutboundEncryptedConnection: refuseStranger,
    },
    connectionManager: {
      maxConnections: 600,
      dialTimeout: 3_000,
      inboundUpgradeTimeout: 3_000,
      reconnectRetries: 0,
    },
    // Finds peers that vanished without closing; patient, because a busy peer answers late.
    connectionMonitor: { enabled: true, pingInterval: 5_000, pingTimeout: { minTimeout: 5_000 } },
  });
  await node.handle(
    mpcProtocol,
    (stream, connection) => {
      const link = links.get(connection.remotePeer.toString());
      if (link === undefined) return stream.abort(new Error("stranger"));
      readStream(stream, link, options).catch((error: unknown) => {
        options.logger.debug("peer stream ended", {
          peer: link.address,
          reason: describeError(error),
        });
        stream.abort(error instanceof Error ? error : new Error("read failed"));
      });
    },
    { maxInboundStreams: inboundStreamsMax },
  );
  const linkOptions = {
    node,
    protocol: mpcProtocol,
    logger: options.logger,
    signal: options.signal,
  };
  return {
    peerId: node.peerId.toString(),
    listenAddresses: () => node.getMultiaddrs().map(String),
    setPeers: (peers) =>
      replacePeers({ node, links, peers, open: (peer) => createPeerLink(peer, linkOptions) }),
    send(to, message) {
      const link = [...links.values()].find(({ address }) => address === to);
      link?.send(message);
      return link !== undefined;
    },
    connectedPeers: () =>
      [...links.values()].filter((link) => link.isOpen()).map(({ address }) => address),
    async close() {
      for (const link of links.values()) link.close();
      links.clear();
      await node.stop();
    },
  };
}

type InboundStream = AsyncIterable<Uint8Array | { subarray(): Uint8Array }>;

async function readStream(
  stream: InboundStream,
  link: PeerLink,
  options: MpcChannelOptions,
): Promise<void> {
  const reader = createFrameReader();
  for await (const chunk of stream) {
    let messages: Uint8Array[];
    try {
      messages = reader.push(chunk.subarray());
    } catch (error) {
      options.onRefused("framing", link.address);
      throw error;
    }
    for (const message of messages) {
      if (link.rate.take(Date.now())) options.onMessage(link.address, message);
      else options.onRefused("rate", link.address);
    }
  }
}

function replacePeers(change: {
  node: Libp2p;
  links: Map<string, PeerLink>;
  peers: readonly MpcPeer[];
  open: (peer: MpcPeer & { peerId: string; rate: ReturnType<typeof createRateLimit> }) => PeerLink;
}): void {
  const { node, links, peers, open } = change;
  const wanted = new Map(
    peers.flatMap((peer) => {
      const peerId = peerIdOf(peer.multiaddr);
      return peerId === undefined || peerId === node.peerId.toString()
        ? []
        : [[peerId, peer] as const];
    }),
  );
  for (const [peerId, link] of links) {
    const peer = wanted.get(peerId);
    if (peer?.address === link.address && peer.multiaddr === link.multiaddr) continue;
    link.close();
    links.delete(peerId);
    if (peer === undefined) node.hangUp(peerIdFromString(peerId)).catch(() => {}); // the peer may be gone already
  }
  for (const [peerId, peer] of wanted) {
    if (links.has(peerId)) continue;
    const rate = createRateLimit({ burst: peerMessagesBurst, perSecond: peerMessagesPerSecond });
    links.set(peerId, open({ ...peer, peerId, rate }));
  }
}

/** Peer id at the end of a registered address; undefined when the registration is unusable. */
export function peerIdOf(address: string): string | undefined {
  try {
    return multiaddr(address)
      .getComponents()
      .findLast(({ name }) => name === "p2p")?.value;
  } catch {
    return undefined; // anybody can register anything
  }
}
