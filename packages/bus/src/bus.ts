/**
 * Events between the services of one operator. An event is first a row in the sender's Postgres (its outbox), then a
 * message in JetStream: an acknowledged JetStream message can be lost by power failure, a committed row cannot, and the
 * outbox is sent again from wherever the stream ends.
 */
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import type { Event } from "@sequorum/proto/events";
import { describeError, type Logger, RetryableError, retry } from "@sequorum/service";
import type { Store, Transaction } from "@sequorum/store";
import { createOutbox, type EventPayload } from "./outbox.ts";
import { createStream, type Stream } from "./stream.ts";
import { runSubscription } from "./subscription.ts";

/** What a subscriber gets: the event, and the transaction that also moves its cursor. */
export type EventHandler = (event: Event, tx: Transaction) => Promise<void>;

/** A subscription to the events of one service. */
export type SubscribeOptions = {
  /** Service whose events are wanted. */
  readonly from: string;
  /** Events to handle; all when left out. The others are passed over without a transaction. */
  readonly select?: (event: Event) => boolean;
  /** Told of every event before it is handled, perhaps more than once and without a transaction: for traces. */
  readonly observe?: (event: Event) => void;
  /** Called in order, once in effect; a throw rolls back and is tried again with a pause. */
  readonly handle: EventHandler;
};

/** The bus as one service uses it. */
export type Bus = {
  /** Records an event in the caller's transaction; it is sent after the commit, in order, at least once. */
  publish(tx: Transaction, payload: EventPayload): Promise<void>;
  /** Starts handling events from where this service's cursor is. */
  subscribe(options: SubscribeOptions): void;
  /** Whether NATS is connected and the outbox is sent up to its end. */
  ready(): boolean;
  close(): Promise<void>;
};

/** Options of `openBus`. */
export type BusOptions = {
  readonly natsUrl: string;
  /** Short name of the operator; it names the stream. */
  readonly operator: string;
  /** Name of this service; it names its subject. */
  readonly service: string;
  readonly store: Store;
  readonly signal: AbortSignal;
  readonly logger: Logger;
};

const retryPause = { baseMs: 100, capMs: 2_000 } as const;

/** Connects to NATS (waiting for it as long as `signal` allows) and starts sending the outbox. */
export async function openBus(options: BusOptions): Promise<Bus> {
  const { service, store, signal, logger } = options;
  const connection = await retry(() => connectOnce(options), {
    signal,
    ...retryPause,
    onFailure: (error) => logger.warn("bus is away", { reason: describeError(error) }),
  });
  const stopped = new AbortController();
  const running = AbortSignal.any([signal, stopped.signal]);
  const stream = await retry(() => openStream(connection, options), { signal, ...retryPause });
  const outbox = await createOutbox({ stream, service, store, signal: running, logger });
  const tasks: Promise<void>[] = [outbox.run()];
  return {
    publish: outbox.record,
    subscribe({ from, select, observe = () => {}, handle }) {
      const subscription = { stream, from, store, observe, handle, signal: running, logger };
      tasks.push(runSubscription({ ...subscription, select: select ?? (() => true) }));
    },
    ready: () => !connection.isClosed() && outbox.sent(),
    async close() {
      stopped.abort();
      await connection.close();
      await Promise.allSettled(tasks);
    },
  };
}

async function connectOnce({ natsUrl, operator, service }: BusOptions): Promise<NatsConnection> {
  try {
    return await connect({
      servers: natsUrl,
      name: `${operator}/${service}`,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      timeout: 3_000,
      ignoreClusterUpdates: true,
    });
  } catch (error) {
    throw new RetryableError("NATS did not answer", { cause: error });
  }
}

async function openStream(connection: NatsConnection, { operator }: BusOptions): Promise<Stream> {
  try {
    const manager = await jetstreamManager(connection, { timeout: 3_000 });
    const stream = createStream(jetstream(connection, { timeout: 3_000 }), manager, operator);
    await stream.ensure();
    return stream;
  } catch (error) {
    throw new RetryableError("JetStream did not answer", { cause: error });
  }
}
