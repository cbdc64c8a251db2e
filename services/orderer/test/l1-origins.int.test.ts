/** Following a real L1 node (anvil, behind a proxy that misbehaves) with a real store. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createL1Client } from "@sequorum/l1";
import { FatalError, silentLogger } from "@sequorum/service";
import { openStore, type Store } from "@sequorum/store";
import {
  type AnvilServer,
  type PostgresServer,
  startAnvil,
  startPostgres,
} from "@sequorum/testkit/servers";
import { createTestClient, http } from "viem";
import { type L1Proxy, startL1Proxy } from "../../../test/e2e/faults/l1-proxy.ts";
import { followL1, loadOrigins } from "../src/adapters/l1-origins.ts";
import { testNetwork, until } from "./network.ts";

let anvil: AnvilServer;
let proxy: L1Proxy;
let postgres: PostgresServer;
before(async () => {
  [anvil, postgres] = await Promise.all([startAnvil(), startPostgres()]);
  proxy = await startL1Proxy({ upstream: anvil.url });
});
after(async () => {
  await proxy.stop();
  await Promise.all([anvil.stop(), postgres.stop()]);
});

async function follow() {
  const abort = new AbortController();
  const { signal } = abort;
  const migrations = new URL("../migrations/", import.meta.url);
  const store = await openStore({
    url: await postgres.createDatabase(),
    schema: "orderer",
    migrations,
    signal,
  });
  const heard = { origins: [] as bigint[], replaced: [] as bigint[], fatal: [] as unknown[] };
  const network = { ...testNetwork(1, { l1ConfirmationDepth: 2 }), genesisL1Block: await head() };
  const following = followL1({
    network,
    client: createL1Client({ rpcUrl: proxy.url, chainId: 31_337, timeoutMs: 1_000, retriesMax: 0 }),
    store,
    signal,
    logger: silentLogger,
    pollIntervalMs: 20,
    onOrigins: (origins) => heard.origins.push(...origins.map(({ number }) => number)),
    onOriginsReplaced: (above) => heard.replaced.push(above),
    onFatal: (error) => heard.fatal.push(error),
  });
  const stop = async () => {
    abort.abort();
    await following;
    await store.close();
    proxy.heal();
  };
  return { store, heard, stop };
}

test("L1 that is down, slow and behind only delays: origins come in order and without gap", async () => {
  const { store, heard, stop } = await follow();
  for (const fault of [{ down: true }, { delayMs: 100 }, { headFrozenAt: await head() }]) {
    proxy.set(fault);
    await mine(3);
    await new Promise((resolve) => setTimeout(resolve, 200));
    proxy.heal();
    await isConfirmed(store, (await head()) - 2n);
  }
  assert.deepEqual(
    heard.origins,
    heard.origins.map((_, i) => (heard.origins[0] ?? 0n) + BigInt(i)),
  );
  assert.deepEqual([heard.replaced, heard.fatal], [[], []]);
  await stop();
});

test("origins that L1 replaced are forgotten and read anew when no block was made from them", async () => {
  const { store, heard, stop } = await follow();
  await mine(5);
  const top = await head();
  await isConfirmed(store, top - 2n);
  await anvilRpc("anvil_reorg", [3, []]);
  await mine(3);
  await until(() => heard.replaced.length > 0, "the reorganisation is noticed");
  assert.deepEqual(heard.replaced, [top - 3n]);
  await isConfirmed(store, top + 1n);
  for (const { number, hash } of await loadOrigins(store.sql, 64))
    assert.equal(hash, await hashOf(number));
  assert.deepEqual(heard.fatal, []);
  await stop();
});

test("when a block was made from an origin that L1 replaced the node stops and forgets nothing", async () => {
  const { store, heard, stop } = await follow();
  await mine(5);
  const top = await head();
  await isConfirmed(store, top - 2n);
  const bytes = Buffer.alloc(32, 1);
  await store.sql`insert into blocks (hash, height, parent_hash, term, origin_number, forced_count, header, rlp, receipts)
    values (${bytes}, 1, ${bytes}, 1, ${top - 2n}, 0, ${bytes}, ${bytes}, ${bytes})`;
  await anvilRpc("anvil_reorg", [3, []]);
  await mine(3);
  await until(() => heard.fatal.length > 0, "the node stops");
  assert.ok(heard.fatal[0] instanceof FatalError);
  assert.equal((await loadOrigins(store.sql, 1))[0]?.number, top - 2n);
  assert.deepEqual(heard.replaced, []);
  await stop();
});

/** Waits until the store has L1's block of this number. */
async function isConfirmed(store: Store, number: bigint): Promise<void> {
  const hash = await hashOf(number);
  await until(
    async () => (await loadOrigins(store.sql, 64)).some((origin) => origin.hash === hash),
    `L1 block ${number}`,
  );
}

function direct() {
  return createL1Client({ rpcUrl: anvil.url, chainId: 31_337 });
}

async function head(): Promise<bigint> {
  return (await direct().getBlock({ blockTag: "latest" })).number;
}

async function hashOf(blockNumber: bigint) {
  return (await direct().getBlock({ blockNumber })).hash;
}

async function mine(blocks: number): Promise<void> {
  await anvilRpc("anvil_mine", [`0x${blocks.toString(16)}`]);
}

async function anvilRpc(method: string, params: unknown[]): Promise<unknown> {
  const client = createTestClient({ mode: "anvil", transport: http(anvil.url) });
  return client.request({ method, params } as never);
}
