// Configuration of the l1-proposer; the only reader of its environment variables.

import {
  type ConfigKeys,
  directory,
  endpoint,
  filePath,
  integer,
  name,
  optional,
  parseConfig,
  port,
  required,
  text,
  url,
} from "@sequorum/service";

/** Where the l1-proposer finds its neighbours and keys, and how it pays. */
export type L1ProposerConfig = {
  readonly operator: string;
  /** Network description (JSON). */
  readonly networkFile: string;
  readonly postgresUrl: string;
  readonly natsUrl: string;
  readonly l1RpcUrl: string;
  /** Without authentication: for the operator's own services. */
  readonly grpcHost: string;
  readonly grpcPort: number;
  readonly httpHost: string;
  readonly httpPort: number;
  /** Directory that holds l1-sender.json and sequencer.json. */
  readonly keystoreDir: string;
  readonly keystorePasswordFile: string;
  /** host:port of the operator's own services. */
  readonly batcherUrl: string;
  readonly posConsensusUrl: string;
  readonly pollIntervalMs: number;
  readonly l1TimeoutMs: number;
  readonly maxFeePerGasGwei: number;
  readonly priorityFeePerGasMwei: number;
  readonly feeBumpPerMille: number;
  readonly feeBumpAfterMs: number;
  readonly rebroadcastAfterMs: number;
  readonly retryAfterMs: number;
  readonly fallbackBlocks: number;
  readonly finalityDepth: number;
  readonly inFlightMax: number;
  readonly gasLimitMax: number;
  readonly balanceMinMilliether: number;
};

const day = 86_400_000;

/** Variable, parser and default of each field. */
export const l1ProposerConfigKeys: ConfigKeys<L1ProposerConfig> = {
  operator: required("L1_PROPOSER_OPERATOR", name),
  networkFile: required("L1_PROPOSER_NETWORK_FILE", filePath),
  postgresUrl: required("L1_PROPOSER_POSTGRES_URL", url),
  natsUrl: required("L1_PROPOSER_NATS_URL", url),
  l1RpcUrl: required("L1_PROPOSER_L1_RPC_URL", url),
  grpcHost: optional("L1_PROPOSER_GRPC_HOST", text, "127.0.0.1"),
  grpcPort: required("L1_PROPOSER_GRPC_PORT", port),
  httpHost: optional("L1_PROPOSER_HTTP_HOST", text, "127.0.0.1"),
  httpPort: required("L1_PROPOSER_HTTP_PORT", port),
  keystoreDir: required("L1_PROPOSER_KEYSTORE_DIR", directory),
  keystorePasswordFile: required("L1_PROPOSER_KEYSTORE_PASSWORD_FILE", filePath),
  batcherUrl: required("L1_PROPOSER_BATCHER_URL", endpoint),
  posConsensusUrl: required("L1_PROPOSER_POS_CONSENSUS_URL", endpoint),
  pollIntervalMs: optional(
    "L1_PROPOSER_POLL_INTERVAL_MS",
    integer({ min: 50, max: 60_000 }),
    1_000,
  ),
  l1TimeoutMs: optional("L1_PROPOSER_L1_TIMEOUT_MS", integer({ min: 100, max: 60_000 }), 5_000),
  maxFeePerGasGwei: optional(
    "L1_PROPOSER_MAX_FEE_PER_GAS_GWEI",
    integer({ min: 1, max: 100_000 }),
    300,
  ),
  priorityFeePerGasMwei: optional(
    "L1_PROPOSER_PRIORITY_FEE_PER_GAS_MWEI",
    integer({ min: 1, max: 1_000_000 }),
    100,
  ),
  feeBumpPerMille: optional(
    "L1_PROPOSER_FEE_BUMP_PER_MILLE",
    integer({ min: 125, max: 2_000 }),
    150,
  ),
  feeBumpAfterMs: optional(
    "L1_PROPOSER_FEE_BUMP_AFTER_MS",
    integer({ min: 100, max: day }),
    36_000,
  ),
  rebroadcastAfterMs: optional(
    "L1_PROPOSER_REBROADCAST_AFTER_MS",
    integer({ min: 100, max: day }),
    12_000,
  ),
  retryAfterMs: optional("L1_PROPOSER_RETRY_AFTER_MS", integer({ min: 50, max: 60_000 }), 1_000),
  fallbackBlocks: optional("L1_PROPOSER_FALLBACK_BLOCKS", integer({ min: 0, max: 1_000 }), 2),
  finalityDepth: optional("L1_PROPOSER_FINALITY_DEPTH", integer({ min: 1, max: 10_000 }), 64),
  inFlightMax: optional("L1_PROPOSER_IN_FLIGHT_MAX", integer({ min: 1, max: 16 }), 4),
  gasLimitMax: optional(
    "L1_PROPOSER_GAS_LIMIT_MAX",
    integer({ min: 100_000, max: 30_000_000 }),
    15_000_000,
  ),
  balanceMinMilliether: optional(
    "L1_PROPOSER_BALANCE_MIN_MILLIETHER",
    integer({ min: 0, max: 1_000_000 }),
    100,
  ),
};

/** Reads the configuration; throws `ConfigError` that names every problem. */
export function parseL1ProposerConfig(
  env: Readonly<Record<string, string | undefined>>,
): L1ProposerConfig {
  return parseConfig(env, l1ProposerConfigKeys);
}
