/** A thread that runs cases: every so-many-th of a seed, until it has run its share of programs. */
import { parentPort, workerData } from "node:worker_threads";
import { type CasePlan, concretize } from "./case.ts";
import { abandoned, type Coverage, count, observe, TooLong } from "./coverage.ts";
import { countPrograms, makeCase } from "./generate.ts";
import { type Difference, runCase, type Subjects } from "./run-case.ts";
import { shrink } from "./shrink.ts";
import { createModuleSubject, createOracleSubject } from "./subjects.ts";
import { encodeVector } from "./vector.ts";

/** What a thread is started with. */
export type FuzzSetup = {
  readonly seed: string;
  readonly firstCase: number;
  /** Distance between this thread's cases. */
  readonly step: number;
  readonly programs: number;
  readonly shrinkMs: number;
  /** The thread ends after so many differences. */
  readonly differencesMax: number;
};

/** A difference with the case that shows it, made small. */
export type FoundDifference = {
  readonly index: number;
  readonly difference: Difference;
  /** JSON of the vector. */
  readonly vector: string;
};

/** What a thread tells. */
export type FuzzMessage =
  | { readonly type: "progress"; readonly programs: number; readonly transactions: number }
  | { readonly type: "difference"; readonly found: FoundDifference }
  | { readonly type: "done"; readonly coverage: Coverage };

const progressEveryMs = 5_000;

/** Runs the share of one thread. */
export async function runShare(
  setup: FuzzSetup,
  tell: (message: FuzzMessage) => void,
): Promise<void> {
  const coverage: Coverage = new Map();
  const subjects = {
    oracle: createOracleSubject((vm) => observe(vm, coverage)),
    module: createModuleSubject(),
  };
  let [programs, transactions, left] = [0, 0, setup.programs];
  let differences = 0;
  let toldAt = Date.now();
  for (let index = setup.firstCase; left > 0; index += setup.step) {
    const plan = makeCase(setup.seed, index);
    const found = await runCase(concretize(plan), subjects).catch(tooLong);
    if (found === "tooLong") {
      count(coverage, abandoned);
      continue;
    }
    if (found !== undefined) {
      differences += 1;
      tell({ type: "difference", found: await describeSmall(index, plan, { ...setup, found }) });
      if (differences >= setup.differencesMax) break;
    }
    countFaults(plan, coverage);
    left -= countPrograms(plan);
    programs += countPrograms(plan);
    transactions += plan.blocks.reduce((sum, block) => sum + block.transactions.length, 0);
    if (Date.now() - toldAt < progressEveryMs && left > 0) continue;
    tell({ type: "progress", programs, transactions });
    [programs, transactions, toldAt] = [0, 0, Date.now()];
  }
  tell({ type: "done", coverage });
}

function tooLong(error: unknown): "tooLong" {
  if (error instanceof TooLong) return "tooLong";
  throw error;
}

/** The smallest case that still differs in the same kind of place. */
async function describeSmall(
  index: number,
  plan: CasePlan,
  { seed, shrinkMs, found }: { seed: string; shrinkMs: number; found: Difference },
): Promise<FoundDifference> {
  const subjects: Subjects = {
    oracle: createOracleSubject(() => {}),
    module: createModuleSubject(),
  };
  const kindOf = ({ where }: Difference) => where.replace(/0x[0-9a-f]+|\d+/g, "n");
  const stillDiffers = async (candidate: CasePlan) => {
    const difference = await runCase(concretize(candidate), subjects);
    return difference !== undefined && kindOf(difference) === kindOf(found);
  };
  const small = concretize(await shrink(plan, stillDiffers, Date.now() + shrinkMs));
  const difference = await runCase(small, subjects);
  const shown = difference ?? { ...found, where: `${found.where} (once only)` };
  const description = `Seed ${seed}, case ${index}, made small: ${shown.where}`;
  return { index, difference: shown, vector: encodeVector({ description, input: small }) };
}

function countFaults(plan: CasePlan, coverage: Coverage): void {
  for (const { damage, isSound } of plan.blocks.flatMap(({ transactions }) => transactions)) {
    if (!isSound)
      count(coverage, `fault ${damage.type === "none" ? "a wrong value" : damage.type}`);
  }
}

if (parentPort !== null) {
  const port = parentPort;
  await runShare(workerData as FuzzSetup, (message) => port.postMessage(message));
}
