/**
 * The consensus channel: one gRPC stream to each peer and one from it, mutual TLS with the certificates registered on
 * L1. Either stream carries messages both ways; sends use whichever is open. Nothing here waits for a slow peer: its
 * outbox is bounded, and what does not fit is lost like on any network (status exchange recovers it).
 */
import {
  type ConnectRequest,
  ConsensusChannelService,
  type PeerMessage,
} from "@sequorum/proto/consensus";
import type { Hex } from "@sequorum/protocol";
import {
  createGrpcClient,
  createGrpcServer,
  describeError,
  grpcHandler,
  type Logger,
  RetryableError,
  RpcError,
  sleep,
} from "@sequorum/service";
import { type AsyncQueue, createAsyncQueue } from "./async-queue.ts";
import type { EngineOptions, PeerEndpoint } from "./engine-options.ts";
import { MalformedMessage, type OutgoingMessage } from "./peer-message.ts";

/** What the channel tells the engine. */
export type ChannelEvents = {
  /** A connection is open; what is returned is sent first. */
  readonly onConnected: (peer: Hex) => readonly OutgoingMessage[];
  /** Resolves when the next message of this peer may be read; throws `MalformedMessage` to end the connection. */
  readonly onMessage: (peer: Hex, message: PeerMessage) => Promise<void>;
  /** The last connection with a peer has ended. */
  readonly onLost: (peer: Hex) => void;
  readonly onDropped: (peer: Hex) => void;
};

/** A running channel. */
export type ConsensusChannel = {
  readonly port: number;
  readonly send: (to: Hex, message: OutgoingMessage) => void;
  readonly broadcast: (message: OutgoingMessage) => void;
  readonly connected: () => Hex[];
  readonly close: () => Promise<void>;
};

type Link = { readonly outbox: AsyncQueue<OutgoingMessage> };

const linksOfPeerMax = 3;
const outboxMessagesMax = 2_048;
const reconnectBaseMs = 100;
const reconnectCapMs = 3_000;

/** Listens, and keeps a connection to every peer. */
export async function openConsensusChannel(
  options: Pick<EngineOptions<never, never, never>, "channel" | "peers" | "logger" | "signal">,
  events: ChannelEvents,
): Promise<ConsensusChannel> {
  const { channel, peers, logger } = options;
  const stopping = new AbortController();
  const signal = AbortSignal.any([options.signal, stopping.signal]);
  const links = new Map<Hex, Link[]>();
  const open = (peer: Hex): Link => {
    const link: Link = { outbox: createAsyncQueue(outboxMessagesMax) };
    for (const message of events.onConnected(peer)) link.outbox.push(message);
    const all = [...(links.get(peer) ?? []), link];
    // More than one connection each way is an old one that has not noticed its end, or a peer that wastes memory.
    for (const old of all.splice(0, all.length - linksOfPeerMax)) old.outbox.close();
    links.set(peer, all);
    return link;
  };
  const shut = (peer: Hex, link: Link): void => {
    link.outbox.close();
    const remaining = (links.get(peer) ?? []).filter((other) => other !== link);
    links.set(peer, remaining);
    if (remaining.length === 0) events.onLost(peer);
  };
  const server = await createGrpcServer({
    port: channel.port,
    ...(channel.host === undefined ? {} : { host: channel.host }),
    services: [
      grpcHandler(ConsensusChannelService, {
        connect: (requests, context) => serve(requests, context),
      }),
    ],
    tls: { identity: channel.identity, peers },
    logger,
  });

  async function* serve(
    requests: AsyncIterable<ConnectRequest>,
    { peer, signal: callSignal }: { readonly peer: Hex | undefined; readonly signal: AbortSignal },
  ): AsyncGenerator<{ readonly message: OutgoingMessage }> {
    if (peer === undefined) throw new RpcError("UNAUTHENTICATED", "PEER_NOT_REGISTERED");
    const link = open(peer);
    let failure: unknown;
    const reading = read(requests, peer)
      .catch((error: unknown) => {
        failure = error;
      })
      .finally(link.outbox.close);
    callSignal.addEventListener("abort", link.outbox.close, { once: true });
    try {
      for await (const message of link.outbox) yield { message };
      if (failure instanceof MalformedMessage) {
        logger.warn("peer sent a malformed message", { peer, reason: failure.message });
        throw new RpcError("INVALID_ARGUMENT", "MALFORMED_MESSAGE");
      }
    } finally {
      shut(peer, link);
      reading.catch(() => undefined);
    }
  }

  async function read(
    messages: AsyncIterable<{ readonly message?: PeerMessage | undefined }>,
    peer: Hex,
  ): Promise<void> {
    // Not `for await`: leaving it early would destroy the stream before the reason can be sent to the peer.
    const iterator = messages[Symbol.asyncIterator]();
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      const { message } = next.value;
      if (message === undefined) throw new MalformedMessage("empty message");
      await events.onMessage(peer, message);
      if (signal.aborted) return;
    }
  }

  const connectors = peers.map((peer) => keepConnected(peer));

  async function keepConnected(peer: PeerEndpoint): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      const startedAtMs = Date.now();
      try {
        await connectOnce(peer);
      } catch (error) {
        logEnd(logger, peer.address, error);
      }
      failures = Date.now() - startedAtMs > reconnectCapMs ? 0 : failures + 1;
      const pauseMs = Math.min(reconnectCapMs, reconnectBaseMs * 2 ** Math.min(failures, 10));
      await sleep(pauseMs * (0.5 + Math.random() / 2), signal).catch(() => undefined);
    }
  }

  /** The link counts as open once the server has spoken; until then requests would only be buffered. */
  async function connectOnce({ address, endpoint, certificate }: PeerEndpoint): Promise<void> {
    const tls = { identity: channel.identity, peerCertificate: certificate };
    const client = createGrpcClient(ConsensusChannelService, endpoint, { tls });
    const requests = createAsyncQueue<{ readonly message: OutgoingMessage }>(outboxMessagesMax);
    let link: Link | undefined;
    try {
      const responses = client.connect(requests, { signal });
      const announced = async function* () {
        for await (const response of responses) {
          if (link === undefined) {
            link = open(address);
            forward(link.outbox, requests);
          }
          yield response;
        }
      };
      await read(announced(), address);
    } finally {
      requests.close();
      if (link !== undefined) shut(address, link);
      client.close();
    }
  }

  const send = (to: Hex, message: OutgoingMessage): void => {
    const link = links.get(to)?.at(-1);
    if (link !== undefined && !link.outbox.push(message)) events.onDropped(to);
  };
  const connected = (): Hex[] =>
    [...links].filter(([, open]) => open.length > 0).map(([peer]) => peer);
  return {
    port: server.port,
    send,
    connected,
    broadcast: (message) => {
      for (const peer of connected()) send(peer, message);
    },
    close: async () => {
      stopping.abort();
      for (const open of links.values()) for (const { outbox } of open) outbox.close();
      await Promise.all([server.close(), ...connectors]);
    },
  };
}

function forward(
  from: AsyncQueue<OutgoingMessage>,
  to: AsyncQueue<{ readonly message: OutgoingMessage }>,
): void {
  const pass = async () => {
    for await (const message of from) to.push({ message });
    to.close();
  };
  void pass();
}

function logEnd(logger: Logger, peer: Hex, error: unknown): void {
  const isOrdinary = error instanceof RetryableError;
  const fields = { peer, reason: describeError(error) };
  if (isOrdinary) logger.debug("consensus connection ended", fields);
  else logger.warn("consensus connection failed", fields);
}
