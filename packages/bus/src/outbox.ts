/** The outbox of a service: events recorded with the state change that they tell of, sent in order afterwards. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Event, EventSchema } from "@sequorum/proto/events";
import { describeError, injectTrace, type Logger, sleep } from "@sequorum/service";
import { afterCommit, type Store, type Transaction } from "@sequorum/store";
import type { Stream } from "./stream.ts";

/** The payload of an event: one case of the envelope's oneof. */
export type EventPayload = Exclude<Event["payload"], { case: undefined }>;

/** Events read from Postgres and sent at a time. */
const batchMax = 256;
const idlePollMs = 1_000;

/** What the outbox works with. */
export type OutboxOptions = {
  readonly stream: Stream;
  readonly service: string;
  readonly store: Store;
  readonly signal: AbortSignal;
  readonly logger: Logger;
};

/** The outbox of one service. */
export type Outbox = {
  record(tx: Transaction, payload: EventPayload): Promise<void>;
  /** Sends until the signal aborts. */
  run(): Promise<void>;
  /** Whether everything recorded by this process has been sent. */
  sent(): boolean;
};

/** Creates the outbox's tables when missing. */
export async function createOutbox(options: OutboxOptions): Promise<Outbox> {
  const { stream, service, store, signal, logger } = options;
  await createTables(store);
  let recorded = 0n;
  let sentUpTo: bigint | undefined;
  let wake = () => {};

  async function record(tx: Transaction, payload: EventPayload): Promise<void> {
    // The row lock orders the transactions, so sequences have no gaps and are visible in order.
    const [row] = await tx`update outbox_head set sequence = sequence + 1 returning sequence`;
    const sequence = BigInt(row?.["sequence"]);
    const event = create(EventSchema, {
      sequence,
      source: service,
      occurredAt: timestampFromMs(Date.now()),
      traceparent: injectTrace()["traceparent"] ?? "",
      payload,
    });
    await tx`insert into outbox (sequence, event) values (${sequence}, ${toBinary(EventSchema, event)})`;
    afterCommit(tx, () => {
      recorded = sequence;
      wake();
    });
  }

  async function sendPending(): Promise<void> {
    if (sentUpTo === undefined) {
      await stream.ensure();
      sentUpTo = await stream.lastSequence(service);
    }
    for (;;) {
      const rows = await store.sql`
        select sequence, event from outbox where sequence > ${sentUpTo} order by sequence limit ${batchMax}`;
      if (rows.length === 0) return;
      await Promise.all(
        rows.map(({ sequence, event }) =>
          stream.send(service, { sequence: BigInt(sequence), bytes: event }),
        ),
      );
      sentUpTo = BigInt(rows.at(-1)?.["sequence"]);
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      try {
        await sendPending();
        if (recorded <= (sentUpTo ?? 0n)) await Promise.race([woken, sleep(idlePollMs, signal)]);
      } catch (error) {
        if (signal.aborted) return;
        logger.warn("events wait for the bus", { reason: describeError(error) });
        sentUpTo = undefined; // the stream may have lost its tail: ask it again
        await sleep(idlePollMs / 2, signal).catch(() => {});
      }
    }
  }

  return { record, run, sent: () => sentUpTo !== undefined && recorded <= sentUpTo };
}

/** Decodes an event; throws on malformed bytes. */
export function decodeEvent(bytes: Uint8Array): Event {
  return fromBinary(EventSchema, bytes);
}

async function createTables(store: Store): Promise<void> {
  await store.transaction(async (tx) => {
    await tx`select pg_advisory_xact_lock(hashtext(current_schema()), 1)`;
    await tx.unsafe(`
      create table if not exists outbox (sequence bigint primary key, event bytea not null);
      create table if not exists outbox_head (sequence bigint not null);
      insert into outbox_head select 0 where not exists (select 1 from outbox_head);
      create table if not exists inbox (
        source text primary key,
        sequence bigint not null,
        stream_id text not null,
        stream_sequence bigint not null
      );`);
  });
}
