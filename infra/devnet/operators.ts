/** Operators of the development pool as processes: all services in one, or one process for each. */
import { join } from "node:path";
import { type Child, startChild } from "./child-process.ts";
import type { Directories } from "./directories.ts";
import { keystorePaths } from "./operator-keys.ts";
import { type OperatorPorts, operatorPorts } from "./ports.ts";

/** The services of one operator, in the order in which they are listed. */
export const serviceNames = [
  "orderer",
  "batcher",
  "pos-consensus",
  "mpc-signer",
  "l1-proposer",
  "challenger",
] as const;

/** V8 sizes its young generation for one large program a machine; eight megabytes are enough for ours and save a hundred. */
const nodeOptions = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=8"];

/** Name of a service. */
export type ServiceName = (typeof serviceNames)[number];

/** Where an operator finds the shared servers. */
export type Surroundings = {
  readonly directories: Directories;
  readonly portBase: number;
  readonly l1Url: string;
  readonly natsUrl: string;
  /** Without a database name. */
  readonly postgresUrl: string;
  readonly logLevel: string;
};

/** Name of the operator with this index: operator-a, operator-b ... */
export function operatorName(index: number): string {
  return `operator-${String.fromCharCode(97 + index)}`;
}

/** Name of the operator's database. */
export function databaseName(index: number): string {
  return operatorName(index).replace("-", "_");
}

/** Starts an operator; resolves when its processes run (ready is another question). */
export async function startOperator(
  index: number,
  surroundings: Surroundings,
  split: boolean,
): Promise<Child[]> {
  const name = operatorName(index);
  const env = operatorEnvironment(index, surroundings);
  const logs = surroundings.directories.logs;
  const start = (processName: string, program: string) =>
    startChild({
      name: processName,
      file: process.execPath,
      args: [...nodeOptions, program],
      env,
      ipc: true,
      logFile: join(logs, `${processName}.log`),
      ready: async () => true,
    });
  if (!split) return [await start(name, join(import.meta.dirname, "operator-main.ts"))];
  const services = join(import.meta.dirname, "../../services");
  return Promise.all(
    serviceNames.map((service) =>
      start(`${name}-${service}`, join(services, service, "src/main.ts")),
    ),
  );
}

/** Environment of an operator's services; each reads the keys with its own prefix. */
export function operatorEnvironment(
  index: number,
  surroundings: Surroundings,
): Record<string, string> {
  const ports = operatorPorts(surroundings.portBase, index);
  const env: Record<string, string> = {
    OPERATOR: operatorName(index),
    LOG_LEVEL: surroundings.logLevel,
  };
  for (const service of serviceNames) {
    const prefix = service.toUpperCase().replace("-", "_");
    const values = {
      ...commonValues(index, surroundings),
      ...siblingValues(ports),
      ...ownValues(service, ports),
    };
    for (const [key, value] of Object.entries(values)) env[`${prefix}_${key}`] = String(value);
  }
  return env;
}

function commonValues(index: number, surroundings: Surroundings): Record<string, string> {
  const { directories, l1Url, natsUrl, postgresUrl } = surroundings;
  const { directory, passwordFile } = keystorePaths(directories.operator(operatorName(index)));
  return {
    OPERATOR: operatorName(index),
    NETWORK_FILE: directories.networkFile,
    POSTGRES_URL: `${postgresUrl}/${databaseName(index)}`,
    NATS_URL: natsUrl,
    L1_RPC_URL: l1Url,
    KEYSTORE_DIR: directory,
    KEYSTORE_PASSWORD_FILE: passwordFile,
  };
}

function siblingValues(ports: OperatorPorts): Record<string, string> {
  return {
    ORDERER_URL: `127.0.0.1:${ports.ordererGrpc}`,
    BATCHER_URL: `127.0.0.1:${ports.batcherGrpc}`,
    POS_CONSENSUS_URL: `127.0.0.1:${ports.posConsensusGrpc}`,
    MPC_SIGNER_URL: `127.0.0.1:${ports.mpcSignerGrpc}`,
  };
}

function ownValues(service: ServiceName, ports: OperatorPorts): Record<string, number | string> {
  switch (service) {
    case "orderer":
      return {
        RPC_PORT: ports.ordererRpc,
        GRPC_PORT: ports.ordererGrpc,
        FEED_PORT: ports.ordererFeed,
        HTTP_PORT: ports.ordererHttp,
      };
    case "batcher":
      return { GRPC_PORT: ports.batcherGrpc, HTTP_PORT: ports.batcherHttp };
    case "mpc-signer":
      return {
        GRPC_PORT: ports.mpcSignerGrpc,
        P2P_LISTEN: `/ip4/127.0.0.1/tcp/${ports.mpcSignerP2p}`,
        HTTP_PORT: ports.mpcSignerHttp,
      };
    case "pos-consensus":
      return {
        GRPC_PORT: ports.posConsensusGrpc,
        CHANNEL_PORT: ports.posConsensusChannel,
        HTTP_PORT: ports.posConsensusHttp,
      };
    case "l1-proposer":
      return { GRPC_PORT: ports.l1ProposerGrpc, HTTP_PORT: ports.l1ProposerHttp };
    case "challenger":
      return { GRPC_PORT: ports.challengerGrpc, HTTP_PORT: ports.challengerHttp };
  }
}
