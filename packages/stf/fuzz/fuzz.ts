/** Fuzzing on several threads. */
import { Worker } from "node:worker_threads";
import { type Coverage, count } from "./coverage.ts";
import type { FoundDifference, FuzzMessage, FuzzSetup } from "./fuzz-worker.ts";

/** What a run was asked. */
export type FuzzOptions = Omit<FuzzSetup, "step" | "firstCase"> & {
  readonly firstCase?: number;
  readonly workers: number;
};

/** What a run did. */
export type FuzzResult = {
  readonly programs: number;
  readonly transactions: number;
  readonly differences: readonly FoundDifference[];
  readonly coverage: Coverage;
};

/** Runs programs on both; `tell` hears of everything as it happens. */
export async function fuzz(
  options: FuzzOptions,
  tell: (message: FuzzMessage) => void = () => {},
): Promise<FuzzResult> {
  const coverage: Coverage = new Map();
  const differences: FoundDifference[] = [];
  let [programs, transactions] = [0, 0];
  const hear = (message: FuzzMessage) => {
    tell(message);
    if (message.type === "progress") {
      programs += message.programs;
      transactions += message.transactions;
    } else if (message.type === "difference") {
      differences.push(message.found);
    } else {
      for (const [name, times] of message.coverage) count(coverage, name, times);
    }
  };
  const { workers, firstCase = 0, ...rest } = options;
  const share = Math.ceil(options.programs / workers);
  const runs = Array.from({ length: workers }, (_, i) =>
    runWorker({ ...rest, programs: share, firstCase: firstCase + i, step: workers }, hear),
  );
  await Promise.all(runs);
  return { programs, transactions, differences, coverage };
}

function runWorker(setup: FuzzSetup, hear: (message: FuzzMessage) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("fuzz-worker.ts", import.meta.url), { workerData: setup });
    worker.on("message", hear);
    worker.on("error", reject);
    worker.on("exit", () => resolve());
  });
}
