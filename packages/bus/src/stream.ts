/** The JetStream stream of an operator: one subject a service. */
import {
  DeliverPolicy,
  DiscardPolicy,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
  RetentionPolicy,
  StorageType,
} from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";

/** How long the stream keeps events for a service that is away. */
const ageMsMax = 7 * 24 * 3_600 * 1_000;

const sequenceHeader = "Sequorum-Sequence";

/** An event as bytes with its place in the sender's log. */
export type SequencedBytes = { readonly sequence: bigint; readonly bytes: Uint8Array };

/** Where reading starts. */
export type ReadFrom = { readonly streamId: string; readonly streamSequence: number } | undefined;

/** A message read from the stream. */
export type StreamMessage = {
  readonly bytes: Uint8Array;
  readonly streamId: string;
  readonly streamSequence: number;
};

/** Operations on the stream; they throw whatever the NATS client throws. */
export type Stream = {
  /** Creates the stream when missing; answers its identity, which changes when it was lost and made again. */
  ensure(): Promise<string>;
  /** Sequence of the newest event of `service` in the stream; 0 when there is none. */
  lastSequence(service: string): Promise<bigint>;
  send(service: string, event: SequencedBytes): Promise<void>;
  /** Messages of `service` in order, from just after `after`, or all when that is of another stream. */
  read(service: string, after: ReadFrom, signal: AbortSignal): AsyncGenerator<StreamMessage>;
};

/** Binds the operations to one operator's stream. */
export function createStream(
  client: JetStreamClient,
  manager: JetStreamManager,
  operator: string,
): Stream {
  const name = `SEQUORUM_${operator}`;
  const subject = (service: string) => `sequorum.${operator}.${service}`;

  async function ensure(): Promise<string> {
    const config = {
      name,
      subjects: [`sequorum.${operator}.>`],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_age: ageMsMax * 1_000_000,
      duplicate_window: 120_000_000_000,
    };
    try {
      return (await manager.streams.info(name)).created;
    } catch {
      return (await manager.streams.add(config)).created;
    }
  }

  return {
    ensure,
    async lastSequence(service) {
      const message = await manager.streams.getMessage(name, { last_by_subj: subject(service) });
      return BigInt(message?.header?.get(sequenceHeader) || 0);
    },
    async send(service, { sequence, bytes }) {
      const header = headers();
      header.set(sequenceHeader, sequence.toString());
      await client.publish(subject(service), bytes, {
        headers: header,
        msgID: `${service}/${sequence}`,
      });
    },
    async *read(service, after, signal) {
      const streamId = await ensure();
      const start =
        after?.streamId === streamId
          ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: after.streamSequence + 1 }
          : { deliver_policy: DeliverPolicy.All };
      const consumer = await client.consumers.get(name, {
        filter_subjects: subject(service),
        ...start,
      });
      const messages = await consumer.consume({ max_messages: 200, idle_heartbeat: 5_000 });
      const stop = () => messages.stop();
      signal.addEventListener("abort", stop, { once: true });
      try {
        for await (const message of messages as AsyncIterable<JsMsg>) {
          yield { bytes: message.data, streamId, streamSequence: message.seq };
        }
      } finally {
        signal.removeEventListener("abort", stop);
        messages.stop();
      }
    },
  };
}
