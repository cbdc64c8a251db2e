/** A real anvil (development Ethereum node) for integration tests. */
import { join } from "node:path";
import {
  findExecutable,
  freePort,
  repositoryRoot,
  startChildServer,
  temporaryDirectory,
} from "./child-server.ts";

/** A running anvil; `url` is its JSON-RPC endpoint. */
export type AnvilServer = {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Starts anvil on a free port of 127.0.0.1; `args` are passed on (for example `["--block-time", "1"]`). */
export async function startAnvil(
  options: { readonly args?: readonly string[] } = {},
): Promise<AnvilServer> {
  const file = findExecutable("anvil", [join(repositoryRoot, "node_modules/.bin/anvil")]);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = await startChildServer({
    file,
    args: ["--host", "127.0.0.1", "--port", String(port), ...(options.args ?? [])],
    directory: temporaryDirectory("anvil"),
    isUp: () => answers(url),
  });
  const stop = () => child.stop("SIGTERM");
  return { url, port, stop, [Symbol.asyncDispose]: stop };
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] }),
      signal: AbortSignal.timeout(1_000),
    });
    return response.ok;
  } catch {
    return false;
  }
}
