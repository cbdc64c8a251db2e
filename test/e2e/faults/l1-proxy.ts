// A JSON-RPC proxy in front of a real L1 node that misbehaves on command: the L1 RPC faults of tests across services.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** What the proxy does wrong; {@link healthy} does nothing wrong. All fields combine. */
export type L1Faults = {
  /** Refuse connections and cut the open ones. */
  readonly down: boolean;
  /** Wait this long before each answer, in milliseconds. */
  readonly delayMs: number;
  /** Carry these methods out but cut the connection instead of answering; "*" is every method. */
  readonly loseAnswersTo: readonly string[];
  /** Answer these methods with a JSON-RPC error without asking the node; "*" is every method. */
  readonly failing: readonly string[];
  /** Answer every request with this HTTP status, for example 429 or 502; undefined for the node's answer. */
  readonly httpStatus: number | undefined;
  /** Pretend that this is the newest block ("behind"); undefined for the node's head. */
  readonly headFrozenAt: bigint | undefined;
  /** Answer transactions as accepted, but keep them from the node ("dropped"). */
  readonly swallowTransactions: boolean;
};

/** No faults. */
export const healthy: L1Faults = {
  down: false,
  delayMs: 0,
  loseAnswersTo: [],
  failing: [],
  httpStatus: undefined,
  headFrozenAt: undefined,
  swallowTransactions: false,
};

/** A running proxy. */
export type L1Proxy = {
  readonly url: string;
  /** Replaces the given faults; the others stay. */
  set(faults: Partial<L1Faults>): void;
  /** Ends all faults. */
  heal(): void;
  /** How often a method was asked for, whatever the answer. */
  count(method: string): number;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

type RpcRequest = {
  readonly id: unknown;
  readonly method: string;
  readonly params?: readonly unknown[];
};
type RpcAnswer = { readonly jsonrpc: "2.0"; readonly id: unknown } & (
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string } }
);

const requestBytesMax = 16 * 1_024 * 1_024;

/** Starts a proxy to `upstream` on a free port of 127.0.0.1. */
export async function startL1Proxy({ upstream }: { readonly upstream: string }): Promise<L1Proxy> {
  let faults = healthy;
  const counts = new Map<string, number>();
  const sockets = new Set<Socket>();

  const server = createServer((request, response) => {
    void handle(request, response).catch(() => response.destroy());
  });
  server.on("connection", (socket) => {
    if (faults.down) return void socket.destroy();
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: unknown = JSON.parse(await readBody(request));
    const calls = (Array.isArray(body) ? body : [body]) as RpcRequest[];
    for (const { method } of calls) counts.set(method, (counts.get(method) ?? 0) + 1);
    const current = faults;
    if (current.delayMs > 0) await delay(current.delayMs);
    if (current.httpStatus !== undefined) {
      response.writeHead(current.httpStatus).end();
      return;
    }
    const answers = await Promise.all(calls.map((call) => answer(upstream, call, current)));
    if (faults.down || calls.some(({ method }) => named(current.loseAnswersTo, method))) {
      response.destroy();
      return;
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(Array.isArray(body) ? answers : answers[0]));
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const stop = async () => {
    cut();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return {
    url: `http://127.0.0.1:${port}`,
    set: (changed) => {
      faults = { ...faults, ...changed };
      if (faults.down) cut();
    },
    heal: () => {
      faults = healthy;
    },
    count: (method) => counts.get(method) ?? 0,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function answer(upstream: string, call: RpcRequest, faults: L1Faults): Promise<RpcAnswer> {
  if (named(faults.failing, call.method)) return failure(call, "internal error");
  if (faults.swallowTransactions && call.method === "eth_sendRawTransaction") {
    const hash = await hashOfRaw(upstream, call);
    return { jsonrpc: "2.0", id: call.id, result: hash };
  }
  if (faults.headFrozenAt === undefined) return forward(upstream, call);
  return answerBehind(upstream, call, faults.headFrozenAt);
}

/** Answers as a node whose newest block is `head` would. */
async function answerBehind(upstream: string, call: RpcRequest, head: bigint): Promise<RpcAnswer> {
  const headHex = `0x${head.toString(16)}`;
  if (call.method === "eth_blockNumber") return { jsonrpc: "2.0", id: call.id, result: headHex };
  const params = (call.params ?? []).map((param) =>
    param === "latest" || param === "pending" ? headHex : param,
  );
  if (call.method === "eth_getLogs" && (await asksAbove(upstream, params[0], head))) {
    return failure(call, "unknown block");
  }
  const rpcAnswer = await forward(upstream, {
    ...call,
    params: withHead(call.method, params, headHex),
  });
  if (!("result" in rpcAnswer)) return rpcAnswer;
  const above = numberOf(call.method, rpcAnswer.result);
  return above !== undefined && above > head ? { ...rpcAnswer, result: null } : rpcAnswer;
}

/** The block parameter that is left out means "latest". */
function withHead(method: string, params: readonly unknown[], headHex: string): readonly unknown[] {
  const defaulted = ["eth_call", "eth_estimateGas", "eth_getBalance", "eth_getTransactionCount"];
  return defaulted.includes(method) && params.length === 1 ? [...params, headHex] : params;
}

async function asksAbove(upstream: string, filter: unknown, head: bigint): Promise<boolean> {
  if (typeof filter !== "object" || filter === null) return false;
  if ("blockHash" in filter) {
    const method = "eth_getBlockByHash";
    const found = await forward(upstream, { id: 1, method, params: [filter.blockHash, false] });
    const number = "result" in found ? numberOf(method, found.result) : undefined;
    return number === undefined || number > head;
  }
  return "toBlock" in filter && typeof filter.toBlock === "string" && /^0x/.test(filter.toBlock)
    ? BigInt(filter.toBlock) > head
    : false;
}

/** Block number of an answer that belongs to a block. */
function numberOf(method: string, result: unknown): bigint | undefined {
  if (typeof result !== "object" || result === null) return undefined;
  const field = method.startsWith("eth_getBlock") ? "number" : "blockNumber";
  const value = (result as Record<string, unknown>)[field];
  return typeof value === "string" ? BigInt(value) : undefined;
}

async function hashOfRaw(upstream: string, call: RpcRequest): Promise<unknown> {
  const hashed = await forward(upstream, {
    id: 1,
    method: "web3_sha3",
    params: [call.params?.[0]],
  });
  return "result" in hashed ? hashed.result : undefined;
}

async function forward(upstream: string, call: RpcRequest): Promise<RpcAnswer> {
  const response = await fetch(upstream, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: call.id,
      method: call.method,
      params: call.params ?? [],
    }),
    signal: AbortSignal.timeout(30_000),
  });
  return (await response.json()) as RpcAnswer;
}

function failure(call: RpcRequest, message: string): RpcAnswer {
  return { jsonrpc: "2.0", id: call.id, error: { code: -32_000, message } };
}

function named(methods: readonly string[], method: string): boolean {
  return methods.includes("*") || methods.includes(method);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > requestBytesMax) throw new Error("request is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
