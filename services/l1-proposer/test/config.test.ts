// The example configuration is complete and in use.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseL1ProposerConfig, l1ProposerConfigKeys } from "../src/config.ts";

const file = new URL("../.env.example", import.meta.url);
const example = Object.fromEntries(
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => /^[A-Z]/.test(line))
    .map((line) => line.split(/=(.*)/s).slice(0, 2)),
) as Record<string, string>;

test("every key is in .env.example, and nothing else is", () => {
  const read = Object.values(l1ProposerConfigKeys).map(({ variable }) => variable);
  assert.deepEqual(Object.keys(example).sort(), read.sort());
});

test(".env.example is accepted and states the defaults", () => {
  const here = fileURLToPath(import.meta.url);
  const existing = {
    ...example,
    L1_PROPOSER_NETWORK_FILE: here,
    L1_PROPOSER_KEYSTORE_DIR: fileURLToPath(new URL(".", import.meta.url)),
    L1_PROPOSER_KEYSTORE_PASSWORD_FILE: here,
  };
  const config = parseL1ProposerConfig(existing);
  const optional = Object.values(l1ProposerConfigKeys).filter((key) => "fallback" in key);
  const without = Object.entries(existing).filter(
    ([key]) => !optional.some(({ variable }) => variable === key),
  );
  assert.deepEqual(parseL1ProposerConfig(Object.fromEntries(without)), config);
});
