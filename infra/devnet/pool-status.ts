/** What the operators' services say of the pool, asked over gRPC. */
import { BatcherService } from "@sequorum/proto/batcher";
import { ChallengerService } from "@sequorum/proto/challenger";
import { BatchState, PosConsensusService } from "@sequorum/proto/consensus";
import { OrdererService } from "@sequorum/proto/orderer";
import { bytesToHex, type Hex } from "@sequorum/protocol";
import { createGrpcClient } from "@sequorum/service";
import type { Operator } from "./devnet.ts";
import { residentBytes } from "./memory.ts";

/** One operator as it sees the pool; `undefined` parts did not answer. */
export type OperatorStatus = {
  readonly name: string;
  readonly address: Hex;
  readonly isUp: boolean;
  readonly head: bigint | undefined;
  readonly certified: bigint | undefined;
  readonly safe: bigint | undefined;
  readonly leader: Hex | undefined;
  readonly term: bigint | undefined;
  readonly posHeight: bigint | undefined;
  readonly peers: number | undefined;
  readonly groupKey: Hex | undefined;
  readonly verified: bigint | undefined;
  readonly alarms: number | undefined;
  readonly memoryBytes: number;
};

/** A batch of the pool. */
export type BatchStatus = {
  readonly index: bigint;
  readonly state: string;
  readonly attempt: number;
  readonly l1TxHash: Hex | undefined;
};

/** The pool at one moment. */
export type PoolStatus = {
  readonly operators: readonly OperatorStatus[];
  /** Newest last. */
  readonly batches: readonly BatchStatus[];
};

/** Asks a pool for its status. */
export type PoolMonitor = { poll(): Promise<PoolStatus>; close(): void };

const callOptions = { timeoutMs: 1_500 } as const;
const batchesShown = 6n;

/** Connects to the services of the operators. */
export function createPoolMonitor(operators: readonly Operator[]): PoolMonitor {
  const nodes = operators.map((operator) => ({ operator, clients: connect(operator) }));
  return {
    async poll() {
      const statuses = await Promise.all(
        nodes.map(({ operator, clients }) => askOperator(operator, clients)),
      );
      const up = nodes.find((_, i) => statuses[i]?.posHeight !== undefined);
      return { operators: statuses, batches: up === undefined ? [] : await askBatches(up.clients) };
    },
    close() {
      for (const { clients } of nodes) for (const client of Object.values(clients)) client.close();
    },
  };
}

type Clients = ReturnType<typeof connect>;

function connect({ ports }: Operator) {
  const at = (port: number) => `127.0.0.1:${port}`;
  return {
    orderer: createGrpcClient(OrdererService, at(ports.ordererGrpc)),
    batcher: createGrpcClient(BatcherService, at(ports.batcherGrpc)),
    posConsensus: createGrpcClient(PosConsensusService, at(ports.posConsensusGrpc)),
    challenger: createGrpcClient(ChallengerService, at(ports.challengerGrpc)),
  };
}

async function askOperator(operator: Operator, clients: Clients): Promise<OperatorStatus> {
  const processes = operator.processes();
  const isUp = processes.length > 0;
  const ask = <T>(call: () => Promise<T>): Promise<T | undefined> =>
    isUp ? call().catch(() => undefined) : Promise.resolve(undefined);
  const [orderer, pos, challenger] = await Promise.all([
    ask(() => clients.orderer.getStatus({}, callOptions)),
    ask(() => clients.posConsensus.getStatus({}, callOptions)),
    ask(() => clients.challenger.getStatus({}, callOptions)),
  ]);
  return {
    name: operator.name,
    address: operator.keys.address,
    isUp,
    head: orderer?.head?.height,
    certified: orderer?.certifiedHeight,
    safe: orderer?.safeHeight,
    leader: hexOrNothing(orderer?.leader),
    term: orderer?.term,
    posHeight: pos?.height,
    peers: pos?.peers,
    groupKey: hexOrNothing(pos?.groupKey),
    verified: challenger?.verifiedHeight,
    alarms: challenger?.alarms,
    memoryBytes: residentBytes(processes.map(({ pid }) => pid)),
  };
}

async function askBatches(clients: Clients): Promise<BatchStatus[]> {
  const status = await clients.batcher.getStatus({}, callOptions).catch(() => undefined);
  if (status === undefined || status.openIndex === 0n) return [];
  const first = status.openIndex > batchesShown ? status.openIndex - batchesShown + 1n : 1n;
  const indices = Array.from(
    { length: Number(status.openIndex - first) + 1 },
    (_, i) => first + BigInt(i),
  );
  const answers = await Promise.all(
    indices.map(async (index): Promise<BatchStatus | undefined> => {
      const batch = await clients.posConsensus
        .getBatch({ index }, callOptions)
        .catch(() => undefined);
      if (batch === undefined) return undefined;
      return {
        index,
        state: batchStateName(batch.state),
        attempt: batch.attempt,
        l1TxHash: hexOrNothing(batch.l1TxHash),
      };
    }),
  );
  return answers.filter((answer) => answer !== undefined);
}

function batchStateName(state: BatchState): string {
  const name = Object.entries(BatchState).find(([, value]) => value === state)?.[0];
  return (name ?? "unknown").toLowerCase();
}

function hexOrNothing(bytes: Uint8Array | undefined): Hex | undefined {
  return bytes === undefined || bytes.length === 0 ? undefined : bytesToHex(bytes);
}
