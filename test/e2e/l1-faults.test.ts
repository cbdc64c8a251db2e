/** Five operators whose L1 node goes down, is slow, stays behind and reorganises: the pool goes on and every batch is right. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Devnet, removeData, startDevnet } from "@sequorum/devnet";
import { developmentAccounts } from "@sequorum/devnet/development-accounts";
import { createPoolMonitor, type PoolMonitor } from "@sequorum/devnet/pool-status";
import { readPostedBatches } from "@sequorum/devnet/tour/posted-batches";
import { connectL2, type L2, type Wallet } from "@sequorum/devnet/tour/traffic";
import { createL1Client } from "@sequorum/l1";
import { type L1Proxy, startL1Proxy } from "./faults/l1-proxy.ts";

const directory = mkdtempSync(join(tmpdir(), "sequorum-l1-faults-"));
const portBase = 20_000 + Math.floor(Math.random() * 110) * 100; // below the ephemeral ports
const faultMs = 5_000;
let devnet: Devnet;
/** What a pool survives: the confirmation depth of two, and the two blocks that leaders stay behind it. */
const reorgBlocksMax = 4;
let proxy: L1Proxy;
let monitor: PoolMonitor;
let l2: L2;
let wallet: Wallet;
let pids: readonly number[];

describe("a pool of five operators behind an L1 node that misbehaves", { timeout: 300_000 }, () => {
  before(async () => {
    devnet = await startDevnet({
      operators: 5,
      split: false,
      dataDirectory: directory,
      reset: true,
      portBase,
      l1BlockSeconds: 1,
      logLevel: "info",
      parameters: { batchAgeMsMax: 2_000 },
      operatorsL1Url: async (upstream) => {
        proxy = await startL1Proxy({ upstream });
        return proxy.url;
      },
    });
    pids = processes();
    monitor = createPoolMonitor(devnet.operators);
    l2 = connectL2(
      devnet.network.l2ChainId,
      devnet.operators.map(({ rpcUrl }) => rpcUrl),
    );
    const account = developmentAccounts[8];
    assert.ok(account);
    wallet = await eventually("JSON-RPC", () => l2.wallet(account).catch(() => undefined));
    await postsAnotherBatch();
  });

  after(async () => {
    monitor?.close();
    await devnet?.stop();
    await proxy?.stop();
    removeData(directory);
  });

  const faults = [
    { name: "down for five seconds", begin: async () => proxy.set({ down: true }) },
    { name: "slow: half a second for each answer", begin: async () => proxy.set({ delayMs: 500 }) },
    {
      name: "behind: its head stands still for five seconds",
      begin: async () => proxy.set({ headFrozenAt: await l1Head() }),
    },
  ];
  for (const { name, begin } of faults) {
    test(`while L1 is ${name}, blocks are certified; afterwards batches are posted`, async () => {
      await begin();
      const endsAt = Date.now() + faultMs;
      while (Date.now() < endsAt) {
        await transferIsCertified();
        await delay(500);
      }
      proxy.heal();
      await postsAnotherBatch();
    });
  }

  test("when L1 replaces its three newest blocks, with a batch in the oldest of them, the batch is posted again", async () => {
    await transferIsCertified();
    const { newest, depth } = await eventually("a batch with two blocks on top", async () => {
      const [last] = (await posted()).slice(-1);
      if (last === undefined) return false;
      const blocks = Number((await l1Head()) - (await l1BlockOf(last.l1TxHash))) + 1;
      if (blocks > reorgBlocksMax) await transferIsCertified(); // too deep by now: cause another
      return blocks >= 3 && blocks <= reorgBlocksMax && { newest: last, depth: blocks };
    });
    await reorg(depth);
    assert.ok(
      (await posted()).every(({ l1TxHash }) => l1TxHash !== newest.l1TxHash),
      "it was taken back",
    );
    await transferIsCertified();
    await eventually("the batch again", async () =>
      (await posted()).some(({ index }) => index === newest.index),
    );
    await postsAnotherBatch();
  });

  test("after all of it every operator still runs, every challenger has verified every batch, and there is no alarm", async () => {
    await eventually("the challengers", async () => {
      const { postedHead } = await readPostedBatches(devnet.l1Url, devnet.network);
      const { operators } = await monitor.poll();
      return operators.every(({ verified }) => Number(verified ?? 0n) >= postedHead);
    });
    const { operators } = await monitor.poll();
    assert.deepEqual(
      operators.map(({ alarms }) => alarms),
      [0, 0, 0, 0, 0],
    );
    assert.deepEqual(processes(), pids, `a process was restarted:\n${errorsInLogs()}`);
    const indices = (await posted()).map(({ index }) => index);
    assert.deepEqual(
      indices,
      indices.map((_, i) => i + 1),
      "the batches on L1 have no gap",
    );
  });
});

/** Sends a transfer and waits until an operator says that its block is certified. */
async function transferIsCertified(): Promise<void> {
  const { hash } = await wallet.send(
    "transfer",
    { to: wallet.address, valueWei: 1n, gas: 21_000n },
    0,
  );
  const receipt = await l2.receipt(hash);
  await eventually("the block to be certified", async () => {
    const { operators } = await monitor.poll();
    return operators.some(({ certified }) => (certified ?? 0n) >= receipt.blockNumber);
  });
}

/** Waits until L1 has a batch with a transfer that is sent now. */
async function postsAnotherBatch(): Promise<void> {
  const { hash } = await wallet.send(
    "transfer",
    { to: wallet.address, valueWei: 1n, gas: 21_000n },
    0,
  );
  const { blockNumber } = await l2.receipt(hash);
  await eventually("a batch with the transfer", async () => {
    const { postedHead } = await readPostedBatches(devnet.l1Url, devnet.network);
    return BigInt(postedHead) >= blockNumber;
  });
}

async function posted() {
  return (await readPostedBatches(devnet.l1Url, devnet.network)).batches;
}

function l1() {
  return createL1Client({ rpcUrl: devnet.l1Url, chainId: Number(devnet.network.l1ChainId) });
}

async function l1Head(): Promise<bigint> {
  return (await l1().getBlock({ blockTag: "latest" })).number;
}

async function l1BlockOf(hash: `0x${string}`): Promise<bigint> {
  return (await l1().getTransactionReceipt({ hash })).blockNumber;
}

async function reorg(depth: number): Promise<void> {
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "anvil_reorg",
    params: [depth, []],
  });
  const response = await fetch(devnet.l1Url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  const answer = (await response.json()) as { readonly error?: unknown };
  assert.equal(answer.error, undefined);
}

/** What operators logged as errors: why one ended. */
function errorsInLogs(): string {
  const { logs } = devnet.directories;
  const lines = devnet.operators.flatMap(({ name }) =>
    readFileSync(join(logs, `${name}.log`), "utf8").split("\n"),
  );
  return lines.filter((line) => /"level":(?:50|60)|^\S*Error/.test(line)).join("\n");
}

function processes(): number[] {
  return devnet.operators.flatMap((operator) => operator.processes().map(({ pid }) => pid));
}

/** Polls until the answer is neither false nor undefined. */
async function eventually<T>(
  what: string,
  ask: () => Promise<T | false | undefined>,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== false && answer !== undefined) return answer;
    assert.ok(Date.now() < deadline, `waited ${timeoutMs / 1_000} s for ${what}`);
    await delay(200);
  }
}
