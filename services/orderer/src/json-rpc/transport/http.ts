/** JSON-RPC over HTTP POST: reads a bounded body, dispatches it, writes the answer. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { inTrace } from "@sequorum/service";
import type { Dispatch } from "../dispatch.ts";
import { errorAnswer } from "../envelope.ts";
import { JsonRpcFailure, limitExceeded } from "../errors.ts";
import type { JsonRpcLimits } from "../limits.ts";
import type { CutReason, JsonRpcMetrics } from "../metrics.ts";
import type { Admission } from "./admission.ts";
import { type AllowedOrigins, corsHeaders, isOriginAllowed } from "./origins.ts";

/** What the HTTP side works with. */
export type HttpDeps = {
  readonly dispatch: Dispatch;
  readonly limits: JsonRpcLimits;
  readonly metrics: JsonRpcMetrics;
  readonly allowedOrigins: AllowedOrigins;
  /** Messages being worked on, WebSocket ones included. */
  readonly inFlight: Admission;
  /** Bytes of bodies being read. */
  readonly bodyBytes: Admission;
  readonly inFlightOf: WeakMap<Socket, number>;
};

/** Answers one HTTP request. */
export async function answerHttp(
  deps: HttpDeps,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const { origin } = req.headers;
  const headers = corsHeaders(origin, deps.allowedOrigins);
  const refusal = refusalOf(deps, req);
  if (refusal !== undefined) return refuse(res, headers, refusal);
  if (req.method === "OPTIONS") return void res.writeHead(204, headers).end();
  if (req.method !== "POST") return void res.writeHead(200, headers).end();
  const body = await readBody(deps, req);
  if (body.type === "gone") return;
  if (body.type === "refused") return refuse(res, headers, body.refusal);
  await answerBody(deps, { req, res, headers }, body.bytes);
}

/** Why a request is refused before its body is looked at. */
type Refusal = { readonly status: number; readonly text: string };

type Exchange = {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly headers: Readonly<Record<string, string>>;
};

function refusalOf(
  { limits, metrics, allowedOrigins }: HttpDeps,
  req: IncomingMessage,
): Refusal | undefined {
  if (!isRootPath(req.url)) return plain(404, "not found");
  if (!isOriginAllowed(req.headers.origin, allowedOrigins)) {
    metrics.cut("originRefused");
    return plain(403, "origin not allowed");
  }
  if (req.method === "OPTIONS" || req.method === "GET" || req.method === "HEAD") return undefined;
  if (req.method !== "POST") return plain(405, "use POST");
  // A page of any origin can post other types without asking first, so only this one is taken.
  if (!/^application\/json\b/i.test(req.headers["content-type"] ?? "")) {
    return plain(415, "content-type must be application/json");
  }
  if ((req.headers["content-encoding"] ?? "identity") !== "identity") {
    return plain(415, "compressed bodies are not taken");
  }
  if (Number(req.headers["content-length"] ?? 0) > limits.messageBytesMax) {
    metrics.cut("messageBytesMax");
    return tooLarge(limits);
  }
  return undefined;
}

type Body =
  | { readonly type: "read"; readonly bytes: Buffer }
  | { readonly type: "refused"; readonly refusal: Refusal }
  | { readonly type: "gone" };

async function readBody(
  { limits, metrics, bodyBytes }: HttpDeps,
  req: IncomingMessage,
): Promise<Body> {
  const chunks: Buffer[] = [];
  let size = 0;
  const cut = (reason: CutReason, refusal: Refusal): Body => {
    metrics.cut(reason);
    return { type: "refused", refusal };
  };
  try {
    // Leaving the loop must not destroy the socket: a refusal is still to be sent on it.
    for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (size + chunk.length > limits.messageBytesMax)
        return cut("messageBytesMax", tooLarge(limits));
      if (!bodyBytes.tryEnter(chunk.length))
        return cut("bodyBytesInMemoryMax", unavailable("bodyBytesInMemoryMax"));
      size += chunk.length;
      chunks.push(chunk);
    }
  } catch {
    // The client went away or Node's timeouts cut it; there is nobody to answer.
    return { type: "gone" };
  } finally {
    bodyBytes.leave(size);
  }
  return { type: "read", bytes: Buffer.concat(chunks, size) };
}

async function answerBody(deps: HttpDeps, exchange: Exchange, bytes: Buffer): Promise<void> {
  const { req, res, headers } = exchange;
  const { limits, metrics, inFlight, inFlightOf } = deps;
  const { socket } = req;
  const onSocket = inFlightOf.get(socket) ?? 0;
  if (onSocket >= limits.inFlightPerConnectionMax) {
    metrics.cut("inFlightPerConnectionMax");
    return refuse(res, headers, { ...unavailable("inFlightPerConnectionMax"), status: 429 });
  }
  if (!inFlight.tryEnter()) {
    metrics.cut("inFlightMax");
    return refuse(res, headers, unavailable("inFlightMax"));
  }
  inFlightOf.set(socket, onSocket + 1);
  try {
    const text = decodeUtf8(bytes);
    const answer =
      text === undefined
        ? errorAnswer(null, new JsonRpcFailure("parseError", "parse error"))
        : await inTrace({ traceparent: String(req.headers["traceparent"] ?? "") }, () =>
            deps.dispatch(text),
          );
    send(deps, exchange, answer);
  } finally {
    inFlight.leave();
    inFlightOf.set(socket, (inFlightOf.get(socket) ?? 1) - 1);
  }
}

/** Whether the request is for "/", with or without a query. */
export function isRootPath(url: string | undefined): boolean {
  return url === "/" || url?.startsWith("/?") === true;
}

/** UTF-8 as RFC 8259 demands it; `undefined` for anything else. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function send(
  { limits, metrics }: HttpDeps,
  { req, res, headers }: Exchange,
  answer: string | undefined,
): void {
  if (answer === undefined) return void res.writeHead(204, headers).end();
  if (res.destroyed) return; // The client did not wait.
  const bytes = Buffer.from(answer);
  const timer = setTimeout(() => {
    metrics.cut("responseReadTimeout");
    req.socket.destroy();
  }, limits.responseReadTimeoutMs);
  res.once("close", () => clearTimeout(timer));
  res.writeHead(200, {
    ...headers,
    "content-type": "application/json",
    "content-length": bytes.length,
  });
  res.end(bytes);
}

function refuse(
  res: ServerResponse,
  headers: Readonly<Record<string, string>>,
  refusal: Refusal,
): void {
  const isJson = refusal.text.startsWith("{");
  res.writeHead(refusal.status, {
    ...headers,
    "content-type": isJson ? "application/json" : "text/plain",
    connection: "close",
  });
  // The rest of the body is not read, so the connection cannot be used again: "connection: close" ends it.
  res.end(refusal.text);
}

function plain(status: number, text: string): Refusal {
  return { status, text: `${text}\n` };
}

function tooLarge({ messageBytesMax }: JsonRpcLimits): Refusal {
  const failure = limitExceeded(`body is larger than ${messageBytesMax} bytes`, "messageBytesMax");
  return { status: 413, text: errorAnswer(null, failure) };
}

function unavailable(limit: CutReason): Refusal {
  return {
    status: 503,
    text: errorAnswer(null, limitExceeded("server is busy, try again", limit)),
  };
}
