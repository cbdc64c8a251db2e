/** A worker thread that answers questions one after another. */
import { Worker } from "node:worker_threads";
import { AssertionFailure } from "@sequorum/protocol";
import { RetryableError } from "@sequorum/service";
import { MissingContent } from "@sequorum/stf";
import type { ThreadAnswer, ThreadFailure } from "./thread-requests.ts";

/** The thread ended before it answered. */
export class ThreadEnded extends RetryableError {}

/** A running thread. */
export type AskedThread<Request> = {
  ask<T>(request: Request, transfer?: readonly ArrayBuffer[]): Promise<T>;
  close(): Promise<void>;
};

/** What a thread is started with. */
export type ThreadOptions = {
  /** Module of the thread. */
  readonly file: URL;
  readonly name: string;
  readonly data: unknown;
  /** Told why the thread ended by itself. */
  readonly onEnd: (error: unknown) => void;
  readonly heapMbMax: number;
};

/** Questions that may wait for one thread; whoever asks more is told to try again. */
const pendingMax = 4_096;
const youngGenerationMb = 32;

type Pending = {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
};

/** Starts a thread. */
export function startThread<Request>(options: ThreadOptions): AskedThread<Request> {
  const { name } = options;
  const worker = new Worker(options.file, {
    workerData: options.data,
    name,
    resourceLimits: {
      maxOldGenerationSizeMb: options.heapMbMax,
      maxYoungGenerationSizeMb: youngGenerationMb,
    },
  });
  const pending = new Map<number, Pending>();
  let nextId = 0;
  let ended: Error | undefined;
  let isClosing = false;
  const end = (error: Error) => {
    ended ??= error;
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
    if (!isClosing) options.onEnd(error);
    isClosing = true;
  };
  const hint =
    "restart the service, it goes on from its store; if it happens again, give it more memory";
  worker.on("message", (message: ThreadAnswer) => {
    const asked = pending.get(message.id);
    pending.delete(message.id);
    if ("value" in message) asked?.resolve(message.value as never);
    else asked?.reject(errorOf(message.failure));
  });
  worker.on("error", (cause) =>
    end(new ThreadEnded(`thread "${name}" failed: ${hint}`, { cause })),
  );
  worker.on("exit", () => end(new ThreadEnded(`thread "${name}" ended: ${hint}`)));
  return {
    ask: (request, transfer = []) =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) return reject(ended);
        if (pending.size >= pendingMax) {
          return reject(new RetryableError(`thread "${name}" has too much to do, try again`));
        }
        const id = nextId++;
        pending.set(id, { resolve, reject });
        worker.postMessage({ id, request }, [...transfer]);
      }),
    async close() {
      isClosing = true;
      await worker.terminate();
    },
  };
}

function errorOf({ message, kind, missing }: ThreadFailure): Error {
  if (kind === "missing" && missing !== undefined) return new MissingContent(missing);
  return kind === "bug" ? new AssertionFailure(message, {}) : new RetryableError(message);
}
