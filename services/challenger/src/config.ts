/** Configuration of the challenger; the only reader of its environment variables. */
import {
  type ConfigKeys,
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

/** Where the challenger finds L1 and its store. */
export type ChallengerConfig = {
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
  /** Time between two questions to L1 for its head. */
  readonly l1PollMs: number;
};

/** Variable and parser of each field. */
export const challengerConfigKeys: ConfigKeys<ChallengerConfig> = {
  operator: required("CHALLENGER_OPERATOR", name),
  networkFile: required("CHALLENGER_NETWORK_FILE", filePath),
  postgresUrl: required("CHALLENGER_POSTGRES_URL", url),
  natsUrl: required("CHALLENGER_NATS_URL", url),
  l1RpcUrl: required("CHALLENGER_L1_RPC_URL", url),
  grpcHost: optional("CHALLENGER_GRPC_HOST", text, "127.0.0.1"),
  grpcPort: required("CHALLENGER_GRPC_PORT", port),
  httpHost: optional("CHALLENGER_HTTP_HOST", text, "127.0.0.1"),
  httpPort: required("CHALLENGER_HTTP_PORT", port),
  l1PollMs: optional("CHALLENGER_L1_POLL_MS", integer({ min: 20, max: 60_000 }), 1_000),
};

/** Reads the configuration; throws `ConfigError` that names every problem. */
export function parseChallengerConfig(
  env: Readonly<Record<string, string | undefined>>,
): ChallengerConfig {
  return parseConfig(env, challengerConfigKeys);
}
