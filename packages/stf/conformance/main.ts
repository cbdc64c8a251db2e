/** `npm run conformance`: the suites of the shared test data against the module. `--help` lists the flags. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { buildModule } from "../scripts/build.ts";
import type { EngineName } from "./engines.ts";
import {
  count,
  countBySuite,
  describeCounts,
  describeExclusions,
  describeFailure,
} from "./report.ts";
import { defaultWorkers, type FileOutcome, runFiles } from "./run-files.ts";
import { suites } from "./suites.ts";
import { findVectors, listFiles } from "./vectors.ts";

const usage = `Usage: npm run conformance [-- flags]

  --suite NAME       only this suite: ${suites.map(({ name }) => name).join(", ")}; may be repeated
  --filter TEXT      only tests whose file or name contains the text
  --json FILE        writes every outcome to the file
  --list-excluded    names the excluded tests below each reason
  --failures N       shows at most so many failures (default 50)
  --workers N        threads (default: the machine's processors, at most 8)
  --patient          also runs tests that take minutes
  --module FILE      another module than the built one
  --engine NAME      module (default), or oracle: the runner itself against ethereumjs

The data is looked for in ../shared/conformance, or in SEQUORUM_VECTORS.
`;

const flags = {
  suite: { type: "string", multiple: true, default: [] as string[] },
  filter: { type: "string", default: "" },
  json: { type: "string", default: "" },
  "list-excluded": { type: "boolean", default: false },
  failures: { type: "string", default: "50" },
  workers: { type: "string", default: String(defaultWorkers()) },
  engine: { type: "string", default: "module" },
  patient: { type: "boolean", default: false },
  module: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({ options: flags });
  const selected = suites.filter(
    ({ name }) => values.suite.length === 0 || values.suite.includes(name),
  );
  const isUnknown = selected.length < new Set(values.suite).size || selected.length === 0;
  if (values.help || isUnknown || !["module", "oracle"].includes(values.engine)) {
    process.stdout.write(usage);
    return values.help ? 0 : 1;
  }
  const vectors = findVectors(process.env["SEQUORUM_VECTORS"]);
  if (vectors === undefined) {
    process.stdout.write(
      "SKIPPED: the conformance data is absent (SEQUORUM_VECTORS names its folder)\n",
    );
    return 0;
  }
  const files = selected.flatMap(({ name, folder }) =>
    listFiles(vectors, folder).map((file) => ({ suite: name, file })),
  );
  const startedAt = Date.now();
  if (values.engine === "module" && values.module === undefined) await buildModule();
  const setup = {
    vectors,
    engine: values.engine as EngineName,
    filter: values.filter,
    isPatient: values.patient,
    moduleFile: values.module,
  };
  const outcomes = await runFiles(files, setup, Number(values.workers));
  if (values.json !== "") writeFileSync(values.json, `${JSON.stringify(outcomes, null, 1)}\n`);
  const names = selected.map(({ name }) => name);
  report(outcomes, names, {
    isNaming: values["list-excluded"],
    failuresMax: Number(values.failures),
  });
  process.stdout.write(`${((Date.now() - startedAt) / 1_000).toFixed(1)} s\n`);
  return outcomes.some(({ status }) => status === "failed") ? 1 : 0;
}

function report(
  outcomes: readonly FileOutcome[],
  names: readonly string[],
  { isNaming, failuresMax }: { isNaming: boolean; failuresMax: number },
): void {
  const failures = outcomes.filter(({ status }) => status === "failed");
  const lines = failures.slice(0, failuresMax).map(describeFailure);
  if (failures.length > failuresMax)
    lines.push(`... and ${failures.length - failuresMax} more failures`);
  lines.push(...describeExclusions(outcomes, isNaming));
  for (const [name, counts] of countBySuite(names, outcomes))
    lines.push(describeCounts(name, counts));
  lines.push(describeCounts("all", count(outcomes)));
  process.stdout.write(`${lines.join("\n")}\n`);
}
