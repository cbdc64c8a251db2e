import assert from "node:assert/strict";
import { test } from "node:test";
import { calmLink, createPrng, createSimNetwork, createVirtualClock } from "../src/index.ts";

test("equal seeds give equal sequences, forks are independent of what was drawn before", () => {
  const draw = (seed: string) => Array.from({ length: 5 }, createPrng(seed).next);
  assert.deepEqual(draw("a"), draw("a"));
  assert.notDeepEqual(draw("a"), draw("b"));
  const [one, two] = [createPrng(1), createPrng(1)];
  one.next();
  assert.equal(one.fork("x").next(), two.fork("x").next());
});

test("integers cover their range evenly", () => {
  const prng = createPrng("range");
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 4_000; i++) {
    const value = prng.integer(0, 3);
    counts[value] = (counts[value] ?? 0) + 1;
  }
  for (const count of counts) assert.ok(count > 850 && count < 1_150, String(counts));
  assert.deepEqual(prng.shuffle([1, 2, 3, 4]).sort(), [1, 2, 3, 4]);
});

test("events happen in order of time, then of scheduling", () => {
  const clock = createVirtualClock();
  const seen: string[] = [];
  const prng = createPrng("clock");
  const times = Array.from({ length: 200 }, () => prng.integer(0, 50));
  for (const [i, time] of times.entries()) clock.schedule(time, () => seen.push(`${time}/${i}`));
  clock.run(100);
  const expected = times
    .map((time, i) => ({ time, i }))
    .sort((a, b) => a.time - b.time || a.i - b.i);
  assert.deepEqual(
    seen,
    expected.map(({ time, i }) => `${time}/${i}`),
  );
  assert.equal(clock.nowMs(), 100);
});

test("a run stops when its condition holds", () => {
  const clock = createVirtualClock();
  let count = 0;
  const tick = (): void => {
    count += 1;
    clock.schedule(10, tick);
  };
  tick();
  assert.equal(
    clock.run(1_000, () => count === 5),
    true,
  );
  assert.equal(clock.nowMs(), 40);
  assert.equal(
    clock.run(60, () => false),
    false,
  );
});

test("a network loses, duplicates and cuts messages as told", () => {
  const clock = createVirtualClock();
  const arrived: string[] = [];
  const network = createSimNetwork<string>({
    clock,
    prng: createPrng("network"),
    conditions: calmLink,
    deliver: (from, to, message) => arrived.push(`${from}${to}${message}`),
  });
  network.send("a", "b", "1");
  clock.run(100);
  assert.deepEqual(arrived.splice(0), ["ab1"]);
  network.partition([["a"], ["b"]]);
  network.send("a", "b", "2");
  clock.run(200);
  assert.deepEqual(arrived, []);
  network.partition(undefined);
  network.send("a", "b", "3");
  network.partition([["a", "c"], ["b"]]);
  clock.run(300);
  assert.deepEqual(arrived, [], "a partition cuts messages on their way");
  network.partition(undefined);
  network.setConditions({ ...calmLink, duplicateProbability: 1 });
  network.send("a", "b", "4");
  clock.run(400);
  assert.deepEqual(arrived.splice(0), ["ab4", "ab4"]);
  network.setConditions({ ...calmLink, lossProbability: 1 });
  network.send("a", "b", "5");
  clock.run(500);
  assert.deepEqual(arrived, []);
});
