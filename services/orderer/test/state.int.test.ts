/** What a node keeps of its states, and what it answers for those that it does not keep. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, afterEach, before, test } from "node:test";
import type { Hex } from "@sequorum/protocol";
import { type PostgresServer, startPostgres } from "@sequorum/testkit/servers";
import { writeBatch } from "../src/adapters/progress-store.ts";
import { StatePruned } from "../src/ports.ts";
import {
  addressOf,
  certifyHead,
  confirmOrigin,
  keyOf,
  startTerm,
  startTestNode,
  type TestNode,
  type TestNodeOptions,
  testNetwork,
  transfer,
  until,
} from "./network.ts";

const network = testNetwork(8, { blockIntervalMs: 100, uncertifiedBlocksMax: 200 });
const key = keyOf(60_001);
let postgres: PostgresServer;
before(async () => {
  postgres = await startPostgres();
});
after(() => postgres.stop());

const open = new Set<TestNode>();
afterEach(async () => {
  await Promise.allSettled([...open].map((each) => each.stop()));
  open.clear();
});

async function start(
  postgresUrl: string,
  config: TestNodeOptions["config"] = {},
): Promise<TestNode> {
  const node = await startTestNode({ network, key, postgresUrl, config });
  open.add(node);
  return node;
}

const at = (number: bigint) => ({ type: "number", number }) as const;
const receiver = (n: number): Hex => `0x${n.toString(16).padStart(40, "0")}`;

/** One block for each transfer, every one to another account. */
async function makeBlocks(node: TestNode, from: number, count: number): Promise<void> {
  for (let nonce = from; nonce < from + count; nonce++) {
    const height = node.position.headNumber;
    await node.pool.add(transfer(0, nonce, { to: receiver(1_000 + nonce), value: 7n }));
    await until(() => node.position.headNumber > height, "a block");
    await certifyHead(node, [node]);
  }
}

/** Tells the node, as the PoS chain would, that blocks are final. */
const finalize = (node: TestNode, lastBlock: bigint) =>
  node.store.transaction((tx) =>
    writeBatch(tx, { index: lastBlock, lastBlock, l1TxHash: undefined, isFinal: true }),
  );

test("O11 states that nobody needs go, the others stay whole, and blocks go on", async () => {
  const postgresUrl = await postgres.createDatabase();
  const first = await start(postgresUrl, { stateBlocksKeptMin: 3 });
  await confirmOrigin(first, 1n);
  await startTerm(first, 1n, first.self);
  await makeBlocks(first, 0, 12);
  const contents = async (node: TestNode) =>
    Number((await node.store.sql`select count(*)::int as n from contents`)[0]?.["n"]);
  await finalize(first, 6n);
  await first.stop();

  const node = await start(postgresUrl, { stateBlocksKeptMin: 3 });
  const before = await contents(node);
  await until(async () => (await contents(node)) < before, "something is pruned");
  const isGone = async (height: bigint) =>
    node.chain.account(receiver(1_000), at(height)).then(
      () => false,
      (error: unknown) => {
        assert.ok(error instanceof StatePruned, String(error));
        assert.deepEqual([error.height, error.keptFrom], [height, 6n]);
        return true;
      },
    );
  for (let height = 0n; height < 6n; height++) assert.ok(await isGone(height), `block ${height}`);
  assert.equal(await isGone(6n), false);
  await assert.rejects(node.chain.proof(receiver(1_000), [], at(5n)), StatePruned);
  await assert.rejects(node.calls.call({ to: receiver(1_000) }, at(5n)), StatePruned);
  // block 6 ran on the state of block 5
  const hashAt = async (height: bigint) =>
    (await node.chain.receipts((await node.reader.canonicalHash(height)) ?? "0x"))?.[0]
      ?.transactionHash ?? "0x";
  const options = { traceBytesMax: 1_000 };
  await assert.rejects(node.calls.traceTransaction(await hashAt(6n), options), StatePruned);
  const traced = await node.calls.traceTransaction(await hashAt(7n), options);
  assert.equal(traced?.type, "traced");
  for (let height = 6n; height <= 12n; height++) await checkState(node, height);
  assert.ok((await node.chain.block(at(1n))) !== undefined, "blocks themselves stay");
  await makeBlocks(node, 12, 2);
  await checkState(node, 14n);
  assert.deepEqual(node.failures, []);
});

test("O11 no state of a block that is not final goes, however few are to be kept", async () => {
  const postgresUrl = await postgres.createDatabase();
  const first = await start(postgresUrl, { stateBlocksKeptMin: 1 });
  await confirmOrigin(first, 1n);
  await startTerm(first, 1n, first.self);
  await makeBlocks(first, 0, 6);
  await first.stop();
  const node = await start(postgresUrl, { stateBlocksKeptMin: 1 });
  await new Promise((resolve) => setTimeout(resolve, 500)); // a run would have begun at once
  for (let height = 0n; height <= 6n; height++) await checkState(node, height);
});

/** Every account that a block's state has, and proofs of them. */
async function checkState(node: TestNode, height: bigint): Promise<void> {
  for (let i = 0; i < Number(height); i++) {
    const balance = await node.chain.account(receiver(1_000 + i), at(height));
    assert.equal(balance?.balanceWei, 7n, `account ${i} at ${height}`);
  }
  assert.equal(
    (await node.chain.account(receiver(1_000 + Number(height)), at(height)))?.balanceWei,
    0n,
  );
  const proof = await node.chain.proof(addressOf(keyOf(0)), [], at(height));
  assert.equal(proof?.nonce, height);
}

test("O12 after kill -9 every stored block has its state", async () => {
  const postgresUrl = await postgres.createDatabase();
  const args = [`${import.meta.dirname}/victim.ts`, postgresUrl];
  const victim = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let sealed = 0;
  for await (const line of createInterface({ input: victim.stdout })) {
    if (line.startsWith("sealed ")) sealed += 1;
    if (sealed >= 3) victim.kill("SIGKILL");
  }
  if (victim.exitCode === null && victim.signalCode === null) await once(victim, "exit");
  const node = await start(postgresUrl);
  const heights = (await node.reader.canonicalReferences(1n, 1_000)).map(({ height }) => height);
  assert.ok(heights.length >= 3);
  for (const height of heights) {
    const hash = await node.reader.canonicalHash(height);
    for (const { from } of (await node.reader.receipts(hash ?? "0x")) ?? []) {
      const account = await node.chain.account(from, at(height));
      assert.ok((account?.nonce ?? 0n) > 0n, `${from} at ${height}`);
    }
  }
});
