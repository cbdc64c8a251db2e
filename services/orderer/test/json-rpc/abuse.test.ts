import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { alice, bob, transfer, transferLog } from "./fake-chain.ts";
import {
  errorOf,
  openSocket,
  openWebSocket,
  post,
  resultOf,
  rpc,
  startFakeServer,
  until,
} from "./harness.ts";

const chainIdRequest = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}';

test("what is not a JSON POST to / is refused by status", async (t) => {
  const { url } = await startFakeServer(t);
  const status = async (path: string, init: RequestInit) => (await fetch(url + path, init)).status;
  assert.equal(await status("/", {}), 200);
  assert.equal(await status("//", {}), 404);
  assert.equal(await status("/admin", { method: "POST" }), 404);
  assert.equal(await status("/", { method: "DELETE" }), 405);
  assert.equal(await status("/", { method: "POST", body: chainIdRequest }), 415);
  const json = { "content-type": "application/json" };
  assert.equal(
    await status("/?key=1", { method: "POST", headers: json, body: chainIdRequest }),
    200,
  );
  assert.equal(
    await status("/", {
      method: "POST",
      headers: { ...json, "content-encoding": "gzip" },
      body: "x",
    }),
    415,
  );
  assert.equal(errorOf((await post(url, "{")).json).code, -32700);
  const notUtf8 = await fetch(url, {
    method: "POST",
    headers: json,
    body: Uint8Array.of(0x22, 0xff, 0x22),
  });
  assert.equal(errorOf(await notUtf8.json()).code, -32700);
  assert.equal((await post(url, '{"jsonrpc":"2.0","method":"eth_chainId"}')).status, 204);
});

test("a huge body is refused, announced or not, and the connection ends", async (t) => {
  const { url, server, metrics } = await startFakeServer(t, { limits: { messageBytesMax: 1_000 } });
  const announced = await post(url, `"${"x".repeat(2_000)}"`);
  assert.equal(announced.status, 413);
  assert.deepEqual(errorOf(announced.json).data, { limit: "messageBytesMax" });
  const { socket, text, closed } = await openSocket(t, server.port);
  socket.write(
    "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
  );
  socket.write(`${(2_000).toString(16)}\r\n${"x".repeat(2_000)}\r\n`);
  await closed;
  assert.match(text(), /^HTTP\/1.1 413/);
  assert.match(await metrics.text(), /json_rpc_cuts_total\{reason="messageBytesMax"[^}]*\} 2/);
});

test("clients that are slow with headers or body, or idle, are cut", async (t) => {
  const { server } = await startFakeServer(t, {
    limits: { headersTimeoutMs: 200, bodyTimeoutMs: 400, idleTimeoutMs: 200 },
  });
  const silent = await openSocket(t, server.port);
  const inHeaders = await openSocket(t, server.port);
  inHeaders.socket.write("POST / HTTP/1.1\r\nhost: x\r\nx-slow: ");
  const inBody = await openSocket(t, server.port);
  inBody.socket.write(
    "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{",
  );
  const idle = await openSocket(t, server.port);
  idle.socket.write(
    `POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${chainIdRequest.length}\r\n\r\n${chainIdRequest}`,
  );
  await Promise.all([silent.closed, inHeaders.closed, inBody.closed, idle.closed]);
  assert.match(inHeaders.text(), /^HTTP\/1.1 408/);
  assert.match(inBody.text(), /^HTTP\/1.1 408/);
  assert.match(idle.text(), /"result":"0xa5b8"/);
});

test("malformed HTTP is answered with 400 and closed", async (t) => {
  const { server } = await startFakeServer(t);
  const { socket, text, closed } = await openSocket(t, server.port);
  socket.write("\u0000\u0001nonsense\r\n\r\n");
  await closed;
  assert.match(text(), /^HTTP\/1.1 400/);
});

test("a client that does not read its answer is cut", async (t) => {
  const { chain, server, metrics } = await startFakeServer(t, {
    limits: { responseReadTimeoutMs: 200 },
  });
  const logs = Array.from({ length: 9_000 }, () => transferLog(alice, bob, 1n));
  chain.extend([{ transaction: transfer(1), logs }]);
  const { socket } = await openSocket(t, server.port);
  socket.pause();
  const body = '{"jsonrpc":"2.0","id":1,"method":"eth_getLogs","params":[{"fromBlock":"0x0"}]}';
  const requestText = `POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  socket.write(requestText.repeat(4));
  await until(() => reasonCount(metrics, "responseReadTimeout"));
});

test("connections and WebSockets are bounded", async (t) => {
  const { server, wsUrl, metrics } = await startFakeServer(t, {
    limits: { connectionsMax: 3, webSocketsMax: 1 },
  });
  await openWebSocket(t, wsUrl);
  await assert.rejects(openWebSocket(t, wsUrl), /503/);
  await openSocket(t, server.port);
  await openSocket(t, server.port);
  const dropped = await openSocket(t, server.port);
  await dropped.closed;
  assert.match(await metrics.text(), /reason="connectionsMax"/);
});

test("messages in flight are bounded in all and by connection; afterwards the server serves again", async (t) => {
  const { chain, url } = await startFakeServer(t, {
    limits: { inFlightMax: 2, inFlightPerConnectionMax: 1 },
  });
  let finish = () => {};
  chain.callDelay = new Promise((resolve) => {
    finish = resolve;
  });
  const call = '{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{}]}';
  const working = [post(url, call), post(url, call)];
  await until(async () => (await post(url, chainIdRequest)).status === 503);
  const refused = await post(url, chainIdRequest);
  assert.deepEqual([refused.status, errorOf(refused.json).code], [503, -32005]);
  finish();
  for (const { status } of await Promise.all(working)) assert.equal(status, 200);
  assert.equal((await post(url, chainIdRequest)).status, 200);
});

test("a WebSocket that sends faster than it is served is not read, then cut", async (t) => {
  const { chain, wsUrl } = await startFakeServer(t, {
    limits: { inFlightPerConnectionMax: 2, queuedPerConnectionMax: 50, requestTimeoutMs: 200 },
  });
  chain.callDelay = new Promise(() => {});
  const { socket } = await openWebSocket(t, wsUrl);
  const closed = once(socket, "close");
  for (let i = 0; i < 5_000; i++)
    socket.send(`{"jsonrpc":"2.0","id":${i},"method":"eth_call","params":[{}]}`);
  const [code] = await closed;
  assert.equal(code, 1008);
});

test("a WebSocket within its bounds gets every answer, though more was sent than is worked on at once", async (t) => {
  const { wsUrl } = await startFakeServer(t, { limits: { inFlightPerConnectionMax: 2 } });
  const { socket, received } = await openWebSocket(t, wsUrl);
  for (let i = 0; i < 200; i++)
    socket.send(`{"jsonrpc":"2.0","id":${i},"method":"eth_blockNumber"}`);
  await until(() => received.length === 200);
});

test("huge, malformed and binary WebSocket messages", async (t) => {
  const { wsUrl } = await startFakeServer(t, { limits: { messageBytesMax: 1_000 } });
  const { socket, received } = await openWebSocket(t, wsUrl);
  socket.send("{");
  socket.send(Buffer.from(chainIdRequest));
  await until(() => received.length === 2);
  assert.equal(errorOf(received[0]).code, -32700);
  assert.equal(resultOf(received[1]), "0xa5b8");
  const closed = once(socket, "close");
  socket.send("x".repeat(2_000));
  assert.equal((await closed)[0], 1009);
});

test("a subscriber that does not read is disconnected; the others keep being told", async (t) => {
  const { chain, server, wsUrl, metrics } = await startFakeServer(t, {
    limits: { webSocketUnsentBytesMax: 64 * 1024 },
  });
  const slow = await openWebSocket(t, wsUrl);
  const quick = await openWebSocket(t, wsUrl);
  await slow.request("eth_subscribe", ["logs"]);
  await quick.request("eth_subscribe", ["newHeads"]);
  slow.socket.pause();
  const logs = Array.from({ length: 2_000 }, () => transferLog(alice, bob, 1n));
  for (let i = 1; i <= 30; i++) {
    chain.extend([{ transaction: transfer(i), logs }]);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await until(() => quick.received.length >= 31);
  assert.match(await metrics.text(), /json_rpc_cuts_total\{reason="slowSubscriber"[^}]*\} 1/);
  assert.equal(resultOf(await rpc(`http://127.0.0.1:${server.port}`, "eth_blockNumber")), "0x1e");
});

test("a WebSocket that does not answer pings is cut", async (t) => {
  const { server, metrics } = await startFakeServer(t, { limits: { webSocketPingIntervalMs: 60 } });
  const { socket, closed } = await openSocket(t, server.port);
  socket.write(
    "GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  await closed;
  assert.match(await metrics.text(), /reason="noPong"/);
});

test("when notifications are lost, subscribers are disconnected and filters removed", async (t) => {
  const { chain, url, wsUrl } = await startFakeServer(t, { limits: { eventsQueuedMax: 5 } });
  const filter = resultOf(await rpc(url, "eth_newBlockFilter"));
  const { socket, request } = await openWebSocket(t, wsUrl);
  await request("eth_subscribe", ["newHeads"]);
  const closed = once(socket, "close");
  for (let i = 0; i < 20; i++) chain.extend([]);
  assert.equal((await closed)[0], 1013);
  assert.equal(
    errorOf(await rpc(url, "eth_getFilterChanges", [filter])).message,
    "filter not found",
  );
});

test("aborting closes the server: work in flight is answered, subscribers are told, the port is free", async (t) => {
  const { chain, url, wsUrl, server, abort } = await startFakeServer(t, {
    limits: { drainMs: 2_000 },
  });
  const { socket } = await openWebSocket(t, wsUrl);
  const goodbye = once(socket, "close");
  let finish = () => {};
  chain.callDelay = new Promise((resolve) => {
    finish = resolve;
  });
  const working = rpc(url, "eth_call", [{}]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  abort.abort();
  assert.equal((await goodbye)[0], 1001);
  finish();
  assert.ok(resultOf(await working));
  await server.close();
  assert.equal(chain.listeners, 0);
  await assert.rejects(rpc(url, "eth_chainId"));
});

function reasonCount(metrics: { text(): Promise<string> }, reason: string): Promise<boolean> {
  return metrics.text().then((text) => text.includes(`reason="${reason}"`));
}
