/**
 * The Ethereum test suites against the module: all of them, which takes half a minute on two cores. Without the data
 * (SEQUORUM_VECTORS, or ../shared/conformance beside the repository) they are skipped.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { count, describeCounts, describeFailure } from "../conformance/report.ts";
import { runFiles } from "../conformance/run-files.ts";
import { suites } from "../conformance/suites.ts";
import { findVectors, listFiles } from "../conformance/vectors.ts";
import { buildModule } from "../scripts/build.ts";

/** Fewer would mean that the data was not found or not understood. */
const passedMin: Readonly<Record<string, number>> = {
  GeneralStateTests: 13_822,
  BlockchainTests: 308,
  TransactionTests: 210,
  RLPTests: 55,
  TrieTests: 25,
};
const shownMax = 10;

const vectors = findVectors(process.env["SEQUORUM_VECTORS"]);
const skip = vectors === undefined ? "the conformance data is absent" : false;
if (vectors !== undefined) await buildModule();

for (const { name, folder } of suites) {
  test(`the module passes ${name}`, { skip }, async (t) => {
    assert.ok(vectors !== undefined);
    const files = listFiles(vectors, folder).map((file) => ({ suite: name, file }));
    const setup = {
      vectors,
      engine: "module" as const,
      filter: "",
      isPatient: false,
      moduleFile: undefined,
    };
    const outcomes = await runFiles(files, setup, name === "GeneralStateTests" ? 2 : 1);
    const failed = outcomes.filter(({ status }) => status === "failed");
    assert.deepEqual(failed.slice(0, shownMax).map(describeFailure), []);
    const counts = count(outcomes);
    t.diagnostic(describeCounts(name, counts));
    assert.ok(counts.passed >= (passedMin[name] ?? 1), `only ${counts.passed} tests passed`);
  });
}
