// The whole service on real Postgres, NATS, anvil and the deployed contracts, through a proxy that misbehaves on command.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { SubmissionState } from "@sequorum/proto/proposer";
import { bytesToHex } from "@sequorum/protocol";
import { startAnvil } from "@sequorum/testkit/servers";
import { type L1Proxy, startL1Proxy } from "../../../test/e2e/faults/l1-proxy.ts";
import { Operator } from "./operator.ts";
import { activeEpoch, createPool, type Pool, type SignedBatch } from "./pool.ts";

let anvil: Awaited<ReturnType<typeof startAnvil>>;
let proxy: L1Proxy;
let pool: Pool;
let operator: Operator;
let miner: NodeJS.Timeout | undefined;
let last: SignedBatch | undefined;

before(async () => {
  anvil = await startAnvil({ args: ["--block-time", "1"] });
  pool = await createPool(anvil.url);
  proxy = await startL1Proxy({ upstream: anvil.url });
  await pool.rpc("evm_setIntervalMining", [0]);
  operator = await Operator.create(pool, { l1RpcUrl: proxy.url, member: 0 });
  await operator.start();
});
afterEach(() => {
  proxy.heal();
  mine();
});
after(async () => {
  stopMining();
  await operator?.dispose();
  await proxy?.stop();
  await anvil?.stop();
});

test("the first epoch is registered, then a batch, each with one transaction", async () => {
  mine();
  await operator.decide({ case: "epochKeySigned", value: pool.epoch() });
  last = await pool.batch(undefined);
  await operator.sign(last);
  await until(async () => (await pool.headIndex()) === 1n);
  assert.equal(await activeEpoch(pool), 1n);
  await reached("batch", 1n, SubmissionState.FINAL);
  await reached("epoch", 1n, SubmissionState.FINAL);
  assert.deepEqual(
    (await operator.transactions()).map(({ nonce }) => nonce),
    [0n, 1n],
  );
  const status = await operator.status();
  assert.deepEqual([bytesToHex(status.sender), status.nonce], [operator.sender, 2n]);
  assert.equal(await operator.ready(), true);
});

test("P6 a transaction that is not mined is replaced with higher fees, and posted once", async () => {
  stopMining();
  const impatient = { ...operator.config, feeBumpAfterMs: 300 };
  await restart(impatient);
  last = await pool.batch(last);
  await operator.sign(last);
  const before = (await operator.transactions()).length;
  await until(async () => (await operator.transactions()).length >= before + 3);
  mine();
  await reached("batch", 2n, SubmissionState.FINAL);
  assert.equal(await pool.headIndex(), 2n);
  const own = (await operator.transactions()).filter(({ owner }) => owner?.startsWith("batch:2:"));
  assert.deepEqual([...new Set(own.map(({ nonce }) => nonce))], [2n]);
  await restart({ ...operator.config, feeBumpAfterMs: 5_000 });
});

test("P8 a transaction that a reorg of three blocks takes out is sent again, the same bytes", async () => {
  last = await pool.batch(last);
  await operator.sign(last);
  await reached("batch", 3n, SubmissionState.MINED);
  stopMining();
  const mined = await transactionOf(3n);
  await pool.rpc("anvil_reorg", [3, []]);
  assert.equal(await pool.headIndex(), 2n, "the reorg took the batch out");
  await until(async () =>
    pool.rpc("eth_getTransactionByHash", [mined]).then((found) => found !== null),
  );
  mine();
  await reached("batch", 3n, SubmissionState.FINAL);
  assert.equal(await transactionOf(3n), mined);
});

test("P2 a node stopped between storing and sending sends the stored transaction after its restart", async () => {
  proxy.set({ failing: ["eth_sendRawTransaction"] });
  last = await pool.batch(last);
  await operator.sign(last);
  await reached("batch", 4n, SubmissionState.PREPARED);
  const stored = await transactionOf(4n);
  await operator.stop();
  proxy.heal();
  await operator.start();
  await reached("batch", 4n, SubmissionState.FINAL);
  assert.equal(await transactionOf(4n), stored);
  assert.equal(
    (await operator.transactions()).filter(({ owner }) => owner?.startsWith("batch:4:")).length,
    1,
  );
});

test("P2 a node whose transaction was mined while it was down recognises it", async () => {
  proxy.set({ loseAnswersTo: ["eth_sendRawTransaction"] });
  last = await pool.batch(last);
  await operator.sign(last);
  await until(async () => (await pool.headIndex()) === 5n);
  await operator.stop();
  proxy.heal();
  await operator.start();
  await reached("batch", 5n, SubmissionState.FINAL);
  assert.equal(
    (await operator.transactions()).filter(({ owner }) => owner?.startsWith("batch:5:")).length,
    1,
  );
});

test("an L1 that is down, slow and then behind only delays", async () => {
  proxy.set({ down: true });
  last = await pool.batch(last);
  await operator.sign(last);
  await until(async () => !(await operator.ready()));
  proxy.set({ down: false, delayMs: 150 });
  await until(() => operator.ready());
  proxy.set({ delayMs: 0, headFrozenAt: (await pool.client.getBlockNumber()) - 2n });
  await new Promise((resolve) => setTimeout(resolve, 300));
  proxy.heal();
  await reached("batch", 6n, SubmissionState.FINAL);
});

test("a transaction that the node lost is sent again", async () => {
  proxy.set({ swallowTransactions: true });
  last = await pool.batch(last);
  await operator.sign(last);
  await reached("batch", 7n, SubmissionState.SENT);
  assert.equal(await pool.headIndex(), 6n);
  proxy.heal();
  await reached("batch", 7n, SubmissionState.FINAL);
});

test("a competitor that posts first makes ours a cancelling transaction, and the nonce is not stuck", async () => {
  stopMining();
  last = await pool.batch(last);
  await operator.sign(last);
  await reached("batch", 8n, SubmissionState.SENT);
  const ours = await transactionOf(8n);
  // The competitor's block holds only its transaction: ours is dropped and comes back with the rebroadcast.
  await pool.rpc("anvil_dropTransaction", [ours]);
  const competing = pool.compete(last);
  await until(async () =>
    pool.rpc("txpool_status").then((status) => (status as { pending: string }).pending === "0x1"),
  );
  await pool.rpc("anvil_mine", ["0x1"]);
  await competing;
  await until(async () => (await operator.transactions()).some(({ is_cancel }) => is_cancel));
  mine();
  await reached("batch", 8n, SubmissionState.SUPERSEDED);
  last = await pool.batch(last);
  await operator.sign(last);
  await reached("batch", 9n, SubmissionState.FINAL);
  assert.equal(await pool.headIndex(), 9n);
});

test("P9 a batch that L1 refuses is reported to pos-consensus with the contract's error, and the next attempt is posted", async () => {
  const refused = await pool.batch(last, { queueFrom: 1n, queueTo: 1n });
  await operator.sign(refused);
  await until(async () => operator.refusals.length > 0);
  const digest = bytesToHex(refused.signed.header?.digest ?? new Uint8Array());
  assert.deepEqual(operator.refusals, [
    { type: "batchRefusal", index: 10n, attempt: 0, digest, code: "L1_QUEUE_FROM_MISMATCH" },
  ]);
  await reached("batch", 10n, SubmissionState.FAILED);
  last = await pool.batch(last, {}, 1);
  await operator.sign(last);
  await reached("batch", 10n, SubmissionState.FINAL);
});

test("P5 data that is not what the pool signed is not sent", async () => {
  const batch = await pool.batch(last);
  const digest = bytesToHex(batch.signed.header?.digest ?? new Uint8Array());
  await operator.sign({ ...batch, data: batch.data.with(0, 255) });
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal((await operator.submissions())[0]?.state, SubmissionState.FRESH);
  operator.batches.set(digest, batch);
  await reached("batch", 11n, SubmissionState.FINAL);
  last = batch;
});

test("P7 the third in the posting order posts only when those before it did not", async () => {
  const batch = await pool.batch(last);
  const { posterOrder } = batch.signed;
  batch.signed.posterOrder = [1, 2, 0, 3].map((i) => posterOrder[i] ?? new Uint8Array());
  const signedAtBlock = await pool.client.getBlockNumber();
  await operator.sign(batch);
  await reached("batch", 12n, SubmissionState.MINED);
  const receipt = await pool.client.getTransactionReceipt({ hash: await transactionOf(12n) });
  assert.ok(
    receipt.blockNumber >= signedAtBlock + 4n,
    "after two blocks for each of the two before",
  );
});

/** A block every 100 ms. */
function mine(): void {
  miner ??= setInterval(() => void pool.rpc("anvil_mine", ["0x1"]).catch(() => undefined), 100);
}

function stopMining(): void {
  clearInterval(miner);
  miner = undefined;
}

async function restart(config: Operator["config"]): Promise<void> {
  await operator.stop();
  Object.assign(operator.config, config);
  await operator.start();
}

async function reached(kind: string, subject: bigint, state: SubmissionState): Promise<void> {
  const order: readonly SubmissionState[] = [
    SubmissionState.FRESH,
    SubmissionState.PREPARED,
    SubmissionState.SENT,
    SubmissionState.MINED,
    SubmissionState.FINAL,
  ];
  let seen: SubmissionState | undefined;
  await until(
    async () => {
      seen = (await operator.submissions()).find(
        (s) => s.kind === kind && s.subject === subject,
      )?.state;
      if (seen === undefined) return false;
      return (
        seen === state || (order.includes(state) && order.indexOf(seen) > order.indexOf(state))
      );
    },
    () => `${kind} ${subject} is in state ${seen}, wanted ${state}`,
  );
}

async function transactionOf(subject: bigint) {
  const found = (await operator.submissions()).find(
    (s) => s.kind === "batch" && s.subject === subject,
  );
  return bytesToHex(found?.l1TxHash ?? new Uint8Array());
}

async function until(
  holds: () => Promise<boolean>,
  what: () => string = () => "the condition holds in time",
): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    assert.deepEqual(operator.failures, [], "the service did not fail");
    assert.ok(Date.now() < deadline, what());
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
