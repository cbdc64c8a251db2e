import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ordererConfigKeys, parseOrdererConfig } from "../src/config.ts";

const example = readFileSync(new URL("../.env.example", import.meta.url), "utf8");
const entries = example
  .split("\n")
  .filter((line) => /^[A-Z]/.test(line))
  .map((line) => line.split("="));
const env = {
  ...Object.fromEntries(entries),
  ORDERER_NETWORK_FILE: import.meta.filename,
  ORDERER_KEYSTORE_DIR: import.meta.dirname,
  ORDERER_KEYSTORE_PASSWORD_FILE: import.meta.filename,
};

test("the example names every variable and is a usable configuration", () => {
  const variables = Object.values(ordererConfigKeys).map(({ variable }) => variable);
  assert.deepEqual(entries.map(([name]) => name).sort(), variables.sort());
  assert.equal(parseOrdererConfig(env).coinbase, null);
});

test("the example's optional values are the defaults", () => {
  for (const { variable, fallback, parse } of Object.values(ordererConfigKeys)) {
    const text = env[variable as keyof typeof env];
    if (fallback === undefined || text === "") continue;
    assert.equal(parse(text), fallback.value, variable);
  }
});

test("a wrong coinbase is refused", () => {
  assert.throws(
    () => parseOrdererConfig({ ...env, ORDERER_COINBASE: "0x12" }),
    /ORDERER_COINBASE must be a 20-byte address/,
  );
});
