/** Configuration of pos-consensus; the only reader of its environment variables. */
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

/** Where pos-consensus finds its neighbours and keys. */
export type PosConsensusConfig = {
  readonly operator: string;
  /** Network description (JSON). */
  readonly networkFile: string;
  readonly postgresUrl: string;
  readonly natsUrl: string;
  readonly l1RpcUrl: string;
  /** API for the operator's own services; loopback unless `grpcHost` says otherwise. */
  readonly grpcPort: number;
  readonly grpcHost: string;
  readonly httpHost: string;
  readonly httpPort: number;
  /** Consensus channel for the other validators. */
  readonly channelPort: number;
  readonly channelHost: string;
  /** Directory that holds sequencer.json and consensus-tls.json. */
  readonly keystoreDir: string;
  readonly keystorePasswordFile: string;
  /** host:port of the operator's own orderer. */
  readonly ordererUrl: string;
  /** Time between two questions to L1 for its head, milliseconds. */
  readonly l1PollMs: number;
};

/** Variable and parser of each field. */
export const posConsensusConfigKeys: ConfigKeys<PosConsensusConfig> = {
  operator: required("POS_CONSENSUS_OPERATOR", name),
  networkFile: required("POS_CONSENSUS_NETWORK_FILE", filePath),
  postgresUrl: required("POS_CONSENSUS_POSTGRES_URL", url),
  natsUrl: required("POS_CONSENSUS_NATS_URL", url),
  l1RpcUrl: required("POS_CONSENSUS_L1_RPC_URL", url),
  grpcPort: required("POS_CONSENSUS_GRPC_PORT", port),
  grpcHost: optional("POS_CONSENSUS_GRPC_HOST", text, "127.0.0.1"),
  httpHost: optional("POS_CONSENSUS_HTTP_HOST", text, "127.0.0.1"),
  httpPort: required("POS_CONSENSUS_HTTP_PORT", port),
  channelPort: required("POS_CONSENSUS_CHANNEL_PORT", port),
  channelHost: optional("POS_CONSENSUS_CHANNEL_HOST", text, "127.0.0.1"),
  keystoreDir: required("POS_CONSENSUS_KEYSTORE_DIR", directory),
  keystorePasswordFile: required("POS_CONSENSUS_KEYSTORE_PASSWORD_FILE", filePath),
  ordererUrl: required("POS_CONSENSUS_ORDERER_URL", endpoint),
  l1PollMs: optional("POS_CONSENSUS_L1_POLL_MS", integer({ min: 20, max: 60_000 }), 1_000),
};

/** Reads the configuration; throws `ConfigError` that names every problem. */
export function parsePosConsensusConfig(
  env: Readonly<Record<string, string | undefined>>,
): PosConsensusConfig {
  return parseConfig(env, posConsensusConfigKeys);
}
