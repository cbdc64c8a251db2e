/**
 * Key generation and signing of a whole pool under simulation. SIM_SEED=<n> replays one seed, SIM_RUNS=<n> runs more:
 * `SIM_SEED=7 node --test test/sim/ceremonies/ceremonies.sim.test.ts`.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createPrng } from "@sequorum/testkit";
import { actors, equivocator, falseAccuser } from "./actors.ts";
import { CeremonyWorld, type WorldOptions } from "./ceremony-world.ts";

const seeds =
  process.env["SIM_SEED"] === undefined
    ? Array.from({ length: Number(process.env["SIM_RUNS"] ?? 4) }, (_, i) => i + 1)
    : [Number(process.env["SIM_SEED"])];

/** Runs until batches are signed and posted; a failure names the seed. */
function run(options: WorldOptions, { batches = 2n, withinMs = 180_000 } = {}): CeremonyWorld {
  const world = new CeremonyWorld(options);
  const done = world.runUntil(() => world.pool.state.batches.postedIndex >= batches, withinMs);
  const failures = world.pool.decided("ceremonyFailed").map(({ code }) => code);
  const attempts = world.pool.decided("signingSessionClosed").map(({ signed }) => signed);
  assert.ok(
    done,
    `SIM_SEED=${options.seed}: no ${batches} batches; ceremonies ${failures}; attempts ${attempts}`,
  );
  world.check();
  return world;
}

const summary = (world: CeremonyWorld) =>
  JSON.stringify(world.pool.decisions, (_, v) => (typeof v === "bigint" ? `${v}` : v));

test("an honest pool makes its key at the first attempt, proves it, and signs every batch at the first attempt", () => {
  const world = run({ n: 4, seed: 1 });
  assert.equal(world.pool.decided("ceremonyFailed").length, 0);
  assert.equal(world.pool.decided("ceremonyComplaintRaised").length, 0);
  assert.ok(world.pool.decided("signingSessionClosed").every(({ signed }) => signed));
  assert.equal(world.pool.decided("epochKeySigned").length, 1);
});

test("the same seed gives the same decisions", () => {
  const options = { n: 3, seed: 42, lossProbability: 0.05, crashProbability: 0.01 };
  assert.equal(summary(run(options, { batches: 1n })), summary(run(options, { batches: 1n })));
});

for (const actor of actors) {
  test(`one member of five is Byzantine (${actor.name}): there are a key and signed batches, and no honest member is blamed`, () => {
    const place = createPrng(actor.name).integer(0, 4);
    const world = run({ n: 5, seed: 3, byzantine: new Map([[place, actor]]) });
    const byzantine = world.signers[place]?.address;
    for (const { culprits } of world.pool.decided("ceremonyFailed"))
      assert.deepEqual(culprits, [byzantine]);
    for (const { culprits } of world.pool.decided("signingSessionClosed")) {
      assert.ok(
        culprits.every((culprit) => culprit === byzantine),
        "only the Byzantine member is convicted",
      );
    }
  });
}

test("two members of seven are Byzantine (a false accuser and an equivocating signer): keys and batches go on", () => {
  const byzantine = new Map([
    [2, falseAccuser],
    [5, equivocator],
  ]);
  const world = run({ n: 7, seed: 11, byzantine });
  const guilty = [...byzantine.keys()].map((place) => world.signers[place]?.address);
  for (const { culprits } of [
    ...world.pool.decided("ceremonyFailed"),
    ...world.pool.decided("signingSessionClosed"),
  ]) {
    assert.ok(
      culprits.every((culprit) => guilty.includes(culprit)),
      "only Byzantine members are convicted",
    );
  }
});

for (const seed of seeds) {
  test(`messages are lost, doubled and reordered, and members crash: keys and batches go on (seed ${seed})`, () => {
    const world = run(
      { n: 4, seed, lossProbability: 0.05, crashProbability: 0.02 },
      { withinMs: 400_000 },
    );
    assert.ok(world.pool.state.keys.active !== null);
  });
}
