/** The real servers behind the development pool: anvil as L1, nats-server, Postgres. Their data survives a restart. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import postgres from "postgres";
import { type Child, listens, startChild } from "./child-process.ts";
import { type Directories, runsAsRoot, unprivilegedUser } from "./directories.ts";

/** A server and where to reach it. */
export type Server = { readonly child: Child; readonly url: string };

/** Options of the L1 node. */
export type L1Options = {
  readonly port: number;
  readonly blockSeconds: number;
  readonly chainId: number;
};

/** Starts anvil; its chain is saved every second and when it stops. */
export async function startL1(directories: Directories, options: L1Options): Promise<Server> {
  const url = `http://127.0.0.1:${options.port}`;
  const child = await startChild({
    name: "l1",
    file: "anvil",
    args: [
      ...["--port", String(options.port), "--chain-id", String(options.chainId)],
      ...["--block-time", String(options.blockSeconds), "--slots-in-an-epoch", "1"],
      ...["--hardfork", "prague", "--preserve-historical-states", "--quiet"],
      ...["--state", directories.l1State, "--state-interval", "5"],
    ],
    logFile: join(directories.logs, "l1.log"),
    ready: () => answersRpc(url),
  });
  return { child, url };
}

/** Starts nats-server with JetStream. */
export async function startNats(directories: Directories, port: number): Promise<Server> {
  const child = await startChild({
    name: "nats",
    file: process.env["SEQUORUM_NATS_BIN"] ?? "nats-server",
    args: ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", directories.nats],
    logFile: join(directories.logs, "nats.log"),
    ready: () => listens(port),
  });
  return { child, url: `nats://127.0.0.1:${port}` };
}

/** Settings for many small services on one small machine; durability stays as it is in production. */
const postgresSettings: readonly string[] = [
  "listen_addresses=127.0.0.1",
  "unix_socket_directories=",
  "max_connections=400",
  "shared_buffers=64MB",
  "max_wal_size=512MB",
  "wal_level=minimal",
  "max_wal_senders=0",
  "autovacuum_naptime=60s",
  "log_min_messages=warning",
];

/** Starts Postgres, and creates its cluster the first time. */
export async function startPostgres(directories: Directories, port: number): Promise<Server> {
  const binaries = process.env["SEQUORUM_POSTGRES_BIN"];
  const binary = (name: string) => (binaries === undefined ? name : join(binaries, name));
  const user = runsAsRoot() ? unprivilegedUser : undefined;
  const data = join(directories.postgres, "data");
  if (!existsSync(join(data, "PG_VERSION"))) {
    await promisify(execFile)(
      binary("initdb"),
      ["-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"],
      { cwd: directories.postgres, ...user },
    );
  }
  const url = `postgres://postgres@127.0.0.1:${port}`;
  const child = await startChild({
    name: "postgres",
    file: binary("postgres"),
    args: [
      "-D",
      data,
      "-p",
      String(port),
      ...postgresSettings.flatMap((setting) => ["-c", setting]),
    ],
    cwd: directories.postgres,
    logFile: join(directories.logs, "postgres.log"),
    ready: () => answersSql(`${url}/postgres`),
    ...(user === undefined ? {} : { user }),
  });
  return { child, url };
}

/** Creates the databases that are missing. */
export async function createDatabases(url: string, names: readonly string[]): Promise<void> {
  const sql = postgres(`${url}/postgres`, { max: 1, onnotice: () => {} });
  const present = new Set(
    (await sql`select datname from pg_database`).map(({ datname }) => datname),
  );
  for (const name of names.filter((candidate) => !present.has(candidate))) {
    await sql.unsafe(`create database "${name}"`);
  }
  await sql.end();
}

async function answersRpc(url: string): Promise<boolean> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] });
  try {
    const headers = { "content-type": "application/json" };
    return (await fetch(url, { method: "POST", headers, body })).ok;
  } catch {
    return false;
  }
}

async function answersSql(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => {} });
  try {
    await sql`select 1`;
    return true;
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 1 });
  }
}
