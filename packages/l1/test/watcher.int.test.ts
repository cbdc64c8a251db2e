// The watcher against a real anvil, behind a proxy that misbehaves.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startAnvil } from "@sequorum/testkit/servers";
import { createTestClient, type Hex, http } from "viem";
import { startL1Proxy } from "../../../test/e2e/faults/l1-proxy.ts";
import {
  createL1Client,
  type L1ConfirmedBlock,
  L1DeepReorgError,
  type L1WatchStatus,
  L1WrongChainError,
  watchL1,
} from "../src/index.ts";

// Runtime code `LOG0(0, 0)`: every call emits an empty log.
const emitterCode: Hex = "0x60006000a000";
const emitter: Hex = "0x00000000000000000000000000000000000e0000";
const sender: Hex = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";

type Anvil = Awaited<ReturnType<typeof startAnvil>>;
let anvil: Anvil;
let proxy: Awaited<ReturnType<typeof startL1Proxy>>;

before(async () => {
  anvil = await startAnvil();
  proxy = await startL1Proxy({ upstream: anvil.url });
});
after(async () => {
  await proxy.stop();
  await anvil.stop();
});

test("confirmed blocks come once, in order and with the logs of the watched contracts", async () => {
  await using watched = await watch();
  await emit(3);
  await mine(2);
  const blocks = await watched.take(3);
  const first = blocks[0]?.number ?? 0n;
  assert.deepEqual(
    blocks.map((b) => b.number),
    [first, first + 1n, first + 2n],
  );
  assert.deepEqual(
    blocks.map((b) => b.logs.map((log) => log.address)),
    [[emitter], [emitter], [emitter]],
  );
});

test("a reorg of three unconfirmed blocks is followed", async () => {
  await using watched = await watch({ confirmationDepth: 4 });
  await emit(4);
  await watched.headReached(await headNumber());
  await rpc("anvil_reorg", [3, []]);
  await mine(5);
  const blocks = await watched.take(4);
  for (const block of blocks) assert.equal(block.hash, await hashOf(block.number));
});

test("a node that goes down and comes back only delays", async () => {
  await using watched = await watch();
  proxy.set({ down: true });
  await emit(2);
  await mine(2);
  await watched.failed();
  proxy.heal();
  assert.equal((await watched.take(2)).length, 2);
});

test("a node that is behind its own head, or loses answers to getLogs, gives no block without its logs", async () => {
  await using watched = await watch();
  proxy.set({ headFrozenAt: await headNumber() });
  await emit(3);
  await mine(2);
  proxy.set({ headFrozenAt: undefined, failing: ["eth_getLogs"] });
  await watched.failed();
  proxy.heal();
  assert.deepEqual(
    (await watched.take(3)).map((b) => b.logs.length),
    [1, 1, 1],
  );
});

test("a reorg of a confirmed block is told with the common ancestor", async () => {
  await mine(4);
  const ancestor = await headNumber();
  await using watched = await watch({ confirmationDepth: 1 });
  await emit(3);
  await watched.take(2);
  await rpc("anvil_reorg", [3, []]);
  await mine(3);
  await assert.rejects(watched.take(1), (error) => {
    assert.ok(error instanceof L1DeepReorgError);
    assert.equal(error.delivered.number, ancestor + 2n);
    assert.equal(error.commonAncestor?.number, ancestor);
    return true;
  });
});

test("the wrong chain is refused", async () => {
  const client = createL1Client({ rpcUrl: anvil.url, chainId: 1 });
  const { signal } = new AbortController();
  const options = { client, fromBlock: 0n, confirmationDepth: 0, addresses: [], signal };
  await assert.rejects(watchL1(options).next(), L1WrongChainError);
});

async function watch(options: { confirmationDepth?: number } = {}) {
  const abort = new AbortController();
  const statuses: L1WatchStatus[] = [];
  const start = await testClientBlock();
  const blocks = watchL1({
    client: createL1Client({ rpcUrl: proxy.url, chainId: 31_337, timeoutMs: 1_000, retriesMax: 0 }),
    fromBlock: start.number + 1n,
    after: start,
    confirmationDepth: options.confirmationDepth ?? 2,
    addresses: [emitter],
    signal: abort.signal,
    pollIntervalMs: 20,
    onStatus: (status) => statuses.push(status),
  });
  const queue: L1ConfirmedBlock[] = [];
  let ended: unknown;
  const running = (async () => {
    for await (const block of blocks) queue.push(block);
  })().catch((error: unknown) => {
    ended = error;
  });
  const until = async (holds: () => boolean) => {
    const deadline = Date.now() + 15_000;
    while (!holds()) {
      if (ended !== undefined) throw ended;
      assert.ok(Date.now() < deadline, "the condition holds in time");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  return {
    take: async (count: number) => {
      await until(() => queue.length >= count);
      return queue.splice(0, count);
    },
    headReached: (head: bigint) =>
      until(() => statuses.some((status) => status.type === "ok" && status.head.number >= head)),
    failed: () => until(() => statuses.some((status) => status.type === "unavailable")),
    [Symbol.asyncDispose]: async () => {
      abort.abort();
      await running;
      proxy.heal();
    },
  };
}

async function testClientBlock() {
  const { number, hash } = await direct().getBlock();
  return { number, hash };
}

function direct() {
  return createL1Client({ rpcUrl: anvil.url, chainId: 31_337 });
}

async function headNumber(): Promise<bigint> {
  return direct().getBlockNumber();
}

async function hashOf(blockNumber: bigint): Promise<Hex> {
  return (await direct().getBlock({ blockNumber })).hash;
}

async function emit(blocks: number): Promise<void> {
  await rpc("anvil_setCode", [emitter, emitterCode]);
  for (let i = 0; i < blocks; i++) {
    await rpc("eth_sendTransaction", [{ from: sender, to: emitter, gas: "0x186a0" }]);
  }
}

async function mine(blocks: number): Promise<void> {
  await rpc("anvil_mine", [`0x${blocks.toString(16)}`]);
}

async function rpc(method: string, params: unknown[]): Promise<unknown> {
  const client = createTestClient({ mode: "anvil", transport: http(anvil.url) });
  return client.request({ method, params } as never);
}
