/** The development pool: shared servers, network and operators, started and stopped together. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { NetworkConfig, ProtocolParameters } from "@sequorum/protocol";
import type { Child } from "./child-process.ts";
import { openNetwork } from "./create-network.ts";
import { createDirectories, type Directories } from "./directories.ts";
import { type OperatorKeys, openOperatorKeys } from "./operator-keys.ts";
import { databaseName, operatorName, type Surroundings, startOperator } from "./operators.ts";
import { type OperatorPorts, operatorPorts, requireFreePorts, serverPorts } from "./ports.ts";
import { createDatabases, type Server, startL1, startNats, startPostgres } from "./servers.ts";

/** What a development pool is made of. */
export type DevnetOptions = {
  readonly operators: number;
  readonly split: boolean;
  readonly dataDirectory: string;
  readonly reset: boolean;
  readonly portBase: number;
  readonly l1BlockSeconds: number;
  readonly logLevel: string;
  /** Parameters of a new network that differ from the development defaults. */
  readonly parameters?: Partial<ProtocolParameters>;
  /** Where the operators find L1 instead of at `l1Url`: for a proxy in front of it. */
  readonly operatorsL1Url?: (l1Url: string) => Promise<string>;
  /** Ends the start early; everything that was started is stopped. */
  readonly signal?: AbortSignal;
  /** Told of each step. */
  readonly onProgress?: (what: string) => void;
};

/** One operator of a running pool. */
export type Operator = {
  readonly index: number;
  readonly name: string;
  readonly keys: OperatorKeys;
  readonly ports: OperatorPorts;
  readonly rpcUrl: string;
  /** Its processes; none while it is down. */
  processes(): readonly Child[];
  /** Kills its processes without warning. */
  kill(): Promise<void>;
  /** Starts its processes again. */
  start(): Promise<void>;
};

/** A running development pool. */
export type Devnet = {
  readonly network: NetworkConfig;
  readonly directories: Directories;
  readonly l1Url: string;
  readonly operators: readonly Operator[];
  readonly servers: { readonly l1: Child; readonly nats: Child; readonly postgres: Child };
  /** Stops one of the shared servers, or starts it again. */
  stopServer(name: "nats" | "postgres"): Promise<void>;
  startServer(name: "nats" | "postgres"): Promise<void>;
  /** Stops everything; the data stays. */
  stop(): Promise<void>;
};

const l1ChainId = 31_337;
const operatorStopMs = 3_500;
/** A checkpoint on a busy disk takes seconds. */
const postgresStopMs = 20_000;
/** As a process supervisor in production: long enough not to spin, short enough not to be noticed. */
const restartPauseMs = 1_000;

/** Starts a pool, or goes on with the one in the data directory. Throws when it is in use or does not start. */
export async function startDevnet(options: DevnetOptions): Promise<Devnet> {
  const directories = createDirectories(options.dataDirectory);
  const processes = claimDirectory(directories);
  // Without a network, whatever lies there belongs to another one.
  if (options.reset || !existsSync(directories.networkFile)) forgetData(directories);
  const progress = options.onProgress ?? (() => {});
  try {
    await requireFreePorts(options.portBase, options.operators);
    progress("starting L1, NATS and Postgres");
    const ports = serverPorts(options.portBase);
    const l1Options = { port: ports.l1, blockSeconds: options.l1BlockSeconds, chainId: l1ChainId };
    const [l1, nats, postgres, keys] = await allOrNone([
      startL1(directories, l1Options).then(processes.add),
      startNats(directories, ports.nats).then(processes.add),
      startPostgres(directories, ports.postgres).then(processes.add),
      Promise.all(range(options.operators).map((i) => openKeys(directories, i))),
    ]);
    options.signal?.throwIfAborted();
    await createDatabases(postgres.url, range(options.operators).map(databaseName));
    progress(
      existsSync(directories.networkFile) ? "reading the network" : "deploying the contracts",
    );
    const network = await openNetwork({
      networkFile: directories.networkFile,
      l1Url: l1.url,
      portBase: options.portBase,
      operators: keys,
      ...(options.parameters === undefined ? {} : { parameters: options.parameters }),
    });
    options.signal?.throwIfAborted();
    progress("starting the operators");
    const surroundings: Surroundings = {
      directories,
      portBase: options.portBase,
      l1Url: (await options.operatorsL1Url?.(l1.url)) ?? l1.url,
      natsUrl: nats.url,
      postgresUrl: postgres.url,
      logLevel: options.logLevel,
    };
    const operators = keys.map((own, index) =>
      createOperator({
        index,
        keys: own,
        surroundings,
        split: options.split,
        processes,
        onProgress: progress,
      }),
    );
    await Promise.all(operators.map((operator) => operator.start()));
    return assemble({
      network,
      directories,
      operators,
      servers: { l1, nats, postgres },
      processes,
      options,
    });
  } catch (error) {
    await processes.stopAll();
    throw error;
  }
}

type Assembled = {
  readonly network: NetworkConfig;
  readonly directories: Directories;
  readonly operators: readonly Operator[];
  readonly servers: { readonly l1: Server; nats: Server; postgres: Server };
  readonly processes: Processes;
  readonly options: DevnetOptions;
};

function assemble({
  network,
  directories,
  operators,
  servers,
  processes,
  options,
}: Assembled): Devnet {
  const ports = serverPorts(options.portBase);
  return {
    network,
    directories,
    l1Url: servers.l1.url,
    operators,
    get servers() {
      return { l1: servers.l1.child, nats: servers.nats.child, postgres: servers.postgres.child };
    },
    stopServer: (name) => stopServer(servers[name]),
    startServer: async (name) => {
      const start = name === "nats" ? startNats : startPostgres;
      servers[name] = processes.add(await start(directories, ports[name]));
    },
    stop: () => processes.stopAll(),
  };
}

function createOperator(scope: {
  readonly index: number;
  readonly keys: OperatorKeys;
  readonly surroundings: Surroundings;
  readonly split: boolean;
  readonly processes: Processes;
  readonly onProgress: (what: string) => void;
}): Operator {
  const { index, keys, surroundings, split, processes } = scope;
  const ports = operatorPorts(surroundings.portBase, index);
  let children: Child[] = [];
  let isWanted = false;

  /** Starts the processes; one that ends by itself (its environment failed) is started again after a pause. */
  async function start(): Promise<void> {
    isWanted = true;
    children = await startOperator(index, surroundings, split);
    for (const child of children) {
      processes.addOperator(child);
      child.ended.then(() => delay(restartPauseMs)).then(() => restart(child));
    }
  }

  async function restart(child: Child): Promise<void> {
    if (!isWanted || processes.isStopping() || !children.includes(child)) return;
    scope.onProgress(`${child.name} ended by itself (its log says why): starting it again`);
    await Promise.all(children.map((other) => other.stop("SIGTERM", operatorStopMs)));
    await start();
  }

  return {
    index,
    name: operatorName(index),
    keys,
    ports,
    rpcUrl: `http://127.0.0.1:${ports.ordererRpc}`,
    processes: () => children.filter((child) => child.alive()),
    start,
    kill: async () => {
      isWanted = false;
      await Promise.all(children.map((child) => child.stop("SIGKILL")));
      children = [];
    },
  };
}

type Processes = ReturnType<typeof claimDirectory>;

/** Claims the data directory: refuses when another pool uses it, ends what a killed one left behind. */
function claimDirectory(directories: Directories) {
  const { pidFile } = directories;
  if (existsSync(pidFile)) {
    const { owner, children } = JSON.parse(readFileSync(pidFile, "utf8")) as {
      owner: number;
      children: number[];
    };
    if (owner !== process.pid && isAlive(owner)) {
      throw new Error(
        `a pool already runs on ${directories.root} (process ${owner}): stop it, or give another --data-dir`,
      );
    }
    for (const pid of children.filter(isAlive)) process.kill(pid, "SIGKILL");
  }
  const servers: Server[] = [];
  const operators: Child[] = [];
  let stopping = false;
  const save = () => {
    const children = [...servers.map(({ child }) => child), ...operators].filter((child) =>
      child.alive(),
    );
    writeFileSync(
      pidFile,
      JSON.stringify({ owner: process.pid, children: children.map(({ pid }) => pid) }),
    );
  };
  save();
  return {
    add(server: Server): Server {
      servers.push(server);
      save();
      return server;
    },
    addOperator(child: Child): void {
      operators.push(child);
      save();
    },
    isStopping: () => stopping,
    async stopAll(): Promise<void> {
      stopping = true;
      await Promise.all(operators.map((child) => child.stop("SIGTERM", operatorStopMs)));
      await Promise.all(servers.map((server) => stopServer(server, 1_500)));
      rmSync(pidFile, { force: true });
    },
  };
}

/**
 * SIGINT is Postgres' fast shutdown: it does not wait for clients, but it does write a checkpoint. Killed before that is
 * done, it leaves processes that hold the shared memory, and the next start is refused.
 */
function stopServer({ child }: Server, timeoutMs?: number): Promise<void> {
  if (child.name === "postgres") return child.stop("SIGINT", postgresStopMs);
  return child.stop("SIGTERM", timeoutMs);
}

async function openKeys(directories: Directories, index: number): Promise<OperatorKeys> {
  const name = operatorName(index);
  return openOperatorKeys(name, directories.operator(name));
}

/** Removes the data of a pool that does not run, and its directory. */
export function removeData(dataDirectory: string): void {
  const directories = createDirectories(dataDirectory);
  rmSync(directories.postgres, { recursive: true, force: true });
  rmSync(directories.root, { recursive: true, force: true });
}

/** Empties the directory, but for the note of who uses it. */
function forgetData(directories: Directories): void {
  const { root, networkFile, l1State, nats, postgres, logs } = directories;
  for (const path of [networkFile, l1State, nats, postgres, logs, join(root, "operators")]) {
    rmSync(path, { recursive: true, force: true });
  }
  createDirectories(root);
}

/** As `Promise.all`, but throws only when all have ended, so that nothing is started after the clean-up. */
async function allOrNone<T extends readonly unknown[]>(
  work: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  await Promise.allSettled(work);
  return (await Promise.all(work)) as unknown as T;
}

/** Whether the process runs. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
