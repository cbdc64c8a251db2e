// EIP-1559 offers and their raises.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bumpedFees, initialFees } from "../../src/core/fees.ts";

const policy = { maxFeePerGasWeiMax: 1_000n, priorityFeePerGasWeiMin: 3n, bumpPerMille: 125 };

test("a first offer is twice the base fee and the tip, within the cap", () => {
  const offer = initialFees({ baseFeeWei: 100n, priorityFeeWei: 1n }, policy);
  assert.deepEqual(offer, { maxFeePerGasWei: 203n, maxPriorityFeePerGasWei: 3n });
  const capped = initialFees({ baseFeeWei: 900n, priorityFeeWei: 5n }, policy);
  assert.deepEqual(capped, { maxFeePerGasWei: 1_000n, maxPriorityFeePerGasWei: 5n });
});

test("nothing is offered when the base fee is above the cap", () => {
  assert.equal(initialFees({ baseFeeWei: 998n, priorityFeeWei: 1n }, policy), undefined);
});

test("a raise follows the market when that went up by more", () => {
  const offer = bumpedFees(
    { maxFeePerGasWei: 20n, maxPriorityFeePerGasWei: 2n },
    { baseFeeWei: 100n, priorityFeeWei: 9n },
    policy,
  );
  assert.deepEqual(offer, { maxFeePerGasWei: 209n, maxPriorityFeePerGasWei: 9n });
});

test("P6 a raise is at least 12.5 % of both fees, within the cap, or none", () => {
  const wei = fc.bigInt({ min: 1n, max: 2_000n });
  fc.assert(
    fc.property(wei, wei, wei, wei, (fee, tip, baseFeeWei, priorityFeeWei) => {
      const last = { maxFeePerGasWei: fee, maxPriorityFeePerGasWei: tip < fee ? tip : fee };
      const raised = bumpedFees(last, { baseFeeWei, priorityFeeWei }, policy);
      if (raised === undefined) return assert.ok((fee * 9n + 7n) / 8n > policy.maxFeePerGasWeiMax);
      assert.ok(raised.maxFeePerGasWei * 8n >= last.maxFeePerGasWei * 9n);
      assert.ok(raised.maxPriorityFeePerGasWei * 8n >= last.maxPriorityFeePerGasWei * 9n);
      assert.ok(raised.maxFeePerGasWei <= policy.maxFeePerGasWeiMax);
      assert.ok(raised.maxPriorityFeePerGasWei <= raised.maxFeePerGasWei);
    }),
  );
});
