/** A real nats-server with JetStream in a temporary directory, for integration tests. */
import { join } from "node:path";
import {
  accepts,
  findExecutable,
  freePort,
  repositoryRoot,
  startChildServer,
  temporaryDirectory,
} from "./child-server.ts";

/** A running NATS server. */
export type NatsServer = {
  readonly url: string;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Starts nats-server on a free port of 127.0.0.1 (SEQUORUM_NATS_BIN, PATH, else the repository's cache). */
export async function startNats(): Promise<NatsServer> {
  const file = findNats();
  const directory = temporaryDirectory("nats");
  const port = await freePort();
  const child = await startChildServer({
    file,
    args: ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", join(directory, "jetstream")],
    directory,
    isUp: () => accepts(port),
    runUnprivileged: false,
  });
  const stop = () => child.stop("SIGTERM");
  return { url: `nats://127.0.0.1:${port}`, stop, [Symbol.asyncDispose]: stop };
}

function findNats(): string {
  const configured = process.env["SEQUORUM_NATS_BIN"];
  if (configured !== undefined) return findExecutable("nats-server", [configured]);
  try {
    return findExecutable("nats-server", []);
  } catch {
    return findExecutable("nats-server", [join(repositoryRoot, ".cache/nats/nats-server")]);
  }
}
