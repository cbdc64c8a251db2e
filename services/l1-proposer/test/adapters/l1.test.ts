import assert from "node:assert/strict";
import { test } from "node:test";
import type { L1Client } from "@sequorum/l1";
import type { NetworkConfig } from "@sequorum/protocol";
import { observeL1 } from "../../src/adapters/l1.ts";

const sender = `0x${"11".repeat(20)}` as const;
const network = { contracts: { rollupChain: sender, epochRegistry: sender } } as NetworkConfig;

/** A node whose head moves to the next of `heads` with every look at it; the last one stays. */
function movingNode(...heads: readonly bigint[]) {
  const left = [...heads];
  const readAt: bigint[] = [];
  const client = {
    getBlock: async () => {
      const number = left.length > 1 ? left.shift() : left[0];
      return { number, hash: `0x${number}`, baseFeePerGas: 7n };
    },
    getTransactionCount: async ({ blockNumber }: { blockNumber: bigint }) => {
      readAt.push(blockNumber);
      return 5;
    },
    getBalance: async () => 1n,
    readContract: async ({ functionName }: { functionName: string }) =>
      functionName === "head" ? { index: 3n } : 2n,
    estimateMaxPriorityFeePerGas: async () => 1n,
  } as unknown as L1Client;
  return { observe: observeL1(client, network, sender), readAt };
}

test("an observation is read at the newest block, once while the head stands still", async () => {
  const { observe, readAt } = movingNode(8n);
  const { view } = await observe([]);
  assert.deepEqual(
    [view.block, view.nonce, view.headIndex, view.activeEpoch, view.baseFeeWei],
    [8n, 5, 3n, 2n, 7n],
  );
  assert.deepEqual(readAt, [8n]);
});

test("when the head moved meanwhile the observation is read anew at the new head", async () => {
  const { observe, readAt } = movingNode(8n, 9n);
  const { view } = await observe([]);
  assert.equal(view.block, 9n);
  assert.deepEqual(readAt, [8n, 9n]);
});

test("a head that never stands still is observed all the same, at the third reading", async () => {
  const { observe, readAt } = movingNode(1n, 2n, 3n, 4n, 5n, 6n);
  assert.equal((await observe([])).view.block, 3n);
  assert.deepEqual(readAt, [1n, 2n, 3n]);
});
