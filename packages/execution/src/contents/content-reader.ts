/** Starts the thread that reads contents, and opens channels to it. */
import { Worker } from "node:worker_threads";
import { RetryableError } from "@sequorum/service";
import { channelWords, type ContentChannel, createContentChannel } from "./content-channel.ts";

/** Where contents are: table `contents` of a schema. */
export type ContentReaderData = { readonly url: string; readonly schema: string };

/** The running thread. */
export type ContentReader = {
  /** A channel for one thread that executes. */
  open(): ContentChannel;
  /** The thread of the channel has ended. */
  close(channel: ContentChannel): void;
  stop(): Promise<void>;
};

/** Starts the thread; its unexpected end is told to `fail`. */
export function startContentReader(
  data: ContentReaderData,
  fail: (error: unknown) => void,
): ContentReader {
  const worker = new Worker(new URL("./content-reader-thread.ts", import.meta.url), {
    workerData: data,
    name: "contents",
    resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 },
  });
  const channels = new Set<ContentChannel>();
  let isStopping = false;
  const end = (cause?: unknown) => {
    if (isStopping) return;
    isStopping = true;
    const hint =
      "the thread that reads state ended: restart the service; it goes on from its store";
    fail(new RetryableError(hint, { cause }));
  };
  worker.on("error", end);
  worker.on("exit", () => end());
  const close = (channel: ContentChannel) => {
    channels.delete(channel);
    const words = new Int32Array(channel.memory, 0, 4);
    Atomics.store(words, channelWords.isClosed, 1);
    Atomics.notify(words, channelWords.asked);
    Atomics.notify(words, channelWords.answered);
  };
  return {
    open() {
      const channel = createContentChannel();
      channels.add(channel);
      worker.postMessage(channel);
      return channel;
    },
    close,
    async stop() {
      isStopping = true;
      for (const channel of channels) close(channel);
      await worker.terminate();
    },
  };
}
