#!/usr/bin/env node
// The npm `solc` behind the command line that forge expects: `--version` and `--standard-json` on stdin.
// Plain JavaScript on purpose: forge may be started from a shell whose node cannot run TypeScript.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(import.meta.url);
const args = process.argv.slice(2);

if (args.includes("--version")) {
  const { version } = require("solc/package.json");
  process.stdout.write(
    `solc, the solidity compiler commandline interface\nVersion: ${version}+npm\n`,
  );
} else if (args.includes("--standard-json")) {
  const roots = [process.cwd(), ...optionValues("--base-path"), ...optionValues("--include-path")];
  const solc = require("solc");
  const input = readFileSync(0, "utf8");
  process.stdout.write(solc.compile(input, { import: (name) => readImport(roots, name) }));
} else {
  process.stderr.write("solc.mjs supports only --version and --standard-json\n");
  process.exitCode = 1;
}

function optionValues(name) {
  return args.flatMap((argument, i) => (argument === name ? [args[i + 1]] : []));
}

function readImport(roots, name) {
  for (const root of roots) {
    try {
      return { contents: readFileSync(path.resolve(root, name), "utf8") };
    } catch {
      // not under this root
    }
  }
  return { error: `not found: ${name}` };
}
