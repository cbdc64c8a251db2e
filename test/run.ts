/**
 * `npm test`: every check and test of the repository, in order of what is quick to fail. `npm test -- unit sim` runs some of
 * the stages; the last line counts what ran.
 */
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

type Counts = { readonly passed: number; readonly failed: number; readonly skipped: number };
type Stage = { readonly name: string; readonly what: string; readonly run: () => Promise<Counts> };

const root = join(import.meta.dirname, "..");
const inWorkspaces = (pattern: string) => `{packages,services,infra}/*/test/${pattern}`;

const stages: readonly Stage[] = [
  { name: "lint", what: "protobuf and source style, types", run: lint },
  { name: "unit", what: "cores, codecs, properties", run: () => nodeTests(unitFiles(), 2) },
  { name: "contracts", what: "forge: unit, fuzz, invariants", run: contracts },
  {
    name: "sim",
    what: "protocols under simulation",
    run: () => nodeTests(files("test/sim/**/*.test.ts"), 2),
  },
  {
    name: "integration",
    what: "services with real NATS, Postgres and anvil",
    run: () =>
      nodeTests([...files(inWorkspaces("**/*.int.test.ts")), ...files("test/*/*.int.test.ts")], 1),
  },
  {
    name: "e2e",
    what: "five operators end to end",
    run: () => nodeTests(files("test/e2e/*.test.ts"), 1),
  },
];

process.exitCode = await main(process.argv.slice(2));

async function main(wanted: readonly string[]): Promise<number> {
  const unknown = wanted.find((name) => !stages.some((stage) => stage.name === name));
  if (unknown !== undefined || wanted.includes("--help")) {
    const list = stages.map(({ name, what }) => `  ${name.padEnd(12)} ${what}`).join("\n");
    process.stdout.write(`Usage: npm test [-- stage ...]\n\nStages:\n${list}\n`);
    return wanted.includes("--help") ? 0 : 1;
  }
  const selected = stages.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  let total: Counts = { passed: 0, failed: 0, skipped: 0 };
  const lines: string[] = [];
  for (const stage of selected) {
    process.stdout.write(`\n== ${stage.name}: ${stage.what}\n`);
    const startedAt = Date.now();
    const counts = await stage.run();
    total = add(total, counts);
    const seconds = ((Date.now() - startedAt) / 1_000).toFixed(1);
    lines.push(`${stage.name.padEnd(12)} ${seconds.padStart(6)} s  ${describe(counts)}`);
  }
  process.stdout.write(`\n${lines.join("\n")}\n\n${describe(total)}\n`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

async function lint(): Promise<Counts> {
  const commands: readonly (readonly [string, ...string[]])[] = [
    ["buf", "format", "--diff", "--exit-code"],
    ["buf", "lint"],
    ["buf", "breaking", "--against", ".git#ref=HEAD"],
    ["biome", "ci", "--diagnostic-level=error", "--max-diagnostics=40"],
    ["turbo", "run", "typecheck", "--output-logs=errors-only", "--no-update-notifier"],
  ];
  let counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const [file, ...args] of commands) {
    const { code } = await execute(file, args);
    process.stdout.write(`${code === 0 ? "ok" : "FAILED"}  ${file} ${args.join(" ")}\n`);
    counts = add(
      counts,
      code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 },
    );
  }
  return add(counts, await nodeTests(files("test/tidy/*.test.ts"), 1));
}

async function contracts(): Promise<Counts> {
  const { code, output } = await execute(process.execPath, ["contracts/scripts/test.ts"]);
  const matches = [...output.matchAll(/^forge: (\d+) passed, (\d+) failed, (\d+) skipped$/gm)];
  const [, passed, failed, skipped] = (matches.at(-1) ?? []).map(Number);
  const counts = { passed: passed ?? 0, failed: failed ?? 0, skipped: skipped ?? 0 };
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

function nodeTests(testFiles: string[], concurrency: number): Promise<Counts> {
  if (testFiles.length === 0) return Promise.resolve({ passed: 0, failed: 0, skipped: 0 });
  return new Promise((resolve, reject) => {
    const stream = run({ files: testFiles, concurrency, cwd: root });
    stream.on("test:summary", ({ file, counts }) => {
      if (file !== undefined) return;
      const failed = counts.tests - counts.passed - counts.skipped - counts.todo;
      resolve({ passed: counts.passed, failed, skipped: counts.skipped + counts.todo });
    });
    stream.on("error", reject);
    stream.compose(spec).pipe(process.stdout, { end: false });
  });
}

function unitFiles(): string[] {
  const integration = new Set(files(inWorkspaces("**/*.int.test.ts")));
  const inTest = files("test/engine-check/*.test.ts");
  return [
    ...files(inWorkspaces("**/*.test.ts")).filter((file) => !integration.has(file)),
    ...inTest,
  ];
}

function files(pattern: string): string[] {
  return globSync(pattern, { cwd: root })
    .sort()
    .map((file) => join(root, file));
}

function execute(file: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };
    const child = spawn(file, [...args], { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
      process.stdout.write(chunk);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", (error) => resolve({ code: 1, output: String(error) }));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

function add(a: Counts, b: Counts): Counts {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}

function describe({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
