import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { ChallengerService } from "@sequorum/proto/challenger";
import { bytesToHex, formatNetworkConfig, type Hex, hexToBytes } from "@sequorum/protocol";
import { createGrpcClient, type Service, silentLogger } from "@sequorum/service";
import { freePort, startNats, startPostgres } from "@sequorum/testkit/servers";
import { createChallengerService } from "../src/index.ts";
import { startRollup, type TestRollup, transfer } from "./rollup.ts";

const stopping = new AbortController();
const recipient: Hex = `0x${"77".repeat(20)}`;
const closers: (() => Promise<unknown>)[] = [];
let rollup: TestRollup;
let challenger: Service;
let start: () => Promise<Service>;
let client: ReturnType<typeof createGrpcClient<typeof ChallengerService>>;
const failures: unknown[] = [];

before(async () => {
  const opened = async <T extends { stop(): Promise<void> }>(server: Promise<T>): Promise<T> => {
    const { stop } = await server;
    closers.push(stop);
    return server;
  };
  const [postgres, nats] = await Promise.all([opened(startPostgres()), opened(startNats())]);
  rollup = await opened(startRollup());
  const [folder, grpcPort] = [await mkdtemp(join(tmpdir(), "challenger-test-")), await freePort()];
  closers.push(() => rm(folder, { recursive: true }));
  const networkFile = join(folder, "network.json");
  await writeFile(networkFile, formatNetworkConfig(rollup.network));
  const config = {
    ...{
      operator: "a",
      networkFile,
      postgresUrl: await postgres.createDatabase(),
      natsUrl: nats.url,
    },
    ...{ l1RpcUrl: rollup.url, grpcPort, httpPort: 0, l1PollMs: 50 },
    ...{ grpcHost: "127.0.0.1", httpHost: "127.0.0.1" },
  };
  const context = {
    signal: stopping.signal,
    logger: silentLogger,
    fail: (error: unknown) => failures.push(error),
  };
  start = () => createChallengerService(config, context);
  challenger = await start();
  client = createGrpcClient(ChallengerService, `127.0.0.1:${grpcPort}`);
});

after(async () => {
  client?.close();
  await challenger?.[Symbol.asyncDispose]();
  stopping.abort();
  for (const close of closers) await close();
});

type Status = Awaited<ReturnType<typeof client.getStatus>>;

async function statusWhen(what: string, isReached: (status: Status) => boolean): Promise<Status> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await delay(50)) {
    assert.deepEqual(failures, []);
    const status = await client.getStatus({}).catch(() => undefined);
    if (status !== undefined && isReached(status)) return status;
  }
  return assert.fail(
    `timed out waiting until ${what}: ${JSON.stringify(await client.getStatus({}), (_k, v) => (typeof v === "bigint" ? `${v}` : v))}`,
  );
}

test("C1 a posted batch with transfers and a forced transaction is derived from L1 alone", async () => {
  await rollup.enqueue(await transfer(recipient, 5n));
  await rollup.enqueue("0xdeadbeef");
  await rollup.mine(2);
  const transfers = await Promise.all([1n, 2n, 3n].map((value) => transfer(recipient, value)));
  const { header, blocks } = await rollup.postBatch([[], transfers.map(hexToBytes)]);
  assert.equal(header.queueTo, 2n, "the garbage entry is skipped by rule");
  assert.equal(blocks[0]?.forcedCount, 1);
  await rollup.mine(2);
  const status = await statusWhen(
    "batch 1 is verified",
    ({ verifiedBatch }) => verifiedBatch === 1n,
  );
  assert.equal(status.verifiedHeight, 2n);
  assert.equal(bytesToHex(status.verifiedHash), header.lastBlockHash);
  assert.equal(status.alarms, 0);
});

test("C5 a restart goes on after the last L1 block, from the stored state", async () => {
  await challenger[Symbol.asyncDispose]();
  await rollup.postBatch([[hexToBytes(await transfer(recipient, 9n))]]);
  await rollup.mine(2);
  challenger = await start();
  const status = await statusWhen(
    "batch 2 is verified",
    ({ verifiedBatch }) => verifiedBatch === 2n,
  );
  assert.equal(status.verifiedHeight, 3n);
});

test("C6 an L1 reorganisation takes its batches out, and the new chain's are verified", async () => {
  const restore = rollup.checkpoint();
  const snapshot = await rollup.rpc("evm_snapshot", []);
  const gone = await rollup.postBatch([[]]);
  await rollup.mine(3);
  await statusWhen("batch 3 is verified", ({ verifiedBatch }) => verifiedBatch === 3n);
  await rollup.rpc("evm_revert", [snapshot]);
  restore();
  await rollup.mine(8);
  await statusWhen(
    "batch 3 is gone",
    ({ verifiedBatch, postedBatch }) => verifiedBatch === 2n && postedBatch === 2n,
  );
  const { header } = await rollup.postBatch([[], []]);
  assert.notEqual(header.lastBlockHash, gone.header.lastBlockHash);
  await rollup.mine(3);
  const status = await statusWhen(
    "the new batch 3 is verified",
    ({ verifiedBatch }) => verifiedBatch === 3n,
  );
  assert.equal(bytesToHex(status.verifiedHash), header.lastBlockHash);
  assert.equal(status.alarms, 0);
});

test("C1 C3 a wrong state root that the whole pool signed raises an alarm, and nothing after it is called verified", async () => {
  await rollup.postBatch([[]], { header: { postStateRoot: `0x${"13".repeat(32)}` } });
  await rollup.postBatch([[]], { header: { lastBlock: (1n << 64n) - 1n } });
  await rollup.mine(2);
  const status = await statusWhen("batch 5 is seen", ({ postedBatch }) => postedBatch === 5n);
  assert.equal(status.verifiedBatch, 3n);
  assert.equal(status.alarms, 1);
  for await (const alarm of client.streamAlarms({})) {
    assert.deepEqual([alarm.batchIndex, alarm.code], [4n, "FIELD_DIFFERS"]);
    assert.match(alarm.detail, /^postStateRoot: block 6: posted 0x1313/);
    break;
  }
});
