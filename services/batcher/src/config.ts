/** Configuration of the batcher; the only reader of its environment variables. */
import {
  type ConfigKeys,
  directory,
  endpoint,
  filePath,
  name,
  optional,
  parseConfig,
  port,
  required,
  text,
  url,
} from "@sequorum/service";

/** Where the batcher finds its neighbours and keys. */
export type BatcherConfig = {
  readonly operator: string;
  /** Network description (JSON). */
  readonly networkFile: string;
  readonly postgresUrl: string;
  readonly natsUrl: string;
  /** Without authentication: for the operator's own services. */
  readonly grpcHost: string;
  readonly grpcPort: number;
  readonly httpHost: string;
  readonly httpPort: number;
  /** Directory that holds sequencer.json. */
  readonly keystoreDir: string;
  readonly keystorePasswordFile: string;
  /** host:port of the operator's own services. */
  readonly ordererUrl: string;
  readonly posConsensusUrl: string;
};

/** Variable and parser of each field. */
export const batcherConfigKeys: ConfigKeys<BatcherConfig> = {
  operator: required("BATCHER_OPERATOR", name),
  networkFile: required("BATCHER_NETWORK_FILE", filePath),
  postgresUrl: required("BATCHER_POSTGRES_URL", url),
  natsUrl: required("BATCHER_NATS_URL", url),
  grpcHost: optional("BATCHER_GRPC_HOST", text, "127.0.0.1"),
  grpcPort: required("BATCHER_GRPC_PORT", port),
  httpHost: optional("BATCHER_HTTP_HOST", text, "127.0.0.1"),
  httpPort: required("BATCHER_HTTP_PORT", port),
  keystoreDir: required("BATCHER_KEYSTORE_DIR", directory),
  keystorePasswordFile: required("BATCHER_KEYSTORE_PASSWORD_FILE", filePath),
  ordererUrl: required("BATCHER_ORDERER_URL", endpoint),
  posConsensusUrl: required("BATCHER_POS_CONSENSUS_URL", endpoint),
};

/** Reads the configuration; throws `ConfigError` that names every problem. */
export function parseBatcherConfig(
  env: Readonly<Record<string, string | undefined>>,
): BatcherConfig {
  return parseConfig(env, batcherConfigKeys);
}
