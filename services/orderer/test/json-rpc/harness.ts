/** A JSON-RPC server over a fake chain for tests, on a free port. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { createMetrics, silentLogger } from "@sequorum/service";
import WebSocket from "ws";
import type { JsonRpcLimits } from "../../src/json-rpc/limits.ts";
import { startJsonRpcServer } from "../../src/json-rpc/server.ts";
import { FakeChain } from "./fake-chain.ts";

/** Starts a server that ends with the test. */
export async function startFakeServer(
  t: TestContext,
  options: { limits?: Partial<JsonRpcLimits>; allowedOrigins?: readonly string[] } = {},
) {
  const chain = new FakeChain();
  const { chain: reader, calls: executor, pool, events: subscriptions } = chain.ports();
  const metrics = createMetrics("orderer");
  const abort = new AbortController();
  const server = await startJsonRpcServer({
    port: 0,
    reader,
    executor,
    pool,
    subscriptions,
    node: chain.node,
    logger: silentLogger,
    metrics,
    signal: abort.signal,
    ...options,
    limits: { drainMs: 100, ...options.limits },
  });
  t.after(() => server.close());
  const url = `http://127.0.0.1:${server.port}`;
  return { chain, server, metrics, abort, url, wsUrl: `ws://127.0.0.1:${server.port}` };
}

/** Posts text and reads the answer. */
export async function post(url: string, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type") === "application/json";
  const json: unknown = isJson ? JSON.parse(text) : undefined;
  return { status: response.status, headers: response.headers, text, json };
}

/** Calls a method; answers the whole envelope. */
export async function rpc(url: string, method: string, params: unknown = []) {
  return (await post(url, JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }))).json;
}

/** The error of an answer; fails if there is none. */
export function errorOf(answer: unknown): { code: number; message: string; data?: unknown } {
  const { error } = answer as { error?: { code: number; message: string; data?: unknown } };
  if (error === undefined) throw new Error(`expected an error, got ${JSON.stringify(answer)}`);
  return error;
}

/** The result of an answer; fails if it is an error. */
export function resultOf(answer: unknown): unknown {
  const { result } = answer as { result?: unknown };
  if (result === undefined) throw new Error(`expected a result, got ${JSON.stringify(answer)}`);
  return result;
}

/** An open WebSocket that ends with the test, with the messages it received. */
export async function openWebSocket(
  t: TestContext,
  url: string,
  headers: Record<string, string> = {},
) {
  const socket = new WebSocket(url, { headers });
  const received: { id?: unknown; [key: string]: unknown }[] = [];
  socket.on("message", (data) => received.push(JSON.parse(String(data))));
  t.after(() => socket.terminate());
  await once(socket, "open");
  let id = 0;
  const request = async (method: string, params: unknown = []): Promise<unknown> => {
    id += 1;
    const wanted = id;
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: wanted, method, params }));
    return until(() => received.find((message) => message.id === wanted));
  };
  return { socket, received, request };
}

/** A raw TCP connection that ends with the test, with what it received. */
export async function openSocket(t: TestContext, port: number) {
  const socket: Socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (data) => {
    text += String(data);
  });
  socket.on("error", () => {});
  t.after(() => socket.destroy());
  await once(socket, "connect");
  return { socket, text: () => text, closed: once(socket, "close") };
}

/** Waits for a condition; fails after 5 s. */
export async function until<T>(
  condition: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error("the condition did not come true in 5 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
