/** A thread that runs test files: receives one at a time, answers its outcomes. */
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { createEngine, type EngineName } from "./engines.ts";
import type { Engine } from "./engine.ts";
import type { Outcome } from "./suite.ts";
import { suites } from "./suites.ts";
import { readVectors } from "./vectors.ts";

/** What a thread is started with. */
export type WorkerSetup = {
  /** The folder `ethereum-tests`. */
  readonly vectors: string;
  readonly engine: EngineName;
  /** Only tests whose file or name contains this. */
  readonly filter: string;
  /** Whether tests that take minutes are wanted. */
  readonly isPatient: boolean;
  /** Another module than the built one. */
  readonly moduleFile: string | undefined;
};

/** One file to run. */
export type FileRun = { readonly index: number; readonly suite: string; readonly file: string };

/** Runs one file; a test that throws is a failed one. */
export async function runFile(
  { suite: name, file }: Pick<FileRun, "suite" | "file">,
  { vectors, filter, isPatient }: WorkerSetup,
  engine: Engine,
): Promise<Outcome[]> {
  const suite = suites.find((candidate) => candidate.name === name);
  if (suite === undefined) throw new Error(`there is no suite ${name}`);
  const content = readVectors(join(vectors, suite.folder, file));
  const isWanted = (test: string) => `${file} ${test}`.includes(filter);
  const outcomes: Outcome[] = [];
  try {
    for await (const outcome of suite.run(content, { engine, isWanted, isPatient, file })) {
      outcomes.push(outcome);
    }
  } catch (error) {
    const actual = error instanceof Error ? (error.stack ?? error.message) : String(error);
    outcomes.push({
      name: "(the file's next test)",
      status: "failed",
      expected: "a result",
      actual,
    });
  }
  return outcomes;
}

if (parentPort !== null) {
  const port = parentPort;
  const setup = workerData as WorkerSetup;
  const engine = createEngine(setup.engine, setup.moduleFile);
  port.on("message", (run: FileRun) => {
    runFile(run, setup, engine)
      .then((outcomes) => port.postMessage(outcomes))
      .catch((error: unknown) => {
        throw error;
      });
  });
}
