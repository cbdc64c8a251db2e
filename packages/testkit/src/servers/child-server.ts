/** Starts and stops a real server as a child process with a temporary directory of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** Root of the repository (this file is packages/testkit/src/servers/child-server.ts). */
export const repositoryRoot = join(import.meta.dirname, "..", "..", "..", "..");

/** A running child server. */
export type ChildServer = {
  readonly process: ChildProcess;
  stop(signal?: NodeJS.Signals): Promise<void>;
};

const startTimeoutMs = 30_000;
const stopTimeoutMs = 10_000;
const outputBytesMax = 8_192;
/** nobody: Postgres refuses to run as root. */
const unprivilegedId = 65534;

/** The identity to run an unprivileged server with: nobody when this process is root, else unchanged. */
export function unprivileged(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: unprivilegedId, gid: unprivilegedId } : {};
}

/** A fresh temporary directory that the unprivileged identity may write. */
export function temporaryDirectory(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), `sequorum-${name}-`));
  const { uid, gid } = unprivileged();
  if (uid !== undefined && gid !== undefined) chownSync(directory, uid, gid);
  return directory;
}

/** Below 20,000, where end-to-end tests begin, and 32,768, where Linux takes ports for outgoing connections from. */
const firstPort = 12_000;
const ports = 8_000;
const handedOut = new Set<number>();

/**
 * A TCP port of 127.0.0.1 that was free a moment ago, another one each time. A server may listen on it later: no
 * connection takes it meanwhile, as happens to a port that the system chose.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = firstPort + Math.floor(Math.random() * ports);
    if (handedOut.has(port)) continue;
    handedOut.add(port);
    if (await canListen(port)) return port;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(false) : reject(error),
    );
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** First existing file: the candidates in order, then `name` on PATH. */
export function findExecutable(name: string, candidates: readonly (string | undefined)[]): string {
  const onPath = (process.env["PATH"] ?? "").split(delimiter).map((dir) => join(dir, name));
  for (const file of [...candidates, ...onPath]) {
    if (file !== undefined && existsSync(file)) return file;
  }
  throw new Error(`${name} not found; tried ${candidates.filter(Boolean).join(", ")} and PATH`);
}

/** Spawns a server, waits until `isUp`, and removes `directory` when it has stopped. */
export async function startChildServer(options: {
  readonly file: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly isUp: () => Promise<boolean>;
  readonly runUnprivileged?: boolean;
}): Promise<ChildServer> {
  const { file, args, directory } = options;
  const child = spawn(file, args, {
    cwd: directory,
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.runUnprivileged === true ? unprivileged() : {}),
  });
  let output = "";
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-outputBytesMax);
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  child.on("error", (error) => collect(Buffer.from(String(error))));
  const killOnExit = (): void => void child.kill("SIGKILL");
  process.once("exit", killOnExit);
  const stop = async (signal: NodeJS.Signals = "SIGTERM"): Promise<void> => {
    await terminate(child, signal);
    process.off("exit", killOnExit);
    rmSync(directory, { recursive: true, force: true });
  };
  const deadline = Date.now() + startTimeoutMs;
  while (!(await options.isUp())) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop("SIGKILL");
      throw new Error(`${file} did not start: ${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { process: child, stop };
}

/** Whether something listens on the port of 127.0.0.1. */
export async function accepts(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function terminate(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill(signal);
  const force = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
  await exited;
  clearTimeout(force);
}
