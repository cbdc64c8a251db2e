/** Carries recorded statements to pos-consensus: at least once, in order, until it has taken them. */
import { describeError, type Logger, RetryableError, RpcError, sleep } from "@sequorum/service";
import type { Sql } from "@sequorum/store";
import type { SubmitPayload } from "../ports.ts";
import { loadUnsent, markSent } from "./batch-store.ts";

/** What the sender works with. */
export type StatementSenderOptions = {
  readonly sql: Sql;
  readonly submit: SubmitPayload;
  readonly signal: AbortSignal;
  readonly logger: Logger;
};

/** A running sender. */
export type StatementSender = { wake(): void; readonly done: Promise<void> };

const countMax = 16;
const idleMs = 1_000;
const pauseAfterFailureMs = 250;

/** Starts sending; ends when the signal aborts. */
export function startStatementSender(options: StatementSenderOptions): StatementSender {
  let wake = () => {};
  const run = async () => {
    while (!options.signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const failed = await sendAll(options);
      const pause = sleep(failed ? pauseAfterFailureMs : idleMs, options.signal).catch(() => {});
      await (failed ? pause : Promise.race([woken, pause]));
    }
  };
  return { wake: () => wake(), done: run() };
}

/** Whether it failed in a way that may pass. */
async function sendAll({ sql, submit, logger }: StatementSenderOptions): Promise<boolean> {
  try {
    for (const statement of await loadUnsent(sql, countMax)) {
      try {
        await submit(statement.payload);
      } catch (error) {
        if (!(error instanceof RpcError) || error.status !== "INVALID_ARGUMENT") throw error;
        // Not to be tried again: it would hold up everything after it.
        const { index, attempt, role } = statement;
        logger.error("pos-consensus refuses a statement", {
          index,
          attempt,
          role,
          reason: describeError(error),
        });
      }
      await markSent(sql, statement);
    }
    return false;
  } catch (error) {
    const level = error instanceof RetryableError ? "debug" : "warn";
    logger[level]("statement not sent, trying again", { reason: describeError(error) });
    return true;
  }
}
