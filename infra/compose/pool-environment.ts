/** Environment of the programs of compose.yaml. */

/** Where the shared servers and the data are. */
export type PoolEnvironment = {
  /** Number of operators of a new pool. */
  readonly operators: number;
  readonly dataDirectory: string;
  /** First of the ports in use (infra/devnet/ports.ts). */
  readonly portBase: number;
  readonly l1Url: string;
  readonly natsUrl: string;
  /** Without a database name. */
  readonly postgresUrl: string;
  readonly logLevel: string;
};

/** Reads the keys POOL_*; throws when one is missing. */
export function readPoolEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): PoolEnvironment {
  return {
    operators: Number(env["POOL_OPERATORS"] ?? "5"),
    dataDirectory: need(env, "POOL_DATA_DIR"),
    portBase: Number(env["POOL_PORT_BASE"] ?? "10000"),
    l1Url: need(env, "POOL_L1_URL"),
    natsUrl: need(env, "POOL_NATS_URL"),
    postgresUrl: need(env, "POOL_POSTGRES_URL"),
    logLevel: env["LOG_LEVEL"] ?? "info",
  };
}

function need(env: Readonly<Record<string, string | undefined>>, key: string): string {
  const value = env[key];
  if (value === undefined || value === "") throw new Error(`${key} is required`);
  return value;
}
