/**
 * The synchronous end of reading contents: execution is synchronous and Postgres' client is not, so a reader thread
 * (`content-reader-thread.ts`) asks Postgres while the executing thread waits on shared memory.
 */
import { RetryableError } from "@sequorum/service/errors";
import type { StateBackend } from "@sequorum/stf";

/**
 * Shared memory of one executing thread and the reader. Words 0 and 1 number the newest question and the newest
 * answer; word 2 is the answer's length or one of the values below; word 3 ends the channel. Then the hash that is
 * asked for, then the content or the reason of a failure.
 */
export type ContentChannel = { readonly memory: SharedArrayBuffer };

/** Words of the shared memory. */
export const channelWords = { asked: 0, answered: 1, length: 2, isClosed: 3 } as const;
/** Values of `length` that are none. */
export const answerAbsent = -1;
export const answerFailed = -2;
/** Where the hash and the content lie. */
export const hashAt = 16;
export const contentAt = 48;
/** The largest content: twice a code of the largest size (EIP-170). */
export const contentBytesMax = 49_152;

/** Longer than the reader tries by itself. */
const answerTimeoutMs = 15_000;

/** Memory for a channel; handed to the reader and, as worker data, to the thread that executes. */
export function createContentChannel(): ContentChannel {
  return { memory: new SharedArrayBuffer(contentAt + contentBytesMax) };
}

/** Reads through a channel, in the thread that executes. An answer is lent until the next question. */
export function channelBackend(
  { memory }: ContentChannel,
  timeoutMs: number = answerTimeoutMs,
): StateBackend {
  const words = new Int32Array(memory, 0, 4);
  const bytes = new Uint8Array(memory);
  let asked = 0;
  return {
    read(hash) {
      asked = (asked + 1) | 0;
      bytes.set(hash, hashAt);
      Atomics.store(words, channelWords.asked, asked);
      Atomics.notify(words, channelWords.asked);
      awaitAnswer(words, asked, timeoutMs);
      const length = Atomics.load(words, channelWords.length);
      if (length === answerAbsent) return undefined;
      if (length === answerFailed) throw new RetryableError(reasonOf(bytes));
      return bytes.slice(contentAt, contentAt + length);
    },
  };
}

function awaitAnswer(words: Int32Array, asked: number, timeoutMs: number): void {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const answered = Atomics.load(words, channelWords.answered);
    if (answered === asked) return;
    const leftMs = deadlineMs - performance.now();
    if (leftMs <= 0 || Atomics.load(words, channelWords.isClosed) === 1) {
      throw new RetryableError(
        `no answer from the thread that reads state within ${timeoutMs} ms: look at Postgres and at the load of the machine`,
      );
    }
    Atomics.wait(words, channelWords.answered, answered, leftMs);
  }
}

/** Text after its length in two bytes. */
function reasonOf(bytes: Uint8Array): string {
  const length = (bytes[contentAt] ?? 0) + 256 * (bytes[contentAt + 1] ?? 0);
  // a decoder takes no shared memory
  return new TextDecoder().decode(bytes.slice(contentAt + 2, contentAt + 2 + length));
}
