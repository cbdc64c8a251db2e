/** A chain of one node that executes for real (packages/stf) and seals a block for each transaction. */
import { assert, type Hex, keccak256, rlpEncode } from "@sequorum/protocol";
import {
  type CallRequest,
  createExecutor,
  createMemoryStateStore,
  type ExecutedBlock,
  type Executor,
  type Receipt,
} from "@sequorum/stf";
import { logMatches } from "../../src/json-rpc/log-filter.ts";
import type { NodeInfo } from "../../src/json-rpc/ports.ts";
import type { BlockId, ChainBlock, ChainEvent, ChainLog, OrdererPorts } from "../../src/ports.ts";

const coinbase: Hex = `0x${"c0".repeat(20)}`;
const originHash: Hex = `0x${"a1".repeat(32)}`;

/** Starts a chain with these balances; `ports` is what the JSON-RPC server needs. */
export async function startStfChain(
  chainId: bigint,
  alloc: readonly { address: Hex; balanceWei: bigint }[],
) {
  const store = createMemoryStateStore();
  const executor = createExecutor({ store, chainId });
  const genesis = await executor.genesisBlock({
    timestamp: 1_000n,
    gasLimit: 30_000_000n,
    baseFeePerGasWei: 1_000_000_000n,
    alloc,
  });
  store.commit(genesis);
  const blocks: ExecutedBlock[] = [genesis];
  const listeners = new Set<(event: ChainEvent) => void>();
  const seal = async (raw: Uint8Array) => {
    const head = blocks.at(-1);
    assert(head !== undefined, "there is a head");
    const executed = await executor.applyBatchBlock(
      { header: head.block.header, hash: head.block.hash, originNumber: head.originNumber },
      {
        timestamp: head.block.header.timestamp + 1n,
        originNumber: 5n,
        originHash,
        originTime: 1_000n,
        term: 1n,
        coinbase,
        transactions: [raw],
        forcedEntries: [],
      },
    );
    if (executed.type !== "executed") return executed.reason;
    store.commit(executed);
    blocks.push(executed);
    for (const listener of listeners)
      listener({ type: "headChanged", removed: [], added: [view(executed)] });
    return undefined;
  };
  return { ports: portsOf({ chainId, executor, blocks, listeners, seal }), node };
}

const node: NodeInfo = {
  status: () => ({ operator: "a", isLeader: true, term: 1n, certifiedHeight: 0n }),
  syncing: () => undefined,
  batchOf: async () => undefined,
  minimumTipWei: 1n,
};

type Chain = {
  readonly chainId: bigint;
  readonly executor: Executor;
  readonly blocks: ExecutedBlock[];
  readonly listeners: Set<(event: ChainEvent) => void>;
  readonly seal: (raw: Uint8Array) => Promise<string | undefined>;
};

function portsOf(chain: Chain): OrdererPorts {
  const { chainId, executor, blocks, listeners } = chain;
  const at = (id: BlockId) => find(blocks, id);
  const decode = (raw: Uint8Array) => {
    const decoded = executor.decodeTransaction(raw);
    assert(decoded.type === "decoded", "a transaction of a block decodes");
    return decoded.transaction;
  };
  return {
    chain: {
      chainId,
      headNumber: () => BigInt(blocks.length - 1),
      block: async (id) => mapped(at(id), view),
      receipts: async (hash) => blocks.find(({ block }) => block.hash === hash)?.receipts,
      transaction: async (hash) => {
        for (const executed of blocks) {
          const index = executed.receipts.findIndex(
            ({ transactionHash }) => transactionHash === hash,
          );
          const raw = executed.block.transactions[index];
          const receipt = executed.receipts[index];
          if (raw === undefined || receipt === undefined) continue;
          return { block: view(executed), index, transaction: decode(raw), receipt };
        }
        return undefined;
      },
      logs: async ({ blocks: wanted, ...criteria }) => {
        const searched =
          wanted.type === "hash"
            ? blocks.filter(({ block }) => block.hash === wanted.hash)
            : blocks.slice(Number(wanted.from), Number(wanted.to) + 1);
        return {
          type: "found",
          logs: searched.flatMap(logsOf).filter((log) => logMatches(log, criteria)),
        };
      },
      account: async (address, id) =>
        mapped(at(id), ({ block }) => executor.account(block.header.stateRoot, address)),
      code: async (address, id) =>
        mapped(at(id), ({ block }) => executor.code(block.header.stateRoot, address)),
      storage: async (address, slot, id) =>
        mapped(at(id), ({ block }) => executor.storage(block.header.stateRoot, address, slot)),
      proof: async (address, slots, id) =>
        mapped(at(id), ({ block }) => executor.proof(block.header.stateRoot, address, slots)),
      decodeTransaction: decode,
      nextBaseFeePerGas: ({ header }) => header.baseFeePerGas,
    },
    calls: {
      call: async (request, id) =>
        mapped(at(id), ({ block }) => executor.call(block.header, request)),
      estimateGas: async (request, id) =>
        mapped(at(id), (executed) => estimate(executor, executed, request)),
    },
    pool: {
      add: async (raw) => {
        const reason = await chain.seal(raw);
        if (reason === undefined) return { type: "accepted", hash: keccak256(raw) };
        return {
          type: "rejected",
          code: reason === "NONCE_TOO_LOW" ? "NONCE_TOO_LOW" : "MALFORMED",
        };
      },
      pendingNonce: async (sender) => {
        const head = blocks.at(-1);
        assert(head !== undefined, "there is a head");
        return (await executor.account(head.block.header.stateRoot, sender)).nonce;
      },
      get: () => undefined,
      list: () => ({ pending: [], queued: [] }),
      counts: () => ({ pending: 0, queued: 0 }),
    },
    events: {
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      matchLogs: async (hash, filter) =>
        blocks
          .filter(({ block }) => block.hash === hash)
          .flatMap(logsOf)
          .filter((log) => logMatches(log, filter)),
    },
  };
}

function find(blocks: readonly ExecutedBlock[], id: BlockId): ExecutedBlock | undefined {
  if (id.type === "hash") return blocks.find(({ block }) => block.hash === id.hash);
  if (id.type === "number") return blocks[Number(id.number)];
  return id.tag === "latest" || id.tag === "pending" ? blocks.at(-1) : blocks[0];
}

function mapped<A, B>(value: A | undefined, map: (value: A) => B): B | undefined {
  return value === undefined ? undefined : map(value);
}

/** The least gas that suffices, by halving. */
async function estimate(executor: Executor, { block }: ExecutedBlock, request: CallRequest) {
  let high = request.gas ?? block.header.gasLimit;
  const first = await executor.call(block.header, { ...request, gas: high });
  if (first.type !== "returned") return first;
  let low = first.gasUsed - 1n;
  while (low + 1n < high) {
    const middle = (low + high) / 2n;
    const result = await executor.call(block.header, { ...request, gas: middle });
    if (result.type === "returned") high = middle;
    else low = middle;
  }
  return { type: "estimated" as const, gas: high };
}

function view({ block, originNumber, forcedCount }: ExecutedBlock): ChainBlock {
  const sizeBytes = rlpEncode([...block.transactions]).length + 600;
  return { block, sizeBytes, originNumber, forcedCount, isCanonical: true, level: "soft" };
}

function logsOf({ block, receipts }: ExecutedBlock): ChainLog[] {
  let logIndex = 0;
  return receipts.flatMap((receipt: Receipt, transactionIndex) =>
    receipt.logs.map((log) => ({
      ...log,
      blockNumber: block.header.number,
      blockHash: block.hash,
      blockTimestamp: block.header.timestamp,
      transactionHash: receipt.transactionHash,
      transactionIndex,
      logIndex: logIndex++,
      isRemoved: false,
    })),
  );
}
