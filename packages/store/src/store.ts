/** A service's own Postgres schema: connection pool, migrations, transactions. */
import { readdir, readFile } from "node:fs/promises";
import { FatalError, RetryableError, retry } from "@sequorum/service";
import { type Connection, connect, type Sql, type Transaction } from "./connection.ts";

/** A service's store. */
export type Store = {
  /** Queries outside a transaction; `search_path` is the service's schema. */
  readonly sql: Sql;
  /** Runs `work` in a transaction that is on disk when this resolves. Throws `RetryableError` when Postgres is away. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};

/** Options of `openStore`. */
export type StoreOptions = Connection & {
  /** Directory of `000001_name.sql` files, applied once each in order. */
  readonly migrations: URL;
  readonly signal: AbortSignal;
};

const openTimeoutMs = 60_000;

/** Connects, creates the schema when missing and applies migrations. Waits up to a minute for Postgres, then throws `RetryableError`. */
export async function openStore(options: StoreOptions): Promise<Store> {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(options.schema)) {
    throw new FatalError(`schema name ${options.schema} is not lower-case letters, digits and _`);
  }
  const sql = connect(options);
  const attempt = () => environment(() => migrate(sql, options));
  try {
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(openTimeoutMs)]);
    await retry(attempt, { signal, baseMs: 100, capMs: 2_000 });
  } catch (error) {
    await sql.end({ timeout: 1 });
    throw error;
  }
  return {
    sql: sql,
    transaction: (work) => transact(sql, work),
    close: () => sql.end({ timeout: 5 }),
  };
}

const callbacks = new WeakMap<object, (() => void)[]>();

/** Calls `callback` once the transaction is on disk; never when it is rolled back. */
export function afterCommit(tx: Transaction, callback: () => void): void {
  callbacks.get(tx)?.push(callback);
}

async function transact<T>(sql: Sql, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const committed: (() => void)[] = [];
  const result = await environment(() =>
    sql.begin((tx) => {
      callbacks.set(tx, committed);
      return work(tx);
    }),
  );
  for (const callback of committed) callback();
  return result as T;
}

async function migrate(sql: Sql, { schema, migrations }: StoreOptions): Promise<void> {
  const files = (await readdir(migrations)).filter((file) => /^\d{6}_.*\.sql$/.test(file)).sort();
  await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(hashtext(${`sequorum/${schema}`}))`;
    await tx.unsafe(`create schema if not exists ${schema}`);
    await tx.unsafe(
      "create table if not exists migrations (name text primary key, applied_at timestamptz not null default now())",
    );
    const done = new Set((await tx`select name from migrations`).map(({ name }) => name));
    for (const file of files.filter((name) => !done.has(name))) {
      await tx.unsafe(await readFile(new URL(file, migrations), "utf8"));
      await tx`insert into migrations (name) values (${file})`;
    }
  });
}

/** Classes of SQLSTATE after which the same work may succeed: connection, resources, operator, rollback. */
const retryableStates = /^(?:08|53|57|40)/;
const connectionCodes = /^(?:ECONN|EPIPE|ETIMEDOUT|ENOENT|CONNECT|CONNECTION_)/;

async function environment<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (typeof code === "string" && (retryableStates.test(code) || connectionCodes.test(code))) {
      throw new RetryableError("Postgres did not answer", { cause: error });
    }
    throw error;
  }
}
