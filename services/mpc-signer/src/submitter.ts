/** Payloads on their way to pos-consensus, which stores them before it answers. A resumed session submits again. */
import type { PoolPayload } from "@sequorum/protocol";
import { describeError, type Logger, RetryableError, retry } from "@sequorum/service";
import type { SubmitPayload } from "./ports.ts";

/** Payloads that may wait at a time. */
export const submissionsMax = 256;
const retryPause = { baseMs: 50, capMs: 2_000 } as const;

/** Submits in the background until stored, the process stops, or the payload is refused. */
export type Submitter = { submit(payload: PoolPayload): void };

/** A submitter over the port. */
export function createSubmitter(options: {
  submit: SubmitPayload;
  signal: AbortSignal;
  logger: Logger;
}): Submitter {
  let waiting = 0;
  const { signal, logger } = options;
  async function deliver(payload: PoolPayload): Promise<void> {
    await retry(
      () =>
        options.submit(payload, signal).catch((error: unknown) => {
          if (error instanceof RetryableError) throw error;
          throw new RefusedPayload(error);
        }),
      { signal, ...retryPause },
    );
  }
  return {
    submit(payload) {
      if (waiting >= submissionsMax) {
        logger.error("payload dropped: too many wait for pos-consensus", { kind: payload.type });
        return;
      }
      waiting += 1;
      deliver(payload)
        .catch((error: unknown) => {
          if (!signal.aborted)
            logger.warn("payload not accepted", {
              kind: payload.type,
              reason: describeError(error),
            });
        })
        .finally(() => {
          waiting -= 1;
        });
    },
  };
}

class RefusedPayload extends Error {
  constructor(cause: unknown) {
    super("pos-consensus refused the payload", { cause });
  }
}
