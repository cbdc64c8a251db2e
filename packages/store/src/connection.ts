/** Connections to a service's schema in Postgres. Loads little, for threads that only query. */
import postgres from "postgres";

/** A query runner; int8 columns and parameters are bigint. */
export type Sql = postgres.Sql<{ bigint: bigint }>;

/** A query runner bound to one transaction. */
export type Transaction = postgres.TransactionSql<{ bigint: bigint }>;

/** Where to connect to. */
export type Connection = {
  readonly url: string;
  /** Schema of the service; `search_path` of every query. */
  readonly schema: string;
  /** Connections of the pool. */
  readonly connectionsMax?: number;
};

const connectTimeoutSeconds = 5;

/** A pool of connections, made when they are needed. */
export function connect({ url, schema, connectionsMax = 4 }: Connection): Sql {
  return postgres(url, {
    max: connectionsMax,
    connect_timeout: connectTimeoutSeconds,
    onnotice: () => {},
    connection: { search_path: schema, application_name: `sequorum-${schema}` },
    types: { bigint: postgres.BigInt },
  });
}
