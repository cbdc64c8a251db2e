/** The thread that reads contents from Postgres for the threads that execute. */
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "@sequorum/protocol";
import { describeError, RetryableError } from "@sequorum/service/errors";
import { retry, withTimeout } from "@sequorum/service/waiting";
import { connect } from "@sequorum/store/connection";
import {
  answerAbsent,
  answerFailed,
  channelWords,
  type ContentChannel,
  contentAt,
  contentBytesMax,
  hashAt,
} from "./content-channel.ts";
import { readContent } from "./content-rows.ts";
import type { ContentReaderData } from "./content-reader.ts";

/** One connection for each thread that executes blocks, and one for calls. */
const connectionsMax = 2;
/** A question is tried for this long; the thread that asked waits a little longer. */
const tryMs = 10_000;
const reasonBytesMax = 1_024;

const port = parentPort;
assert(port !== null, "this file runs as a worker thread");
const { url, schema } = workerData as ContentReaderData;
const sql = connect({ url, schema, connectionsMax });

port.on("message", ({ memory }: ContentChannel) => {
  serve(memory).catch((error: unknown) => {
    throw error; // a bug: the thread ends, and with it the process
  });
});

/** Answers the questions of a channel until it is closed. */
async function serve(memory: SharedArrayBuffer): Promise<void> {
  const words = new Int32Array(memory, 0, 4);
  const bytes = new Uint8Array(memory);
  for (let handled = 0; ; ) {
    const asking = Atomics.waitAsync(words, channelWords.asked, handled);
    if (asking.async) await asking.value;
    if (Atomics.load(words, channelWords.isClosed) === 1) return;
    handled = Atomics.load(words, channelWords.asked);
    const length = await answer(bytes);
    Atomics.store(words, channelWords.length, length);
    Atomics.store(words, channelWords.answered, handled);
    Atomics.notify(words, channelWords.answered);
  }
}

/** Puts the answer into place and gives its length. */
async function answer(bytes: Uint8Array): Promise<number> {
  try {
    const content = await read(bytes.slice(hashAt, hashAt + 32));
    if (content === undefined) return answerAbsent;
    assert(content.length <= contentBytesMax, "a content fits", { length: content.length });
    bytes.set(content, contentAt);
    return content.length;
  } catch (error) {
    const reason = new TextEncoder().encode(`state cannot be read: ${describeError(error)}`);
    const { length } = reason.subarray(0, reasonBytesMax);
    bytes.set(reason.subarray(0, reasonBytesMax), contentAt + 2);
    bytes.set([length % 256, length >> 8], contentAt);
    return answerFailed;
  }
}

/** Tries while Postgres is away; its client, too, waits between its attempts to connect. */
function read(hash: Uint8Array): Promise<Uint8Array | undefined> {
  const attempt = () =>
    readContent(sql, hash).catch((error: unknown) => {
      throw new RetryableError("Postgres did not answer", { cause: error });
    });
  const signal = AbortSignal.timeout(tryMs);
  return withTimeout(retry(attempt, { signal, baseMs: 20, capMs: 1_000 }), tryMs, "Postgres");
}
