/** Five operators in real processes with real NATS, Postgres and anvil: the tour, crashes, outages. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Devnet, type Operator, removeData, startDevnet } from "@sequorum/devnet";
import { developmentAccounts } from "@sequorum/devnet/development-accounts";
import { createPoolMonitor, type PoolMonitor, type PoolStatus } from "@sequorum/devnet/pool-status";
import { readPostedBatches } from "@sequorum/devnet/tour/posted-batches";
import type { Report } from "@sequorum/devnet/tour/report";
import { runTour } from "@sequorum/devnet/tour/tour";
import {
  connectL2,
  type L2,
  type SentTransaction,
  type Wallet,
} from "@sequorum/devnet/tour/traffic";

const startedAtMs = Date.now();
const directory = mkdtempSync(join(tmpdir(), "sequorum-e2e-"));
const portBase = 20_000 + Math.floor(Math.random() * 110) * 100; // below the ephemeral ports
let devnet: Devnet;
let l2: L2;
let monitor: PoolMonitor;
let wallet: Wallet;

describe("a pool of five operators", { timeout: 900_000 }, () => {
  before(async () => {
    devnet = await startDevnet({
      operators: 5,
      split: false,
      dataDirectory: directory,
      reset: true,
      portBase,
      l1BlockSeconds: 1,
      logLevel: "info",
    });
    l2 = connectL2(
      devnet.network.l2ChainId,
      devnet.operators.map(({ rpcUrl }) => rpcUrl),
    );
    monitor = createPoolMonitor(devnet.operators);
  });

  after(async () => {
    monitor?.close();
    await devnet?.stop();
    removeData(directory);
  });

  test("the tour's transactions are ordered, certified, signed together, posted and verified", async () => {
    const jsonFile = join(directory, "report.json");
    const signal = AbortSignal.timeout(300_000);
    const { passed, summary } = await runTour(devnet, {
      startedAtMs,
      signal,
      note: () => {},
      jsonFile,
    });
    assert.ok(passed, summary);
    const report: Report = JSON.parse(readFileSync(jsonFile, "utf8"));
    assert.ok(report.transactions >= 200, `${report.transactions} transactions`);
    assert.ok(report.batches.length >= 3, `${report.batches.length} batches`);
    assert.equal(report.challengerHead, report.postedHead);
    wallet = await l2.wallet(account(8));
  });

  for (const role of ["leader", "follower"] as const) {
    test(`after kill -9 of a ${role} the pool goes on, and nothing acknowledged is lost`, async () => {
      const victim = await operatorInRole(role);
      const own = await connectL2(devnet.network.l2ChainId, [victim.rpcUrl]).wallet(
        account(role === "leader" ? 6 : 7),
      );
      const acknowledged = await Promise.all([1, 2, 3].map(() => transfer(own, victim.index)));
      await victim.kill();
      const survivor = devnet.operators.find(({ index }) => index !== victim.index);
      assert.ok(survivor);
      const meanwhile = await transfer(wallet, survivor.index);
      await settled([meanwhile], survivor.index);
      const certified = (await statusOf(survivor)).certified ?? 0n;
      await victim.start();
      await eventually("the restarted operator to catch up", async () => {
        const { certified: own, safe, posHeight } = await statusOf(victim);
        return (own ?? 0n) >= certified && (safe ?? 0n) > 0n && posHeight !== undefined;
      });
      await settled([...acknowledged, meanwhile], victim.index);
      await settled(acknowledged, survivor.index);
    });
  }

  test("with two of five down nothing is posted and nothing forks; when one returns the pool goes on", async () => {
    const [first, second] = devnet.operators.slice(3);
    const survivors = devnet.operators.slice(0, 3);
    assert.ok(first && second);
    await Promise.all([first.kill(), second.kill()]);
    await delay(3_000); // what was decided before they died may still land
    const before = await posted();
    const certifiedBefore = await certifiedHeights(survivors);
    const waiting = await transfer(wallet, 0);
    await delay(8_000);
    assert.deepEqual(await posted(), before, "nothing was posted");
    assert.deepEqual(await certifiedHeights(survivors), certifiedBefore, "nothing was certified");
    await first.start();
    await settled([waiting], 0);
    await eventually("a new batch", async () => (await posted()).length > before.length);
    await second.start();
    await settled([waiting], second.index);
    await agree();
  });

  for (const server of ["nats", "postgres"] as const) {
    test(`when ${server} is stopped and started again the pool recovers by itself`, async () => {
      const earlier = await transfer(wallet, 1);
      await devnet.stopServer(server);
      await delay(2_000);
      await devnet.startServer(server);
      const later = await eventually("an operator to accept a transaction", async () =>
        transfer(wallet, 1, { isRetried: true }).catch(() => undefined),
      );
      await settled([earlier, later], 1);
      await agree();
    });
  }

  test("every batch that was posted is derived from L1 by every challenger, without an alarm", async () => {
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
  });
});

function account(index: number) {
  const found = developmentAccounts[index];
  assert.ok(found);
  return found;
}

let lastSigned: string | undefined;

/** Sends one transfer; a retry sends the same signed transaction, so that no nonce is left out. */
async function transfer(
  from: Wallet,
  via: number,
  { isRetried = false } = {},
): Promise<SentTransaction> {
  if (!isRetried)
    return from.send("transfer", { to: from.address, valueWei: 1n, gas: 21_000n }, via);
  lastSigned ??= await from.sign({ to: from.address, valueWei: 1n, gas: 21_000n });
  const client = l2.clients[via];
  assert.ok(client);
  const hash = await client.sendRawTransaction({
    serializedTransaction: lastSigned as `0x${string}`,
  });
  lastSigned = undefined;
  return { hash, what: "transfer", submittedAtMs: 0, acceptedAtMs: 0 };
}

/** Waits until the transactions have receipts at an operator. */
async function settled(sent: readonly SentTransaction[], via: number): Promise<void> {
  for (const { hash } of sent) {
    await eventually(
      `the receipt of ${hash} at operator ${via}`,
      () =>
        l2.clients[via]?.getTransactionReceipt({ hash }).catch(() => undefined) ??
        Promise.resolve(undefined),
    );
  }
}

async function operatorInRole(role: "leader" | "follower"): Promise<Operator> {
  return eventually(`a ${role}`, async () => {
    const { operators } = await monitor.poll();
    const leader = operators.find(({ leader }) => leader !== undefined)?.leader;
    return devnet.operators.find(({ keys }) => (keys.address === leader) === (role === "leader"));
  });
}

async function statusOf({ index }: Operator): Promise<PoolStatus["operators"][number]> {
  const status = (await monitor.poll()).operators[index];
  assert.ok(status);
  return status;
}

async function certifiedHeights(operators: readonly Operator[]): Promise<(bigint | undefined)[]> {
  const { operators: statuses } = await monitor.poll();
  return operators.map(({ index }) => statuses[index]?.certified);
}

async function posted(): Promise<string[]> {
  const { batches } = await readPostedBatches(devnet.l1Url, devnet.network);
  return batches.map(({ l1TxHash }) => l1TxHash);
}

/** Every operator holds the same block at the lowest certified height. */
async function agree(): Promise<void> {
  await eventually("the operators to agree", async () => {
    const heights = await certifiedHeights(devnet.operators);
    if (heights.some((height) => height === undefined)) return false;
    const blockNumber = heights.reduce((a, b) => ((b ?? 0n) < (a ?? 0n) ? b : a)) ?? 0n;
    const blocks = await Promise.all(l2.clients.map((client) => client.getBlock({ blockNumber })));
    return new Set(blocks.map(({ hash }) => hash)).size === 1;
  });
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
