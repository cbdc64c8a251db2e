import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { freePort } from "../src/servers/index.ts";

test("free ports differ, can be listened on, and are none that connections go out from", async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, freePort));
  assert.equal(new Set(ports).size, ports.length);
  assert.ok(ports.every((port) => port >= 12_000 && port < 20_000));
  const [port] = ports;
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  await new Promise((resolve) => server.close(resolve));
});
