import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hexToBytes, keccak256 } from "@sequorum/protocol";
import { RetryableError } from "@sequorum/service";
import { openStore, type Store } from "@sequorum/store";
import { packContents } from "@sequorum/stf";
import { type PostgresServer, startPostgres } from "@sequorum/testkit/servers";
import { channelBackend } from "../src/contents/content-channel.ts";
import { startContentReader } from "../src/contents/content-reader.ts";
import { estimateContents, insertContents, readContents } from "../src/contents/content-rows.ts";
import { createPruneStore, loadKeptFrom } from "../src/contents/prune-store.ts";

let postgres: PostgresServer;
let url: string;
let store: Store;

before(async () => {
  postgres = await startPostgres();
  url = await postgres.createDatabase();
  const migrations = new URL("./migrations/", import.meta.url);
  store = await openStore({
    url,
    schema: "execution",
    migrations,
    signal: new AbortController().signal,
  });
});

after(async () => {
  await store.close();
  await postgres.stop();
});

/** Entries as an executor packs them. */
const packed = (contents: readonly Uint8Array[]) =>
  packContents(contents.map((content) => ({ hash: hashOf(content), content })));

const hashOf = (content: Uint8Array) => hexToBytes(keccak256(content));
/** Bytes that nothing but the name and the length decides. */
function content(name: string, bytes = 300): Uint8Array {
  const seed = hashOf(new TextEncoder().encode(name));
  return Uint8Array.from({ length: bytes }, (_, i) => seed[i % 32] ?? 0);
}
const write = (contents: readonly Uint8Array[], height: bigint) =>
  store.transaction((tx) => insertContents(tx, packed(contents), height));
const heightOf = async (bytes: Uint8Array) =>
  (await store.sql`select height from contents where hash = ${Buffer.from(hashOf(bytes))}`)[0]?.[
    "height"
  ];

test("what a block wrote is read back, also when it wrote a content twice and when it wrote much", async () => {
  const all = Array.from({ length: 300 }, (_, i) => content(`large ${i}`, 24_576));
  await write([...all, content("small", 1), content("small", 1)], 1n);
  const read = await readContents(
    store.sql,
    [...all, content("other"), content("small", 1)].map(hashOf),
  );
  assert.deepEqual(
    read.map((each) => (each === undefined ? undefined : keccak256(new Uint8Array(each)))),
    [...all.map(keccak256), undefined, keccak256(content("small", 1))],
  );
  await store.sql`analyze contents`;
  assert.equal(await estimateContents(store.sql), 301);
});

test("a content has the height of the highest block that wrote it", async () => {
  await write([content("a")], 5n);
  await write([content("a")], 4n);
  assert.equal(await heightOf(content("a")), 5n);
  await write([content("a")], 7n);
  assert.equal(await heightOf(content("a")), 7n);
});

test("an executing thread reads contents, and learns which are absent", async () => {
  await write([content("read", 49_152)], 1n);
  const failures: unknown[] = [];
  const reader = startContentReader({ url, schema: "execution" }, (error) => failures.push(error));
  const [first, second] = [reader.open(), reader.open()];
  const [one, two] = [channelBackend(first), channelBackend(second)];
  for (let i = 0; i < 50; i++) {
    assert.deepEqual(one.read(hashOf(content("read", 49_152))), content("read", 49_152));
    assert.equal(two.read(hashOf(content("absent"))), undefined);
  }
  reader.close(first);
  assert.throws(() => one.read(hashOf(content("read"))), RetryableError);
  assert.equal(two.read(hashOf(content("absent"))), undefined);
  await reader.stop();
  assert.throws(() => two.read(hashOf(content("read"))), RetryableError);
  assert.deepEqual(failures, []);
});

test("a reader that cannot reach Postgres says so and what to look at", async () => {
  const failures: unknown[] = [];
  const nowhere = { url: "postgres://postgres@127.0.0.1:9/none", schema: "execution" };
  const reader = startContentReader(nowhere, (error) => failures.push(error));
  const impatient = channelBackend(reader.open(), 1_000);
  assert.throws(() => impatient.read(hashOf(content("read"))), /look at Postgres/);
  const patient = channelBackend(reader.open());
  assert.throws(() => patient.read(hashOf(content("read"))), /state cannot be read/);
  await reader.stop();
  assert.deepEqual(failures, []);
});

test("pruning leaves what a block writes anew while it deletes, whoever comes first", async () => {
  const prune = createPruneStore(store.sql);
  await write([content("x"), content("y"), content("z")], 10n);
  const hashes = ["x", "y", "z"].map((name) => hashOf(content(name)));
  let deleting: Promise<number> | undefined;
  await store.transaction(async (tx) => {
    await insertContents(tx, packed([content("y")]), 11n);
    deleting = prune.delete(hashes, 10n);
    await new Promise((resolve) => setTimeout(resolve, 200)); // the deletion meets the row that is being written
  });
  assert.equal(await deleting, 2);
  assert.deepEqual(
    (await prune.read(hashes)).map((each) => each !== undefined),
    [false, true, false],
  );
  await write([content("x")], 12n);
  assert.equal(await heightOf(content("x")), 12n);
  assert.equal(await prune.delete(hashes, 11n), 1);
  assert.deepEqual(await heightOf(content("x")), 12n);
});

test("pruning lists old contents in pages, and remembers from which height on states are kept", async () => {
  const prune = createPruneStore(store.sql);
  const old = Array.from({ length: 25 }, (_, i) => content(`old ${i}`));
  await store.sql`delete from contents`;
  await write(old, 20n);
  await write([content("new")], 21n);
  const listed: Uint8Array[] = [];
  for (
    let page = await prune.list({ after: undefined, heightMax: 20n, max: 10 });
    page.length > 0;
  ) {
    listed.push(...page);
    page = await prune.list({ after: page.at(-1), heightMax: 20n, max: 10 });
  }
  assert.deepEqual(
    listed.map((hash) => Buffer.from(hash).toString("hex")),
    old.map((each) => keccak256(each).slice(2)).sort(),
  );
  assert.equal(await loadKeptFrom(store.sql), 0n);
  await prune.keepFrom(20n);
  await prune.keepFrom(30n);
  assert.equal(await loadKeptFrom(store.sql), 30n);
});
