import assert from "node:assert/strict";
import { test } from "node:test";
import { startPostgres } from "@sequorum/testkit/servers";
import { afterCommit, openStore } from "../src/index.ts";

const migrations = new URL("./migrations/", import.meta.url);

test("a store migrates once, commits, rolls back, and calls back after a commit only", async (t) => {
  const server = await startPostgres();
  t.after(() => server.stop());
  const url = await server.createDatabase();
  const signal = new AbortController().signal;
  const open = () => openStore({ url, schema: "notes", migrations, signal });
  const [store, second] = await Promise.all([open(), open()]);
  t.after(() => Promise.all([store.close(), second.close()]));
  let called = 0;
  await store.transaction(async (tx) => {
    await tx`insert into note values (${1n}, 'one')`;
    afterCommit(tx, () => called++);
    assert.equal(called, 0);
  });
  assert.equal(called, 1);
  const failed = store.transaction(async (tx) => {
    await tx`insert into note values (${2n}, 'two')`;
    afterCommit(tx, () => called++);
    throw new Error("changed my mind");
  });
  await assert.rejects(failed, /changed my mind/);
  assert.equal(called, 1);
  assert.deepEqual([...(await second.sql`select id, text from note`)], [{ id: 1n, text: "one" }]);
});
