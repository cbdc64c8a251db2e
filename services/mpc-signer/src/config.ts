/** Configuration of the signer; the only reader of its environment variables. */
import {
  type ConfigKeys,
  directory,
  endpoint,
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

/** Where the signer finds its neighbours, peers and keys. */
export type MpcSignerConfig = {
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
  /** Directory that holds sequencer.json and mpc-p2p.json; the signer keeps its own secret files there. */
  readonly keystoreDir: string;
  readonly keystorePasswordFile: string;
  /** host:port of the operator's own services. */
  readonly batcherUrl: string;
  readonly posConsensusUrl: string;
  /** libp2p multiaddress to listen on, without peer id. */
  readonly p2pListen: string;
  /** Pause between two readings of the members' addresses from L1, milliseconds. */
  readonly peersRefreshMs: number;
};

const listenAddress: Parser<string> = (value) => {
  if (!/^\/(?:ip4|ip6)\/[0-9a-f.:]+\/tcp\/[0-9]{1,5}$/.test(value)) {
    throw new Error("must be a multiaddress like /ip4/0.0.0.0/tcp/7045");
  }
  return value;
};

/** Variable and parser of each field. */
export const mpcSignerConfigKeys: ConfigKeys<MpcSignerConfig> = {
  operator: required("MPC_SIGNER_OPERATOR", name),
  networkFile: required("MPC_SIGNER_NETWORK_FILE", filePath),
  postgresUrl: required("MPC_SIGNER_POSTGRES_URL", url),
  natsUrl: required("MPC_SIGNER_NATS_URL", url),
  l1RpcUrl: required("MPC_SIGNER_L1_RPC_URL", url),
  grpcHost: optional("MPC_SIGNER_GRPC_HOST", text, "127.0.0.1"),
  grpcPort: required("MPC_SIGNER_GRPC_PORT", port),
  httpHost: optional("MPC_SIGNER_HTTP_HOST", text, "127.0.0.1"),
  httpPort: required("MPC_SIGNER_HTTP_PORT", port),
  keystoreDir: required("MPC_SIGNER_KEYSTORE_DIR", directory),
  keystorePasswordFile: required("MPC_SIGNER_KEYSTORE_PASSWORD_FILE", filePath),
  batcherUrl: required("MPC_SIGNER_BATCHER_URL", endpoint),
  posConsensusUrl: required("MPC_SIGNER_POS_CONSENSUS_URL", endpoint),
  p2pListen: required("MPC_SIGNER_P2P_LISTEN", listenAddress),
  peersRefreshMs: optional(
    "MPC_SIGNER_PEERS_REFRESH_MS",
    integer({ min: 100, max: 600_000 }),
    5_000,
  ),
};

/** Reads the configuration; throws `ConfigError` that names every problem. */
export function parseMpcSignerConfig(
  env: Readonly<Record<string, string | undefined>>,
): MpcSignerConfig {
  return parseConfig(env, mpcSignerConfigKeys);
}
