/** Waiting and retrying, always with a limit and a signal. */
import { setTimeout as delay } from "node:timers/promises";
import { RetryableError } from "./errors.ts";

/** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** Rejects with `RetryableError` when `work` takes longer than `ms`. */
export async function withTimeout<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new RetryableError(`${what} took more than ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Limits of `retry`. */
export type RetryOptions = {
  readonly signal: AbortSignal;
  /** Attempts before the last error is thrown; endless when left out. */
  readonly attemptsMax?: number;
  /** First pause; doubles each time, with jitter. */
  readonly baseMs: number;
  /** Longest pause. */
  readonly capMs: number;
  /** Told of each failure that is followed by another attempt. */
  readonly onFailure?: (error: unknown, attempt: number) => void;
};

/** Repeats `work` while it throws `RetryableError`; other errors are thrown at once. */
export async function retry<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    options.signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      const last = attempt >= (options.attemptsMax ?? Number.POSITIVE_INFINITY);
      if (!(error instanceof RetryableError) || last) throw error;
      options.onFailure?.(error, attempt);
      const pauseMs = Math.min(options.capMs, options.baseMs * 2 ** Math.min(attempt - 1, 20));
      await sleep(pauseMs * (0.5 + Math.random() / 2), options.signal);
    }
  }
}
