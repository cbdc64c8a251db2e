import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { bytesToHex, type Hex, hexToBytes, keccak256, zeroHash } from "@sequorum/protocol";
import { silentLogger } from "@sequorum/service";
import { openStore, type Store } from "@sequorum/store";
import { packContents } from "@sequorum/stf";
import { type PostgresServer, startPostgres } from "@sequorum/testkit/servers";
import { insertContents, readContents } from "../src/contents/content-rows.ts";
import { createPruneStore, loadKeptFrom } from "../src/contents/prune-store.ts";
import { type ContentKind, linksOf } from "../src/pruning/content-links.ts";
import { startPruning } from "../src/pruning/pruning.ts";
import { buildHeader, buildState, type TestAccount } from "./trie-builder.ts";

let postgres: PostgresServer;
before(async () => {
  postgres = await startPostgres();
});
after(() => postgres.stop());

const account = (value: number): TestAccount => ({
  nonce: 1n,
  code: `code ${value % 7}`,
  storage: new Map([
    [1, value + 1],
    [2, 5],
  ]),
});

/** Five blocks, each of which changes a fifth of the accounts; the states of all of them are stored. */
async function storeChain(store: Store): Promise<{ hash: Hex; height: bigint }[]> {
  const state = new Map<number, TestAccount>();
  const blocks: { hash: Hex; height: bigint }[] = [];
  const known = new Set<Hex>();
  for (let height = 0n; height < 5n; height++) {
    for (let i = 0; i < 1_500; i++) {
      if (height === 0n || BigInt(i % 5) === height)
        state.set(i, account(i + 10_000 * Number(height)));
    }
    const { root, contents } = buildState(state);
    const header = buildHeader(blocks.at(-1)?.hash ?? zeroHash, root, height);
    contents.set(keccak256(header), header);
    blocks.push({ hash: keccak256(header), height });
    const fresh = [...contents].filter(([hash]) => !known.has(hash));
    for (const [hash] of fresh) known.add(hash);
    const writes = packContents(
      fresh.map(([hash, content]) => ({ hash: hexToBytes(hash), content })),
    );
    await store.transaction((tx) => insertContents(tx, writes, height));
  }
  return blocks;
}

/** How many contents the state of a block has; throws when one of them is missing. */
async function walk({ sql }: Store, block: Hex): Promise<number> {
  let level: { hash: Uint8Array; kind: ContentKind }[] = [
    { hash: hexToBytes(block), kind: "header" },
  ];
  const seen = new Set<Hex>();
  while (level.length > 0) {
    const contents = await readContents(
      sql,
      level.map(({ hash }) => hash),
    );
    const next: typeof level = [];
    for (const [i, { hash, kind }] of level.entries()) {
      const content = contents[i];
      assert.ok(content, `${kind} ${bytesToHex(hash)} is there`);
      seen.add(bytesToHex(hash));
      next.push(...linksOf(kind, content).filter((link) => link.kind !== "header"));
    }
    level = next.filter(({ hash }) => !seen.has(bytesToHex(hash)));
  }
  return seen.size;
}

const count = async ({ sql }: Store) =>
  Number((await sql`select count(*)::int as n from contents`)[0]?.["n"]);

/** Prunes in a process of its own, and kills that as soon as it says what `isTime` waits for. */
async function killedWhile(
  args: readonly string[],
  isTime: (line: string) => boolean,
): Promise<string> {
  const file = new URL("./prune-victim.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [file, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let last = "";
  for await (const line of createInterface({ input: child.stdout })) {
    last = line;
    if (isTime(line)) {
      child.kill("SIGKILL");
      break;
    }
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return last;
}

test("kill -9 in the middle of pruning leaves every kept state whole, and the next run goes on", async () => {
  const url = await postgres.createDatabase();
  const migrations = new URL("./migrations/", import.meta.url);
  const store = await openStore({
    url,
    schema: "execution",
    migrations,
    signal: new AbortController().signal,
  });
  const blocks = await storeChain(store);
  const kept = blocks[2];
  assert.ok(kept !== undefined);
  const sizes = await Promise.all(blocks.map(({ hash }) => walk(store, hash)));
  const stored = await count(store);
  const args = [url, kept.hash, String(kept.height)];
  const check = async () => {
    for (const [i, { hash, height }] of blocks.entries()) {
      if (height >= kept.height) assert.equal(await walk(store, hash), sizes[i]);
    }
  };
  assert.match(await killedWhile(args, (line) => line.startsWith("marking")), /^marking 0/);
  assert.equal(await count(store), stored);
  assert.equal(await loadKeptFrom(store.sql), 0n);
  assert.match(await killedWhile(args, (line) => /^sweeping [1-9]/.test(line)), /^sweeping/);
  const left = await count(store);
  assert.ok(left < stored, "it was killed after it had deleted something");
  assert.equal(await loadKeptFrom(store.sql), kept.height);
  await check();

  const stopping = new AbortController();
  const pruning = startPruning({
    store: createPruneStore(store.sql),
    keptFrom: 0n, // as if nothing had been done
    oldestNeeded: async () => kept,
    blocksPerRun: 1,
    countContents: async () => 10_000,
    onProgress: ({ type }) => type === "done" && stopping.abort(),
    signal: stopping.signal,
    logger: silentLogger,
  });
  await pruning.ended;
  await check();
  assert.equal(pruning.keptFrom(), kept.height);
  const end = await count(store);
  assert.ok(end < left, "the second run went on");
  await assert.rejects(walk(store, blocks[1]?.hash ?? zeroHash), /is there/);
  await store.close();
});

test("a state that is not whole stops pruning before it deletes anything", async () => {
  const url = await postgres.createDatabase();
  const migrations = new URL("./migrations/", import.meta.url);
  const store = await openStore({
    url,
    schema: "execution",
    migrations,
    signal: new AbortController().signal,
  });
  const blocks = await storeChain(store);
  const kept = blocks[3];
  assert.ok(kept !== undefined);
  const [header] = await readContents(store.sql, [hexToBytes(kept.hash)]);
  const root = linksOf("header", header ?? assert.fail()).find(
    ({ kind }) => kind === "accountNode",
  );
  const [node] = await readContents(store.sql, [root?.hash ?? assert.fail()]);
  const lost = linksOf("accountNode", node ?? assert.fail()).at(-1);
  await store.sql`delete from contents where hash = ${Buffer.from(lost?.hash ?? assert.fail())}`;
  const stored = await count(store);
  const told: string[] = [];
  const pruning = startPruning({
    store: createPruneStore(store.sql),
    keptFrom: 0n,
    oldestNeeded: async () => kept,
    blocksPerRun: 1,
    countContents: async () => 10_000,
    onProgress: () => {},
    signal: AbortSignal.timeout(20_000),
    logger: { ...silentLogger, error: (message) => told.push(message) },
  });
  await pruning.ended;
  assert.deepEqual(told, ["state of a block is not whole, nothing is pruned"]);
  assert.equal(await count(store), stored);
  assert.equal(pruning.keptFrom(), 0n);
  await store.close();
});
