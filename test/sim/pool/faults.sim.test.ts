/**
 * Random faults on the pool, from a seed: one hostile member that says anything, others that come and go, services
 * that misbehave. The invariants Q0 to Q10 are checked on every block by the world; here follow liveness, and that
 * one seed gives one trace. `SIM_SEED=7` replays one seed, `SIM_RUNS=200` runs more.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Hex } from "@sequorum/protocol";
import { createPrng } from "@sequorum/testkit";
import { hashState } from "../../../services/pos-consensus/src/core/pool/canonical.ts";
import { PoolWorld } from "../../../services/pos-consensus/src/testing/pool-world.ts";
import { hostilePayload } from "./actors.ts";

const runs = Number(process.env["SIM_RUNS"] ?? 6);
const only = process.env["SIM_SEED"];
const seeds = only === undefined ? Array.from({ length: runs }, (_, i) => i + 1) : [Number(only)];

const faultyMs = 40_000;

/** Runs faults for a while, then heals everything but the hostile member. */
function runFaults(seed: number): { readonly world: PoolWorld; readonly hostile: Hex } {
  const prng = createPrng(seed);
  const stakes = prng.pick([
    [20, 20, 20, 20],
    [20, 20, 20, 20, 20],
    [30, 25, 20, 20, 20, 20],
  ]);
  const world = new PoolWorld(stakes, {
    batchAgeMsMax: 3_000,
    termSpanBlocks: prng.integer(2, 20),
  });
  const hostile = prng.integer(0, stakes.length - 1);
  const end = world.nowMs + faultyMs;
  while (world.nowMs < end) {
    if (prng.chance(0.3)) world.inject(hostile, hostilePayload(world.state, prng));
    if (prng.chance(0.03))
      toggleFault(world, prng.integer(0, stakes.length - 1), prng.fork(String(world.nowMs)));
    world.step();
  }
  for (const node of world.nodes) {
    node.isUp = true;
    node.isSilentLeader = false;
    node.signer.faults.silentInSigning = false;
    node.signer.faults.wrongSignatureShares = false;
    node.batcher.faults.silent = false;
  }
  world.l1.isAccepting = true;
  return { world, hostile: world.node(hostile).member.address };
}

function toggleFault(world: PoolWorld, index: number, prng: ReturnType<typeof createPrng>): void {
  const node = world.node(index);
  const fault = prng.integer(0, 5);
  if (fault === 0) node.isUp = !node.isUp;
  if (fault === 1) node.isSilentLeader = !node.isSilentLeader;
  if (fault === 2) node.signer.faults.silentInSigning = node.signer.faults.silentInSigning !== true;
  if (fault === 3)
    node.signer.faults.wrongSignatureShares = node.signer.faults.wrongSignatureShares !== true;
  if (fault === 4) node.batcher.faults.silent = node.batcher.faults.silent !== true;
  if (fault === 5) world.l1.isAccepting = !world.l1.isAccepting;
}

for (const seed of seeds) {
  test(`seed ${seed}: Q0 Q1 Q2 Q3 Q4 Q5 Q6 Q7 Q8 Q9 Q10 hold under faults, and the pool recovers`, () => {
    const { world, hostile } = runFaults(seed);
    const { postedIndex } = world.state.batches;
    const recovered = world.runUntil(
      () => world.state.batches.postedIndex >= postedIndex + 2n,
      240_000,
    );
    assert.ok(recovered, `seed ${seed}: posts no batches; replay with SIM_SEED=${seed}`);
    const posted = world.decided("batchPosted").map(({ index }) => index);
    assert.deepEqual(
      posted,
      posted.map((_, i) => BigInt(i + 1)),
      "Q3 posted without gap",
    );
    // The hostile member may publish its own commitments again: it harms nobody but itself.
    const used = world
      .decided("signingSessionOpened")
      .flatMap(({ roster }) =>
        roster.filter(({ member }) => member !== hostile).map(({ hiding }) => hiding),
      );
    assert.equal(new Set(used).size, used.length, "Q5 a commitment is used once");
  });
}

test("one seed, one trace: the pool itself has no randomness", () => {
  // Keys and nonces of the signers are random, so what is compared is a pool without signers' success.
  const traceOf = () => {
    const world = new PoolWorld([20, 20, 20, 20]);
    for (const { signer } of world.nodes) signer.faults.silentInRound1 = true;
    const prng = createPrng(11);
    for (let i = 0; i < 150; i++) {
      if (prng.chance(0.3)) world.inject(1, hostilePayload(world.state, prng));
      world.step();
    }
    return hashState(world.state);
  };
  assert.equal(traceOf(), traceOf());
});
