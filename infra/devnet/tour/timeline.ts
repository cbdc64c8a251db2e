/** When each L2 height reached each confirmation level, watched from one operator's orderer. */
import { OrdererService } from "@sequorum/proto/orderer";
import { createGrpcClient, sleep } from "@sequorum/service";

/** Levels that are a height. */
export type Level = "soft" | "quorum" | "posted";

/** A running watch. Times are of `performance.now()`. */
export type Timeline = {
  /** When `height` had reached `level`; undefined when it has not. */
  reachedAtMs(level: Level, height: bigint): number | undefined;
  /** Newest height at `level`. */
  height(level: Level): bigint;
  stop(): void;
};

const pollMs = 15;

/** Starts watching. */
export function watchTimeline(ordererGrpcPort: number): Timeline {
  const client = createGrpcClient(OrdererService, `127.0.0.1:${ordererGrpcPort}`);
  const stopping = new AbortController();
  const steps: Record<Level, { height: bigint; atMs: number }[]> = {
    soft: [],
    quorum: [],
    posted: [],
  };

  function record(level: Level, height: bigint): void {
    const last = steps[level].at(-1);
    if (last === undefined || height > last.height)
      steps[level].push({ height, atMs: performance.now() });
  }

  async function follow(): Promise<void> {
    while (!stopping.signal.aborted) {
      const status = await client.getStatus({}, { timeoutMs: 2_000 }).catch(() => undefined);
      if (status !== undefined) {
        record("soft", status.head?.height ?? 0n);
        record("quorum", status.certifiedHeight);
        record("posted", status.safeHeight);
      }
      await sleep(pollMs, stopping.signal).catch(() => {});
    }
  }
  follow().finally(() => client.close());

  return {
    reachedAtMs: (level, height) => steps[level].find((step) => step.height >= height)?.atMs,
    height: (level) => steps[level].at(-1)?.height ?? 0n,
    stop: () => stopping.abort(),
  };
}
