import assert from "node:assert/strict";
import { test } from "node:test";
import postgres from "postgres";
import { startAnvil, startPostgres } from "../src/servers/index.ts";

test("Postgres starts, gives fresh databases and stops", async () => {
  const server = await startPostgres();
  try {
    const urls = [await server.createDatabase(), await server.createDatabase()];
    assert.notEqual(urls[0], urls[1]);
    for (const url of urls) {
      const sql = postgres(url, { max: 1 });
      await sql`CREATE TABLE only_here (id int)`;
      const [row] = await sql`SHOW fsync`;
      assert.equal(row?.["fsync"], "on");
      await sql.end();
    }
  } finally {
    await server.stop();
  }
});

test("anvil starts, answers and stops", async () => {
  await using anvil = await startAnvil();
  assert.match(anvil.url, /^http:\/\/127\.0\.0\.1:\d+$/);
});
