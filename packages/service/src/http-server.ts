/** Health and metrics endpoints of a service. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Metrics } from "./metrics.ts";

/** A listening server. */
export type ListeningServer = { readonly port: number; close(): Promise<void> };

/** What the endpoints answer from. */
export type HttpServerOptions = {
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  readonly host?: string;
  /** Whether the service can do its work: synced, connected, log writable. */
  readonly ready: () => boolean | Promise<boolean>;
  readonly metrics: Metrics;
};

/** Serves `/healthz` (alive), `/readyz` (can work) and `/metrics` (Prometheus text). */
export async function startHttpServer(options: HttpServerOptions): Promise<ListeningServer> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (req, res) => {
    answer(options, req, res).catch(() => {
      if (!res.headersSent) res.writeHead(500);
      res.end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host ?? "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  { ready, metrics }: HttpServerOptions,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  if (req.url === "/healthz") {
    res.writeHead(200, { "content-type": "text/plain" }).end("ok\n");
  } else if (req.url === "/readyz") {
    const isReady = await ready();
    res.writeHead(isReady ? 200 : 503, { "content-type": "text/plain" });
    res.end(isReady ? "ready\n" : "not ready\n");
  } else if (req.url === "/metrics") {
    res.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(await metrics.text());
  } else {
    res.writeHead(404, { "content-type": "text/plain" });
    res.end("not found: try /healthz, /readyz or /metrics\n");
  }
}
