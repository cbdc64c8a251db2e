/**
 * Random runs of whole networks. `SIM_SEED=17` replays one run, `SIM_RUNS=5000` does more of them.
 * A failed run prints its seed.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Rejection } from "../../../services/pos-consensus/src/core/tendermint/errors.ts";
import { checkLiveness, checkSafety } from "./checkers.ts";
import { describeScenario, drawScenario, type Run, runScenario } from "./scenario.ts";

const runs = Number(process.env["SIM_RUNS"] ?? 100);
const seeds =
  process.env["SIM_SEED"] === undefined
    ? Array.from({ length: runs }, (_, i) => i + 1)
    : [Number(process.env["SIM_SEED"])];

function runSeed(seed: number): Run {
  const scenario = drawScenario(seed);
  try {
    const run = runScenario(scenario);
    checkSafety(run);
    checkLiveness(run);
    return run;
  } catch (error) {
    throw new Error(`SIM_SEED=${seed} (${describeScenario(scenario)}): ${String(error)}`, {
      cause: error,
    });
  }
}

test("P1 P2 P5 P6 P7 validators agree, never contradict themselves and make progress", () => {
  const [codes, seen] = [new Set<Rejection["code"]>(), { doubleVotes: 0, rounds: 0, crashes: 0 }];
  for (const seed of seeds) {
    const run = runSeed(seed);
    for (const node of run.nodes.filter(({ isHonest }) => isHonest)) {
      for (const { code } of node.rejections) codes.add(code);
      seen.doubleVotes += node.doubleVotes.length;
      seen.rounds += node.disk.chain.filter(({ certificate }) => certificate.round > 0).length;
    }
  }
  if (seeds.length < 100) return;
  // The runs are only worth something if they reach the rules they are meant to test.
  assert.ok(seen.doubleVotes > 0, "double votes were seen");
  assert.ok(seen.rounds > 0, "blocks were decided in later rounds");
  assert.deepEqual([...codes].sort(), [
    "BLOCK_MALFORMED",
    "BLOCK_REJECTED",
    "CONFLICTING_PROPOSAL",
    "PROPOSAL_NOT_FRESH",
    "VALID_ROUND_NOT_EARLIER",
    "WRONG_PROPOSER",
  ]);
});

test("P8 the same seed gives the same trace", () => {
  for (const seed of seeds.slice(0, 5)) {
    assert.equal(runSeed(seed).traceHash, runSeed(seed).traceHash, `seed ${seed}`);
  }
});
