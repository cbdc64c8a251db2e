/** The chain as front ends read it: what has been stored and told, never what is still on its way. */
import { assert, type Hex } from "@sequorum/protocol";
import { type CallResult, type Executor, nextBaseFeePerGas } from "@sequorum/stf";
import type { BlockReader } from "../adapters/block-reader.ts";
import type { StoredBlock } from "../adapters/block-rows.ts";
import type { Levels } from "../adapters/progress-store.ts";
import type {
  BlockId,
  CallExecutor,
  ChainBlock,
  ChainEvent,
  ChainEvents,
  ChainLog,
  ChainReader,
  ConfirmationLevel,
  LogFilter,
} from "../ports.ts";
import type { CallRequest } from "@sequorum/stf";
import { decodedOf } from "./engine.ts";
import { estimate } from "./estimate-gas.ts";

/** Head and levels as last told. */
export type ChainPosition = { head: Hex; headNumber: bigint; levels: Levels };

/** What the view works with. */
export type ChainViewOptions = {
  readonly chainId: bigint;
  readonly reader: BlockReader;
  readonly executor: Executor;
  /** Replaced by the shell when the chain moves. */
  readonly position: ChainPosition;
  readonly runCall: Executor["call"];
  readonly callGasMax: bigint;
  readonly callsMax: number;
};

/** Level of a canonical height. */
export function levelOf({ levels }: ChainPosition, height: bigint): ConfirmationLevel {
  if (height <= levels.finalized) return "final";
  if (height <= levels.safe) return "posted";
  return height <= levels.certified ? "quorum" : "soft";
}

/** Finds stored blocks by id. */
export function createFinder({ reader, position }: Pick<ChainViewOptions, "reader" | "position">) {
  const shown = async (stored: StoredBlock): Promise<ChainBlock> => {
    const { number } = stored.block.header;
    const isCanonical = (await reader.canonicalHash(number)) === stored.block.hash;
    return {
      block: stored.block,
      sizeBytes: stored.rlp.length,
      originNumber: stored.originNumber,
      forcedCount: stored.forcedCount,
      isCanonical,
      level: isCanonical ? levelOf(position, number) : "soft",
    };
  };
  const atHeight = async (height: bigint) => {
    const hash = await reader.canonicalHash(height);
    const stored = hash === undefined ? undefined : await reader.byHash(hash);
    return stored === undefined ? undefined : shown(stored);
  };
  const byTag = (tag: Extract<BlockId, { type: "tag" }>["tag"]) => {
    const { headNumber, levels } = position;
    if (tag === "earliest") return atHeight(0n);
    if (tag === "finalized") return atHeight(lower(levels.finalized, headNumber));
    return atHeight(tag === "safe" ? lower(levels.safe, headNumber) : headNumber);
  };
  return async (id: BlockId): Promise<ChainBlock | undefined> => {
    if (id.type === "tag") return byTag(id.tag);
    if (id.type === "number") return atHeight(id.number);
    const stored = await reader.byHash(id.hash);
    const found = stored === undefined ? undefined : await shown(stored);
    return id.requireCanonical && found?.isCanonical === false ? undefined : found;
  };
}

/** Makes the reader for front ends. */
export function createChainReader(options: ChainViewOptions): ChainReader {
  const { reader, executor, position } = options;
  const find = createFinder(options);
  const rootAt = async (at: BlockId) => (await find(at))?.block.header.stateRoot;
  const atRoot = async <T>(
    at: BlockId,
    read: (root: Hex) => Promise<T>,
  ): Promise<T | undefined> => {
    const root = await rootAt(at);
    return root === undefined ? undefined : read(root);
  };
  return {
    chainId: options.chainId,
    headNumber: () => position.headNumber,
    block: find,
    receipts: (hash) => reader.receipts(hash),
    async transaction(hash) {
      const place = await reader.locate(hash);
      if (place === undefined) return undefined;
      const block = await find({ type: "hash", hash: place.blockHash, requireCanonical: true });
      const receipt = (await reader.receipts(place.blockHash))?.[place.index];
      const raw = block?.block.transactions[place.index];
      if (block === undefined || receipt === undefined || raw === undefined) return undefined;
      return { block, index: place.index, transaction: decodedOf(executor, raw), receipt };
    },
    async logs(filter) {
      if (
        filter.blocks.type === "hash" &&
        (await reader.byHash(filter.blocks.hash)) === undefined
      ) {
        return { type: "unknownBlock" };
      }
      const logs = await reader.logs(filter);
      return logs.length > filter.resultsMax ? { type: "tooMany" } : { type: "found", logs };
    },
    account: (address, at) => atRoot(at, (root) => executor.account(root, address)),
    code: (address, at) => atRoot(at, (root) => executor.code(root, address)),
    storage: (address, slot, at) => atRoot(at, (root) => executor.storage(root, address, slot)),
    proof: (address, slots, at) => atRoot(at, (root) => executor.proof(root, address, slots)),
    decodeTransaction: (raw) => decodedOf(executor, raw),
    nextBaseFeePerGas: (block) => nextBaseFeePerGas(block.header),
  };
}

/** Makes the executor of calls; a bound on how many run at once keeps blocks coming. */
export function createCallExecutor(options: ChainViewOptions): CallExecutor {
  const find = createFinder(options);
  let running = 0;
  const limited = async <T>(work: () => Promise<T>): Promise<T | { type: "busy" }> => {
    if (running >= options.callsMax) return { type: "busy" };
    running += 1;
    try {
      return await work();
    } finally {
      running -= 1;
    }
  };
  const bounded = (request: CallRequest): CallRequest => {
    const gas = request.gas ?? options.callGasMax;
    return { ...request, gas: lower(gas, options.callGasMax) };
  };
  return {
    call: (request, at) =>
      limited(async (): Promise<CallResult | undefined> => {
        const header = (await find(at))?.block.header;
        return header === undefined ? undefined : options.runCall(header, bounded(request));
      }) as ReturnType<CallExecutor["call"]>,
    estimateGas: (request, at) =>
      limited(async () => {
        const header = (await find(at))?.block.header;
        if (header === undefined) return undefined;
        return estimate(
          { call: options.runCall, account: options.executor.account },
          header,
          bounded(request),
        );
      }) as ReturnType<CallExecutor["estimateGas"]>,
  };
}

/** Events for front ends. */
export type ChainEventHub = ChainEvents & { emit(event: ChainEvent): void };

/** Makes the hub. */
export function createChainEvents(reader: BlockReader): ChainEventHub {
  const listeners = new Set<(event: ChainEvent) => void>();
  return {
    emit(event) {
      for (const listener of listeners) {
        try {
          listener(event);
        } catch {
          listeners.delete(listener);
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async matchLogs(blockHash, filter) {
      const [stored, receipts] = [await reader.byHash(blockHash), await reader.receipts(blockHash)];
      assert(stored !== undefined && receipts !== undefined, "a told block is stored", {
        blockHash,
      });
      let logIndex = 0;
      const logs: ChainLog[] = receipts.flatMap((receipt, transactionIndex) =>
        receipt.logs.map((log) => ({
          ...log,
          blockNumber: stored.block.header.number,
          blockHash,
          blockTimestamp: stored.block.header.timestamp,
          transactionHash: receipt.transactionHash,
          transactionIndex,
          logIndex: logIndex++,
          isRemoved: false,
        })),
      );
      return logs.filter((log) => matches(log, filter));
    },
  };
}

function matches(
  log: ChainLog,
  { addresses, topics }: Pick<LogFilter, "addresses" | "topics">,
): boolean {
  if (addresses.length > 0 && !addresses.includes(log.address)) return false;
  return topics.every((wanted, i) => {
    const topic = log.topics[i];
    return topic !== undefined && (wanted === null || wanted.includes(topic));
  });
}

function lower(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
