import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseEnv } from "node:util";
import { ConfigError } from "@sequorum/service";
import { parseChallengerConfig } from "../src/config.ts";

const example = parseEnv(readFileSync(new URL("../.env.example", import.meta.url), "utf8"));

test("the example configuration is complete and parses", () => {
  const folder = mkdtempSync(join(tmpdir(), "config-"));
  const file = join(folder, "file");
  writeFileSync(file, "");
  // Files and directories of the example are those of a deployment.
  const paths = Object.entries(example).map(([key, value]) => {
    if (key.endsWith("_FILE")) return [key, file];
    return [key, key.endsWith("_DIR") ? folder : value];
  });
  const config = parseChallengerConfig(Object.fromEntries(paths));
  assert.equal(config.operator, "a");
  assert.equal(Object.values(config).length, Object.keys(example).length);
  rmSync(folder, { recursive: true });
});

test("every problem of a configuration is named", () => {
  assert.throws(
    () => parseChallengerConfig({ CHALLENGER_GRPC_PORT: "70000" }),
    (error) =>
      error instanceof ConfigError &&
      /OPERATOR is required/.test(error.message) &&
      /GRPC_PORT must be/.test(error.message),
  );
});
