/** Runs test files on worker threads and collects how every test ended. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Outcome } from "./suite.ts";
import type { FileRun, WorkerSetup } from "./worker.ts";

/** Which file of which suite. */
export type TestFile = { readonly suite: string; readonly file: string };
/** How one test ended, and where it is. */
export type FileOutcome = TestFile & Outcome;

/** Never more threads than this: a machine has other work. */
const workersMax = 8;

/** A sensible number of threads for this machine. */
export function defaultWorkers(): number {
  return Math.max(1, Math.min(workersMax, availableParallelism()));
}

/** Runs the files, each by the next thread that is free; outcomes arrive in order of files. */
export async function runFiles(
  files: readonly TestFile[],
  setup: WorkerSetup,
  workers: number,
): Promise<FileOutcome[]> {
  const results: FileOutcome[][] = files.map(() => []);
  let next = 0;
  const count = Math.min(workers, files.length);
  const takeNext = (): FileRun | undefined => {
    const index = next++;
    const testFile = files[index];
    return testFile === undefined ? undefined : { index, ...testFile };
  };
  const store = ({ index, suite, file }: FileRun, outcomes: readonly Outcome[]) => {
    results[index] = outcomes.map((outcome) => ({ suite, file, ...outcome }));
  };
  await Promise.all(Array.from({ length: count }, () => runWorker(setup, takeNext, store)));
  return results.flat();
}

function runWorker(
  setup: WorkerSetup,
  takeNext: () => FileRun | undefined,
  store: (run: FileRun, outcomes: readonly Outcome[]) => void,
): Promise<void> {
  const worker = new Worker(new URL("worker.ts", import.meta.url), { workerData: setup });
  return new Promise((resolve, reject) => {
    let current = takeNext();
    const hand = () => (current === undefined ? worker.terminate() : worker.postMessage(current));
    worker.on("message", (outcomes: readonly Outcome[]) => {
      if (current !== undefined) store(current, outcomes);
      current = takeNext();
      hand();
    });
    worker.on("error", (error) => reject(error));
    worker.on("exit", () => resolve());
    hand();
  });
}
