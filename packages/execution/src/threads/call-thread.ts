/** The thread for calls and traces, started with the first one. */
import type {
  BlockHeader,
  CallRequest,
  CallResult,
  NotIncludable,
  TransactionTrace,
} from "@sequorum/stf";
import { ThreadEnded } from "./ask-thread.ts";
import { type ExecutionOptions, startExecutionThread } from "./block-thread.ts";
import type { ThreadRequest, TraceRequest } from "./thread-requests.ts";

/** A call or a trace that took too long. */
export type TimedOut = { readonly type: "timedOut" };

/** Runs calls away from the main thread. */
export type CallThread = {
  call(header: BlockHeader, request: CallRequest): Promise<CallResult | TimedOut>;
  trace(asked: TraceRequest): Promise<TransactionTrace | NotIncludable | TimedOut>;
  close(): Promise<void>;
};

/** Without calls for this long their thread ends, for its memory. */
const callIdleMs = 60_000;

type Running = ReturnType<typeof startExecutionThread> & { readonly started: Promise<void> };

/** A call that takes longer costs its thread, and the next call gets a new one. */
export function createCallThread(options: ExecutionOptions, callMsMax: number): CallThread {
  let running: Running | undefined;
  let idle: NodeJS.Timeout | undefined;
  const start = (): Running => {
    const execution = startExecutionThread(options, "calls", () => {
      running = undefined;
    });
    const started = execution.thread.ask<void>({ method: "start" });
    started.catch(() => {}); // told to whoever waits for it
    return { ...execution, started };
  };
  const end = () => {
    const ended = running;
    running = undefined;
    void ended?.close();
  };

  async function ask<T>(request: ThreadRequest): Promise<T | TimedOut> {
    running ??= start();
    const used = running;
    clearTimeout(idle);
    idle = setTimeout(end, Math.max(callIdleMs, callMsMax));
    idle.unref();
    let timer: NodeJS.Timeout | undefined;
    const timeout = () =>
      new Promise<TimedOut>((resolve) => {
        timer = setTimeout(() => {
          if (running === used) running = undefined;
          resolve({ type: "timedOut" });
          void used.close();
        }, callMsMax);
      });
    try {
      await used.started; // loading a thread is not the caller's time
      return await Promise.race([used.thread.ask<T>(request), timeout()]);
    } catch (error) {
      // calls that shared a thread with a runaway one end with it
      if (error instanceof ThreadEnded) return { type: "timedOut" };
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    call: (header, request) => ask<CallResult>({ method: "call", header, request }),
    trace: (asked) => ask<TransactionTrace | NotIncludable>({ method: "trace", asked }),
    async close() {
      clearTimeout(idle);
      await running?.close();
    },
  };
}
