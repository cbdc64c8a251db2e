/** The JSON-RPC server: HTTP and WebSocket on one port. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Logger, Metrics } from "@sequorum/service";
import { WebSocketServer } from "ws";
import type { CallExecutor, ChainEvents, ChainReader, TransactionPool } from "../ports.ts";
import { ChainFeed } from "./chain-feed.ts";
import type { Context } from "./context.ts";
import { createDispatch } from "./dispatch.ts";
import { FilterRegistry } from "./filters.ts";
import { formatTransaction } from "./format.ts";
import { defaultJsonRpcLimits, type JsonRpcLimits } from "./limits.ts";
import { createMethods } from "./methods.ts";
import { createJsonRpcMetrics, type JsonRpcMetrics } from "./metrics.ts";
import type { NodeInfo } from "./ports.ts";
import { Admission } from "./transport/admission.ts";
import { answerHttp, type HttpDeps, isRootPath } from "./transport/http.ts";
import { type AllowedOrigins, isOriginAllowed } from "./transport/origins.ts";
import { WebSocketConnection } from "./transport/websocket.ts";

/** Options of `startJsonRpcServer`. */
export type JsonRpcServerOptions = {
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  /** Address to listen on; loopback unless given. */
  readonly host?: string;
  readonly reader: ChainReader;
  readonly executor: CallExecutor;
  readonly pool: TransactionPool;
  readonly subscriptions: ChainEvents;
  readonly node: NodeInfo;
  /** Limits that differ from `defaultJsonRpcLimits`. */
  readonly limits?: Partial<JsonRpcLimits>;
  /** Web pages that may call; every one unless given. */
  readonly allowedOrigins?: AllowedOrigins;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Aborting it closes the server. */
  readonly signal: AbortSignal;
};

/** A listening JSON-RPC server. */
export type JsonRpcServer = { readonly port: number; close(): Promise<void> };

/** Starts the server; resolves once it listens. */
export async function startJsonRpcServer(options: JsonRpcServerOptions): Promise<JsonRpcServer> {
  options.signal.throwIfAborted();
  const limits: JsonRpcLimits = { ...defaultJsonRpcLimits, ...options.limits };
  const parts = createParts(options, limits);
  const server = createHttpServer(parts, options.logger);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.messageBytesMax,
    perMessageDeflate: false,
  });
  const connections = new Set<WebSocketConnection>();
  server.on("upgrade", (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refusal = upgradeRefusal(parts, req, connections.size);
    if (refusal !== undefined) return refuseUpgrade(socket, refusal);
    sockets.handleUpgrade(req, socket, head, (webSocket) => {
      const connection = new WebSocketConnection(webSocket, parts);
      const stopListening = parts.feed.listen(connection.session);
      connections.add(connection);
      parts.metrics.connections("websocket", connections.size);
      webSocket.once("close", () => {
        stopListening();
        connections.delete(connection);
        parts.metrics.connections("websocket", connections.size);
      });
    });
  });
  await listen(server, options.port, options.host ?? "127.0.0.1");
  const { port } = server.address() as AddressInfo;
  options.logger.info("json-rpc server listens", { port });
  const close = once(() => closeServer(server, { parts, connections }));
  options.signal.addEventListener("abort", () => void close(), { once: true });
  return { port, close };
}

type Parts = Omit<HttpDeps, "metrics"> & {
  readonly metrics: JsonRpcMetrics;
  readonly feed: ChainFeed;
  readonly pendingTransaction: ConstructorParameters<
    typeof WebSocketConnection
  >[1]["pendingTransaction"];
  readonly expiry: NodeJS.Timeout;
};

function createParts(options: JsonRpcServerOptions, limits: JsonRpcLimits): Parts {
  const { reader, executor, pool, node, logger } = options;
  const metrics = createJsonRpcMetrics(options.metrics);
  const filters = new FilterRegistry(limits, { nowMs: () => performance.now() });
  const feed = new ChainFeed(
    { queuedMax: limits.eventsQueuedMax },
    {
      events: options.subscriptions,
      onFailure: (error) =>
        logger.error("logs of a new block could not be read", { error: String(error) }),
    },
  );
  feed.listen(filters);
  const expiry = setInterval(() => {
    filters.removeExpired();
    metrics.filters(filters.size);
  }, filterExpiryIntervalMs);
  const context: Context = { reader, executor, pool, node, filters, limits };
  return {
    dispatch: createDispatch({ context, methods: createMethods(limits), metrics, logger }),
    limits,
    metrics,
    allowedOrigins: options.allowedOrigins ?? ["*"],
    inFlight: new Admission(limits.inFlightMax, metrics.inFlight),
    bodyBytes: new Admission(limits.bodyBytesInMemoryMax),
    inFlightOf: new WeakMap(),
    feed,
    expiry,
    pendingTransaction: (hash) => {
      const waiting = pool.get(hash);
      return waiting === undefined ? undefined : formatTransaction(waiting.transaction);
    },
  };
}

const filterExpiryIntervalMs = 10_000;
const timeoutCheckIntervalMs = 500;
const idleCloseIntervalMs = 20;

function createHttpServer(parts: Parts, logger: Logger): Server {
  const { limits, metrics } = parts;
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.bodyTimeoutMs,
      keepAliveTimeout: limits.idleTimeoutMs,
      connectionsCheckingInterval: timeoutCheckIntervalMs,
    },
    (req, res) => {
      answerHttp(parts, req, res).catch((error: unknown) => {
        logger.error("json-rpc http exchange failed", { error: String(error) });
        req.socket.destroy();
      });
    },
  );
  server.maxConnections = limits.connectionsMax;
  let open = 0;
  server.on("connection", (socket: Socket) => {
    metrics.connections("http", ++open);
    socket.once("close", () => metrics.connections("http", --open));
  });
  server.on("drop", () => metrics.cut("connectionsMax"));
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
    const isTimeout = error.code === "ERR_HTTP_REQUEST_TIMEOUT";
    metrics.cut(isTimeout ? "headersOrBodyTimeout" : "malformedHttp");
    refuseUpgrade(socket, isTimeout ? "408 Request Timeout" : "400 Bad Request");
  });
  return server;
}

/** Status line that refuses a WebSocket, if it is refused. */
function upgradeRefusal(parts: Parts, req: IncomingMessage, open: number): string | undefined {
  const { limits, metrics, allowedOrigins } = parts;
  if (!isRootPath(req.url)) return "404 Not Found";
  if (!isOriginAllowed(req.headers.origin, allowedOrigins)) {
    metrics.cut("originRefused");
    return "403 Forbidden";
  }
  if (open < limits.webSocketsMax) return undefined;
  metrics.cut("webSocketsMax");
  return "503 Service Unavailable";
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.on("error", () => {});
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () =>
    socket.destroy(),
  );
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Stops accepting, says goodbye to subscribers, lets work in flight finish for `drainMs`, then cuts. */
async function closeServer(
  server: Server,
  {
    parts,
    connections,
  }: { readonly parts: Parts; readonly connections: ReadonlySet<WebSocketConnection> },
): Promise<void> {
  clearInterval(parts.expiry);
  parts.feed.close();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // Kept-alive connections become idle as their answers are sent.
  const closingIdle = setInterval(() => server.closeIdleConnections(), idleCloseIntervalMs);
  for (const connection of connections) connection.close();
  const cutting = setTimeout(() => {
    for (const connection of connections) connection.terminate();
    server.closeAllConnections();
  }, parts.limits.drainMs);
  await closed;
  clearInterval(closingIdle);
  clearTimeout(cutting);
}

function once(work: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
