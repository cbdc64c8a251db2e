/** The module against its oracle: every case that once showed a difference, and some thousand random programs. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { concretize } from "../fuzz/case.ts";
import { unreached } from "../fuzz/coverage.ts";
import { fuzz } from "../fuzz/fuzz.ts";
import { makeCase } from "../fuzz/generate.ts";
import { runCase } from "../fuzz/run-case.ts";
import { createModuleSubject, createOracleSubject } from "../fuzz/subjects.ts";
import { decodeVector, encodeVector } from "../fuzz/vector.ts";
import { buildModule } from "../scripts/build.ts";

const programs = 3_000;
const vectors = join(import.meta.dirname, "vectors");

await buildModule();

test("what once made a difference makes none", async () => {
  const subjects = { oracle: createOracleSubject(() => {}), module: createModuleSubject() };
  const files = globSync("*.json", { cwd: vectors });
  assert.ok(files.length > 0);
  for (const file of files) {
    const { input } = decodeVector(readFileSync(join(vectors, file), "utf8"));
    assert.equal(await runCase(input, subjects), undefined, file);
  }
});

test("random programs end alike on module and oracle", async (t) => {
  const result = await fuzz({
    seed: "test",
    programs,
    workers: 1,
    shrinkMs: 20_000,
    differencesMax: 1,
  });
  assert.deepEqual(result.differences, []);
  assert.ok(result.programs >= programs);
  assert.deepEqual(unreached(result.coverage, 1), [], "everything is reached");
  t.diagnostic(`${result.programs} programs in ${result.transactions} transactions`);
});

test("equal seeds make equal programs, other seeds make others", () => {
  const text = (seed: string) =>
    encodeVector({ description: "", input: concretize(makeCase(seed, 3)) });
  assert.equal(text("a"), text("a"));
  assert.notEqual(text("a"), text("b"));
});

test("a difference is seen", async () => {
  const oracle = createOracleSubject(() => {});
  const module = createModuleSubject();
  const input = concretize(makeCase("test", 0));
  const wrong = { ...module, build: () => new Error("planted") as never };
  const difference = await runCase(input, { oracle, module: wrong });
  assert.equal(difference?.actual.includes("planted"), true);
});
