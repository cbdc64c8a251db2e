/** Configuration of the orderer; the only reader of its environment variables. */
import { isHex, type Hex } from "@sequorum/protocol";
import {
  type ConfigKeys,
  directory,
  filePath,
  integer,
  name,
  optional,
  type Parser,
  parseConfig,
  port,
  required,
  text,
  url,
} from "@sequorum/service";

/** What one orderer is configured with. */
export type OrdererConfig = {
  readonly operator: string;
  /** Network description (JSON). */
  readonly networkFile: string;
  readonly postgresUrl: string;
  readonly natsUrl: string;
  readonly l1RpcUrl: string;
  /** Address and port of the L2 JSON-RPC (HTTP and WebSocket). */
  readonly rpcHost: string;
  readonly rpcPort: number;
  /** Without authentication: for the operator's own services. */
  readonly grpcHost: string;
  readonly grpcPort: number;
  readonly feedHost: string;
  readonly feedPort: number;
  readonly httpHost: string;
  readonly httpPort: number;
  /** Directory that holds sequencer.json and feed-tls.json. */
  readonly keystoreDir: string;
  readonly keystorePasswordFile: string;
  /** Fee recipient of own blocks; the sequencer address when null. */
  readonly coinbase: Hex | null;
  readonly stallTimeoutMs: number;
  readonly originSettleMs: number;
  readonly originSettleBlocks: number;
  readonly l1PollIntervalMs: number;
  readonly buildMsMax: number;
  readonly callGasMax: number;
  readonly callsMax: number;
  readonly callMsMax: number;
  readonly stateCacheBytes: number;
  readonly stateBlocksKeptMin: number;
  readonly mempoolTransactionsMax: number;
  readonly mempoolBytesMax: number;
  readonly mempoolPerSenderMax: number;
};

const address: Parser<Hex> = (value) => {
  const lower = value.toLowerCase();
  if (!isHex(lower, 20)) throw new Error("must be a 20-byte address");
  return lower;
};

const count = integer({ min: 1, max: 10_000_000 });

/** Nothing is reachable from outside unless the operator says so. */
const loopback = "127.0.0.1";

/** Variable and parser of each field. */
export const ordererConfigKeys: ConfigKeys<OrdererConfig> = {
  operator: required("ORDERER_OPERATOR", name),
  networkFile: required("ORDERER_NETWORK_FILE", filePath),
  postgresUrl: required("ORDERER_POSTGRES_URL", url),
  natsUrl: required("ORDERER_NATS_URL", url),
  l1RpcUrl: required("ORDERER_L1_RPC_URL", url),
  rpcHost: optional("ORDERER_RPC_HOST", text, loopback),
  rpcPort: required("ORDERER_RPC_PORT", port),
  grpcHost: optional("ORDERER_GRPC_HOST", text, loopback),
  grpcPort: required("ORDERER_GRPC_PORT", port),
  feedHost: optional("ORDERER_FEED_HOST", text, loopback),
  feedPort: required("ORDERER_FEED_PORT", port),
  httpHost: optional("ORDERER_HTTP_HOST", text, loopback),
  httpPort: required("ORDERER_HTTP_PORT", port),
  keystoreDir: required("ORDERER_KEYSTORE_DIR", directory),
  keystorePasswordFile: required("ORDERER_KEYSTORE_PASSWORD_FILE", filePath),
  coinbase: optional<Hex | null>("ORDERER_COINBASE", address, null),
  stallTimeoutMs: optional(
    "ORDERER_STALL_TIMEOUT_MS",
    integer({ min: 1_000, max: 600_000 }),
    5_000,
  ),
  originSettleMs: optional("ORDERER_ORIGIN_SETTLE_MS", integer({ min: 0, max: 600_000 }), 2_000),
  originSettleBlocks: optional("ORDERER_ORIGIN_SETTLE_BLOCKS", integer({ min: 0, max: 64 }), 2),
  l1PollIntervalMs: optional(
    "ORDERER_L1_POLL_INTERVAL_MS",
    integer({ min: 50, max: 60_000 }),
    1_000,
  ),
  buildMsMax: optional("ORDERER_BUILD_MS_MAX", integer({ min: 50, max: 10_000 }), 700),
  callGasMax: optional(
    "ORDERER_CALL_GAS_MAX",
    integer({ min: 100_000, max: 1_000_000_000 }),
    30_000_000,
  ),
  callsMax: optional("ORDERER_CALLS_MAX", integer({ min: 1, max: 1_000 }), 16),
  callMsMax: optional("ORDERER_CALL_MS_MAX", integer({ min: 50, max: 60_000 }), 5_000),
  stateCacheBytes: optional(
    "ORDERER_STATE_CACHE_BYTES",
    integer({ min: 67_108_864, max: 4_294_967_294 }),
    268_435_456,
  ),
  stateBlocksKeptMin: optional(
    "ORDERER_STATE_BLOCKS_KEPT_MIN",
    integer({ min: 1, max: 1_000_000_000 }),
    20_000,
  ),
  mempoolTransactionsMax: optional("ORDERER_MEMPOOL_TRANSACTIONS_MAX", count, 16_384),
  mempoolBytesMax: optional(
    "ORDERER_MEMPOOL_BYTES_MAX",
    integer({ min: 1_024, max: 4_294_967_296 }),
    67_108_864,
  ),
  mempoolPerSenderMax: optional("ORDERER_MEMPOOL_PER_SENDER_MAX", count, 256),
};

/** Reads the configuration; throws `ConfigError` that names every problem. */
export function parseOrdererConfig(
  env: Readonly<Record<string, string | undefined>>,
): OrdererConfig {
  return parseConfig(env, ordererConfigKeys);
}
