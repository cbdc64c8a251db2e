/** `npm run fuzz`: random programs on the module and on its oracle. `--help` lists the flags. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { buildModule } from "../scripts/build.ts";
import { abandoned, describeCoverage, instructionsMax, unreached } from "./coverage.ts";
import { fuzz } from "./fuzz.ts";
import type { FoundDifference } from "./fuzz-worker.ts";
import { type Difference, runCase } from "./run-case.ts";
import { createModuleSubject, createOracleSubject } from "./subjects.ts";
import { decodeVector } from "./vector.ts";

const usage = `Usage: npm run fuzz [-- flags]

  --programs N        random programs to run (default 20000)
  --seed S            equal seeds give equal programs (default: the time)
  --first N           first case of the seed (default 0; a case has about 20 programs)
  --workers N         threads (default 1)
  --shrink-seconds N  time to make a case small that shows a difference (default 60)
  --replay FILE       runs a stored case instead
`;

const flags = {
  programs: { type: "string", default: "20000" },
  seed: { type: "string", default: String(Date.now()) },
  first: { type: "string", default: "0" },
  workers: { type: "string", default: "1" },
  "shrink-seconds": { type: "string", default: "60" },
  replay: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

const vectorsFolder = join(import.meta.dirname, "../test/vectors");
/** How often everything should be reached in a long run; short ones are not judged by it. */
const reachedMin = 10;
const differencesMax = 3;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({ options: flags });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  await buildModule();
  if (values.replay !== undefined) return replay(values.replay);
  const { seed } = values;
  const startedAt = Date.now();
  let [programs, saidAt] = [0, startedAt];
  const result = await fuzz(
    {
      seed,
      programs: Number(values.programs),
      firstCase: Number(values.first),
      workers: Number(values.workers),
      shrinkMs: Number(values["shrink-seconds"]) * 1_000,
      differencesMax,
    },
    (message) => {
      if (message.type === "difference") keep(seed, message.found);
      if (message.type !== "progress") return;
      programs += message.programs;
      if (Date.now() - saidAt < 30_000) return;
      saidAt = Date.now();
      process.stdout.write(`${rate(programs, startedAt)}\n`);
    },
  );
  const missing = unreached(result.coverage, reachedMin);
  process.stdout.write(
    [
      ...describeCoverage(result.coverage),
      `reached less than ${reachedMin} times: ${missing.length === 0 ? "nothing" : missing.join(", ")}`,
      `abandoned because a block or call took more than ${instructionsMax} instructions: ${result.coverage.get(abandoned) ?? 0} cases`,
      `seed ${seed}: ${rate(result.programs, startedAt)}, ${result.transactions} transactions, ${result.differences.length} differences`,
      "",
    ].join("\n"),
  );
  return result.differences.length === 0 ? 0 : 1;
}

function rate(programs: number, startedAt: number): string {
  const seconds = (Date.now() - startedAt) / 1_000;
  return `${programs} programs in ${seconds.toFixed(0)} s, ${Math.round(programs / seconds)} a second`;
}

function keep(seed: string, { index, difference, vector }: FoundDifference): void {
  mkdirSync(vectorsFolder, { recursive: true });
  const file = join(vectorsFolder, `seed-${seed.replace(/[^a-z0-9]/gi, "-")}-case-${index}.json`);
  writeFileSync(file, vector);
  process.stdout.write(
    `${describe(difference)}  npm run fuzz -- --replay ${relative(process.cwd(), file)}\n`,
  );
}

async function replay(file: string): Promise<number> {
  const { description, input } = decodeVector(readFileSync(file, "utf8"));
  const subjects = { oracle: createOracleSubject(() => {}), module: createModuleSubject() };
  const difference = await runCase(input, subjects);
  process.stdout.write(
    `${description}\n${difference === undefined ? "no difference" : describe(difference)}\n`,
  );
  return difference === undefined ? 0 : 1;
}

function describe({ where, expected, actual }: Difference): string {
  return `DIFFERENCE ${where}\n  expected ${expected.slice(0, 2_000)}\n  actual   ${actual.slice(0, 2_000)}\n`;
}
