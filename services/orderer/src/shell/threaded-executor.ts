/** Execution in worker threads: one for blocks, one (started with the first call) for calls. */
import { Worker } from "node:worker_threads";
import { AssertionFailure, type Hex } from "@sequorum/protocol";
import { RetryableError } from "@sequorum/service";
import type {
  BlockHeader,
  BlockInputs,
  BuiltBlock,
  CallRequest,
  CallResult,
  ExecutedBlock,
  InputRules,
  L2Block,
  NotIncludable,
  ParentBlock,
} from "@sequorum/stf";

/** What a thread starts with. */
export type ThreadData = {
  readonly postgresUrl: string;
  readonly chainId: bigint;
  readonly rules: InputRules & { readonly transactionBytesMax: number };
  readonly nodesMax: number;
};

type Derived = Pick<BlockInputs, "originNumber" | "originTime" | "forcedEntries">;

/** What a thread can be asked. */
export type ThreadRequest =
  | {
      readonly method: "build";
      readonly parent: ParentBlock;
      readonly inputs: BlockInputs;
      readonly buildMsMax: number;
    }
  | {
      readonly method: "verify";
      readonly parent: ParentBlock;
      readonly block: L2Block;
      readonly derived: Derived;
    }
  | { readonly method: "call"; readonly header: BlockHeader; readonly request: CallRequest }
  /** Answered as soon as the thread has loaded. */
  | { readonly method: "start" }
  /** Decodes transactions ahead of the block that will have them. */
  | { readonly method: "prepare"; readonly raws: readonly Uint8Array[] }
  | { readonly method: "release"; readonly hash: Hex; readonly isStored: boolean };

/** What it answers. */
export type ThreadAnswer =
  | { readonly id: number; readonly value: unknown }
  | {
      readonly id: number;
      readonly failure: { readonly message: string; readonly isBug: boolean };
    };

/** Executes blocks away from the main thread. */
export type BlockThread = {
  build(
    parent: ParentBlock,
    inputs: BlockInputs,
    buildMsMax: number,
  ): Promise<BuiltBlock | NotIncludable>;
  verify(
    parent: ParentBlock,
    block: L2Block,
    derived: Derived,
  ): Promise<ExecutedBlock | NotIncludable>;
  /** Decodes and recovers ahead of time, so that a block need not. */
  prepare(raws: readonly Uint8Array[]): void;
  /** The block is stored, or dropped: the thread need not hold its state any more. */
  release(hash: Hex, isStored: boolean): void;
  close(): Promise<void>;
};

/** Runs calls away from the main thread. */
export type CallThread = {
  call(header: BlockHeader, request: CallRequest): Promise<CallResult>;
  close(): Promise<void>;
};

/** Starts the thread for blocks; its unexpected end is told to `fail`. */
export function startBlockThread(data: ThreadData, fail: (error: unknown) => void): BlockThread {
  const thread = startThread(data, fail);
  return {
    build: (parent, inputs, buildMsMax) =>
      thread.ask({ method: "build", parent, inputs, buildMsMax }),
    verify: (parent, block, derived) => thread.ask({ method: "verify", parent, block, derived }),
    prepare: (raws) => void thread.ask({ method: "prepare", raws }).catch(fail),
    release: (hash, isStored) => void thread.ask({ method: "release", hash, isStored }).catch(fail),
    close: thread.close,
  };
}

/** Without calls for this long their thread ends, for its memory. */
const callIdleMs = 60_000;

/** A call that takes longer costs its thread, and the next call gets a new one. */
export function createCallThread(data: ThreadData, callMsMax: number): CallThread {
  let thread: ReturnType<typeof startThread> | undefined;
  let idle: NodeJS.Timeout | undefined;
  const end = () => {
    const ended = thread;
    thread = undefined;
    void ended?.close();
  };
  return {
    async call(header, request) {
      thread ??= startThread(data, () => {
        thread = undefined;
      });
      const used = thread;
      clearTimeout(idle);
      idle = setTimeout(end, Math.max(callIdleMs, callMsMax));
      idle.unref();
      let timer: NodeJS.Timeout | undefined;
      const timeout = () =>
        new Promise<CallResult>((resolve) => {
          timer = setTimeout(() => {
            if (thread === used) thread = undefined;
            resolve({ type: "failed", reason: "execution timed out", gasUsed: 0n });
            void used.close();
          }, callMsMax);
        });
      try {
        await used.started; // loading a thread is not the caller's time
        return await Promise.race([
          used.ask<CallResult>({ method: "call", header, request }),
          timeout(),
        ]);
      } catch (error) {
        // calls that shared a thread with a runaway one end with it
        if (error instanceof ThreadEnded)
          return { type: "failed", reason: "execution timed out", gasUsed: 0n };
        throw error;
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {
      clearTimeout(idle);
      await thread?.close();
    },
  };
}

class ThreadEnded extends RetryableError {}

type Pending = {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
};

function startThread(data: ThreadData, onEnd: (error: unknown) => void) {
  const worker = new Worker(new URL("./executor-thread.ts", import.meta.url), {
    workerData: data,
    resourceLimits: { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 32 },
  });
  const pending = new Map<number, Pending>();
  let nextId = 0;
  let isClosing = false;
  const end = (error: Error) => {
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
    if (!isClosing) onEnd(error);
    isClosing = true;
  };
  worker.on("message", (message: ThreadAnswer) => {
    const asked = pending.get(message.id);
    pending.delete(message.id);
    if ("value" in message) asked?.resolve(message.value as never);
    else asked?.reject(errorOf(message.failure));
  });
  worker.on("error", (error) => end(new ThreadEnded("execution thread failed", { cause: error })));
  worker.on("exit", () => end(new ThreadEnded("execution thread ended")));
  const ask = <T>(request: ThreadRequest): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const id = nextId++;
      pending.set(id, { resolve, reject });
      worker.postMessage({ id, request });
    });
  const started = ask<void>({ method: "start" });
  started.catch(() => {}); // told to whoever waits for it, and by `onEnd`
  return {
    ask,
    started,
    async close() {
      isClosing = true;
      await worker.terminate();
    },
  };
}

function errorOf({ message, isBug }: { readonly message: string; readonly isBug: boolean }): Error {
  return isBug ? new AssertionFailure(message, {}) : new RetryableError(message);
}
