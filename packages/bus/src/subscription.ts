/** Handling the events of another service in order, once in effect. */
import { AssertionFailure } from "@sequorum/protocol";
import type { Event } from "@sequorum/proto/events";
import {
  describeError,
  inTrace,
  type Logger,
  RetryableError,
  retry,
  sleep,
  withSpan,
} from "@sequorum/service";
import type { Store, Transaction } from "@sequorum/store";
import { decodeEvent } from "./outbox.ts";
import type { Stream, StreamMessage } from "./stream.ts";

/** What a subscription works with. */
export type SubscriptionOptions = {
  readonly stream: Stream;
  readonly from: string;
  readonly store: Store;
  readonly select: (event: Event) => boolean;
  readonly observe: (event: Event) => void;
  readonly handle: (event: Event, tx: Transaction) => Promise<void>;
  readonly signal: AbortSignal;
  readonly logger: Logger;
};

type Cursor = { sequence: bigint; readonly streamId: string; readonly streamSequence: number };

/** Runs until the signal aborts. The cursor is in this service's Postgres, so it moves with the effects of the event. */
export async function runSubscription(options: SubscriptionOptions): Promise<void> {
  const { from, signal, logger } = options;
  for (let fromStart = false; !signal.aborted; ) {
    try {
      fromStart = (await followStream(options, fromStart)) === "gap";
    } catch (error) {
      if (signal.aborted) return;
      logger.warn("subscription interrupted", { from, reason: describeError(error) });
    }
    await sleep(250, signal).catch(() => {});
  }
}

async function followStream(
  options: SubscriptionOptions,
  fromStart: boolean,
): Promise<"gap" | "ended"> {
  const { stream, from, signal, logger } = options;
  const cursor = await loadCursor(options);
  let { sequence } = cursor;
  const after = fromStart || cursor.streamSequence === 0 ? undefined : cursor;
  for await (const message of stream.read(from, after, signal)) {
    const event = decodeEvent(message.bytes);
    if (event.sequence <= sequence) continue;
    if (event.sequence !== sequence + 1n) {
      logger.warn("events missing, reading the stream again", {
        from,
        have: sequence,
        got: event.sequence,
      });
      return "gap";
    }
    options.observe(event);
    if (options.select(event)) await handleOnce(options, event, message);
    sequence = event.sequence;
    if (signal.aborted) return "ended";
  }
  return "ended";
}

async function handleOnce(
  options: SubscriptionOptions,
  event: Event,
  message: StreamMessage,
): Promise<void> {
  const { store, from, signal, logger } = options;
  const name = `${from} ${event.payload.case ?? "event"}`;
  const work = () =>
    withSpan(name, { sequence: event.sequence.toString() }, () =>
      store.transaction(async (tx) => {
        await options.handle(event, tx);
        await tx`
          insert into inbox (source, sequence, stream_id, stream_sequence)
          values (${from}, ${event.sequence}, ${message.streamId}, ${message.streamSequence})
          on conflict (source) do update set sequence = excluded.sequence,
            stream_id = excluded.stream_id, stream_sequence = excluded.stream_sequence`;
      }),
    );
  const attempt = () => inTrace({ traceparent: event.traceparent }, work).catch(asRetryable);
  await retry(attempt, {
    signal,
    baseMs: 50,
    capMs: 2_000,
    onFailure: (error) =>
      logger.warn("event not handled, trying again", {
        from,
        sequence: event.sequence,
        reason: describeError(error),
      }),
  });
}

async function loadCursor({ store, from, signal }: SubscriptionOptions): Promise<Cursor> {
  const load = () =>
    store.sql`select sequence, stream_id, stream_sequence from inbox where source = ${from}`.catch(
      asRetryable,
    );
  const [row] = await retry(load, { signal, baseMs: 100, capMs: 2_000 });
  if (row === undefined) return { sequence: 0n, streamId: "", streamSequence: 0 };
  return {
    sequence: BigInt(row["sequence"]),
    streamId: row["stream_id"],
    streamSequence: Number(row["stream_sequence"]),
  };
}

/** An event must be handled before the next one, so every failure but a broken invariant is tried again. */
function asRetryable(error: unknown): never {
  if (error instanceof AssertionFailure) throw error;
  throw new RetryableError("handler failed", { cause: error });
}
