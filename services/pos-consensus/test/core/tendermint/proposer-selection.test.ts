import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  initialPriorities,
  nextPriorities,
  proposerAt,
} from "../../../src/core/tendermint/proposer-selection.ts";
import { validator } from "./core-driver.ts";

const sets = fc
  .array(fc.bigInt({ min: 1n, max: 10n ** 24n }), { minLength: 1, maxLength: 10 })
  .map((powers) => powers.map((power, i) => ({ address: validator(i), power })));

/** Proposers of round 0 over many heights. */
function proposersOf(
  validators: { readonly address: `0x${string}`; readonly power: bigint }[],
  heights: number,
) {
  let priorities = initialPriorities(validators);
  const proposers: string[] = [];
  for (let i = 0; i < heights; i++) {
    proposers.push(proposerAt(validators, priorities, 0));
    priorities = nextPriorities({ validators, priorities }, validators);
  }
  return proposers;
}

test("equal powers take turns", () => {
  const validators = [3, 1, 2].map((i) => ({ address: validator(i), power: 10n }));
  assert.deepEqual(proposersOf(validators, 6), [1, 2, 3, 1, 2, 3].map(validator));
});

test("turns are proportional to power, and spread", () => {
  const validators = [5n, 3n, 2n].map((power, i) => ({ address: validator(i), power }));
  const proposers = proposersOf(validators, 100);
  const counts = [0, 1, 2].map(
    (i) => proposers.filter((address) => address === validator(i)).length,
  );
  assert.deepEqual(counts, [50, 30, 20]);
  assert.deepEqual(proposers.slice(0, 10), proposers.slice(10, 20));
});

test("rounds of a height go through the same turns as heights", () => {
  fc.assert(
    fc.property(sets, fc.nat(20), (validators, round) => {
      const priorities = initialPriorities(validators);
      assert.equal(
        proposerAt(validators, priorities, round),
        proposersOf(validators, round + 1)[round],
      );
    }),
  );
});

test("over many heights nobody is off its share by more than one turn for each validator", () => {
  fc.assert(
    fc.property(sets, (validators) => {
      const heights = 200;
      const total = validators.reduce((sum, { power }) => sum + power, 0n);
      const proposers = proposersOf(validators, heights);
      for (const { address, power } of validators) {
        const turns = proposers.filter((proposer) => proposer === address).length;
        const share = Number((power * BigInt(heights) * 1_000n) / total) / 1_000;
        assert.ok(Math.abs(turns - share) <= validators.length, `${turns} turns, share ${share}`);
      }
    }),
    { numRuns: 50 },
  );
});

test("a newcomer, or who leaves and joins again, does not propose at once", () => {
  const old = [1, 2, 3].map((i) => ({ address: validator(i), power: 10n }));
  const joined = [{ address: validator(0), power: 10n }, ...old];
  const priorities = nextPriorities(
    { validators: old, priorities: initialPriorities(old) },
    joined,
  );
  for (let round = 0; round < 3; round++) {
    assert.notEqual(proposerAt(joined, priorities, round), validator(0));
  }
});

test("priorities stay within twice the total power of each other", () => {
  const whale = [
    { address: validator(0), power: 10n ** 12n },
    { address: validator(1), power: 1n },
  ];
  const priorities = [10n ** 15n, -(10n ** 15n)];
  const equal = whale.map(({ address }) => ({ address, power: 1n }));
  const [high = 0n, low = 0n] = nextPriorities({ validators: whale, priorities }, equal);
  assert.ok(high - low <= 6n, `${high} ${low}`);
});
