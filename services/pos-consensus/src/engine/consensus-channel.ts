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
  type CallContext,
  describeError,
  type GrpcImplementation,
  grpcHandler,
  type ListeningServer,
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

type Link = { readonly outbox: AsyncQueue<OutgoingMessage> };

const linksOfPeerMax = 3;
const outboxMessagesMax = 2_048;
const reconnectBaseMs = 100;
const reconnectCapMs = 3_000;

type ChannelOptions = Pick<
  EngineOptions<never, never, never>,
  "channel" | "peers" | "logger" | "signal"
>;

/** Listens, and keeps a connection to every peer. */
export async function openConsensusChannel(
  options: ChannelOptions,
  events: ChannelEvents,
): Promise<ConsensusChannel> {
  const channel = new ConsensusChannel(options, events);
  await channel.open();
  return channel;
}

/** The connections to the other validators. */
export class ConsensusChannel {
  readonly #options: ChannelOptions;
  readonly #events: ChannelEvents;
  readonly #stopping = new AbortController();
  readonly #signal: AbortSignal;
  readonly #links = new Map<Hex, readonly Link[]>();
  #server: ListeningServer | undefined;
  #connectors: readonly Promise<void>[] = [];

  constructor(options: ChannelOptions, events: ChannelEvents) {
    this.#options = options;
    this.#events = events;
    this.#signal = AbortSignal.any([options.signal, this.#stopping.signal]);
  }

  async open(): Promise<void> {
    const { channel, peers, logger } = this.#options;
    const connect: GrpcImplementation<typeof ConsensusChannelService, CallContext>["connect"] = (
      requests,
      context,
    ) => this.#serve(requests, context);
    this.#server = await createGrpcServer({
      port: channel.port,
      ...(channel.host === undefined ? {} : { host: channel.host }),
      services: [grpcHandler(ConsensusChannelService, { connect })],
      tls: { identity: channel.identity, peers },
      logger,
    });
    this.#connectors = peers.map((peer) => this.#keepConnected(peer));
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  /** Peers with an open connection. */
  connected(): Hex[] {
    return [...this.#links].filter(([, links]) => links.length > 0).map(([peer]) => peer);
  }

  send(to: Hex, message: OutgoingMessage): void {
    const link = this.#links.get(to)?.at(-1);
    if (link !== undefined && !link.outbox.push(message)) this.#events.onDropped(to);
  }

  broadcast(message: OutgoingMessage): void {
    for (const peer of this.connected()) this.send(peer, message);
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    for (const links of this.#links.values()) for (const { outbox } of links) outbox.close();
    await Promise.all([this.#server?.close(), ...this.#connectors]);
  }

  #openLink(peer: Hex): Link {
    const link: Link = { outbox: createAsyncQueue(outboxMessagesMax) };
    for (const message of this.#events.onConnected(peer)) link.outbox.push(message);
    const all = [...(this.#links.get(peer) ?? []), link];
    // More than one connection each way is an old one that has not noticed its end, or a peer that wastes memory.
    for (const old of all.splice(0, all.length - linksOfPeerMax)) old.outbox.close();
    this.#links.set(peer, all);
    return link;
  }

  #shutLink(peer: Hex, link: Link): void {
    link.outbox.close();
    const remaining = (this.#links.get(peer) ?? []).filter((other) => other !== link);
    this.#links.set(peer, remaining);
    if (remaining.length === 0) this.#events.onLost(peer);
  }

  /** A peer has called: its messages come in, ours go out, until either ends. */
  async *#serve(
    requests: AsyncIterable<ConnectRequest>,
    { peer, signal }: CallContext,
  ): AsyncGenerator<{ readonly message: OutgoingMessage }> {
    if (peer === undefined) throw new RpcError("UNAUTHENTICATED", "PEER_NOT_REGISTERED");
    const link = this.#openLink(peer);
    let failure: unknown;
    void this.#read(requests, peer)
      .catch((error: unknown) => {
        failure = error;
      })
      .finally(link.outbox.close);
    signal.addEventListener("abort", link.outbox.close, { once: true });
    try {
      for await (const message of link.outbox) yield { message };
      if (failure instanceof MalformedMessage) {
        const fields = { peer, reason: failure.message };
        this.#options.logger.warn("peer sent a malformed message", fields);
        throw new RpcError("INVALID_ARGUMENT", "MALFORMED_MESSAGE");
      }
    } finally {
      this.#shutLink(peer, link);
    }
  }

  async #read(
    messages: AsyncIterable<{ readonly message?: PeerMessage | undefined }>,
    peer: Hex,
  ): Promise<void> {
    // Not `for await`: leaving it early would destroy the stream before the reason can be sent to the peer.
    const iterator = messages[Symbol.asyncIterator]();
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      const { message } = next.value;
      if (message === undefined) throw new MalformedMessage("empty message");
      await this.#events.onMessage(peer, message);
      if (this.#signal.aborted) return;
    }
  }

  async #keepConnected(peer: PeerEndpoint): Promise<void> {
    for (let failures = 0; !this.#signal.aborted; ) {
      const startedAtMs = Date.now();
      try {
        await this.#connectOnce(peer);
      } catch (error) {
        logEnd(this.#options.logger, peer.address, error);
      }
      failures = Date.now() - startedAtMs > reconnectCapMs ? 0 : failures + 1;
      const pauseMs = Math.min(reconnectCapMs, reconnectBaseMs * 2 ** Math.min(failures, 10));
      await sleep(pauseMs * (0.5 + Math.random() / 2), this.#signal).catch(() => undefined);
    }
  }

  /** The link counts as open once the server has spoken; until then requests would only be buffered. */
  async #connectOnce({ address, endpoint, certificate }: PeerEndpoint): Promise<void> {
    const { identity } = this.#options.channel;
    const tls = { identity, peerCertificate: certificate };
    const client = createGrpcClient(ConsensusChannelService, endpoint, { tls });
    const requests = createAsyncQueue<{ readonly message: OutgoingMessage }>(outboxMessagesMax);
    const responses = client.connect(requests, { signal: this.#signal });
    const iterator = responses[Symbol.asyncIterator]();
    let link: Link | undefined;
    try {
      const first = await iterator.next();
      if (first.done === true) return;
      link = this.#openLink(address);
      forward(link.outbox, requests);
      await this.#read(prepend(first.value, iterator), address);
    } finally {
      requests.close();
      await iterator.return?.();
      if (link !== undefined) this.#shutLink(address, link);
      client.close();
    }
  }
}

async function* prepend<T>(first: T, rest: AsyncIterator<T>): AsyncGenerator<T> {
  yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
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
