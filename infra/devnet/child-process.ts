/** Child processes of the development pool: started with a log file, watched, and stopped in time. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** A child process. */
export type Child = {
  readonly name: string;
  readonly pid: number;
  /** Whether it still runs. */
  alive(): boolean;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  /** Sends `signal`, and SIGKILL after `timeoutMs`. */
  stop(signal: NodeJS.Signals, timeoutMs?: number): Promise<void>;
};

/** What to start. */
export type ChildOptions = {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly logFile: string;
  /** User and group to run as; this process' own when left out. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Opens an IPC channel, whose end tells a Node.js child that its parent is gone. */
  readonly ipc?: boolean;
  /** Polled until true; the child is killed and an error thrown when it ends or `startTimeoutMs` passes first. */
  readonly ready: () => Promise<boolean>;
  readonly startTimeoutMs?: number;
};

const startTimeoutMs = 30_000;
const stopTimeoutMs = 4_000;
const pollMs = 25;

/** Starts a child in a process group of its own, so that Ctrl-C reaches it only through `stop`. */
export async function startChild(options: ChildOptions): Promise<Child> {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, "a");
  const child = spawn(options.file, [...options.args], {
    detached: true,
    stdio: ["ignore", log, log, ...(options.ipc === true ? (["ipc"] as const) : [])],
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...options.user,
  });
  closeSync(log);
  const handle = wrap(options.name, child);
  const deadline = Date.now() + (options.startTimeoutMs ?? startTimeoutMs);
  while (!(await options.ready())) {
    if (!handle.alive() || Date.now() > deadline) {
      await handle.stop("SIGKILL");
      throw new Error(
        `${options.name} did not start:\n${tail(options.logFile)}\n(log: ${options.logFile})`,
      );
    }
    await delay(pollMs);
  }
  return handle;
}

/** Whether something listens on a port of 127.0.0.1. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

function wrap(name: string, child: ChildProcess): Child {
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const alive = () =>
    child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  return {
    name,
    pid: child.pid ?? 0,
    alive,
    ended,
    async stop(signal, timeoutMs = stopTimeoutMs) {
      if (!alive()) return;
      child.kill(signal);
      const force = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
      await ended;
      clearTimeout(force);
    },
  };
}

function tail(file: string): string {
  return readFileSync(file, "utf8").trim().split("\n").slice(-15).join("\n");
}
