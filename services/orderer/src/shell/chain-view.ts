/** The chain as front ends read it: what has been stored and told, never what is still on its way. */
import type { CallThread, StateAccess, TimedOut } from "@sequorum/execution";
import { assert, type Hex } from "@sequorum/protocol";
import {
  type AccountProof,
  type CallRequest,
  type CallResult,
  type Executor,
  MissingContent,
  nextBaseFeePerGas,
} from "@sequorum/stf";
import type { Sql } from "@sequorum/store";
import type { BlockReader } from "../adapters/block-reader.ts";
import type { StoredBlock } from "../adapters/block-rows.ts";
import type { Levels } from "../adapters/progress-store.ts";
import {
  type BlockId,
  type CallExecutor,
  type ChainBlock,
  type ChainEvent,
  type ChainEvents,
  type ChainLog,
  type ChainReader,
  type ConfirmationLevel,
  type LogFilter,
  StatePruned,
  type Traced,
} from "../ports.ts";
import { decodedOf } from "./engine.ts";
import { estimate } from "./estimate-gas.ts";
import { traceInBlock } from "./trace.ts";

/** Head and levels as last told. */
export type ChainPosition = { head: Hex; headNumber: bigint; levels: Levels };

/** What the view works with. */
export type ChainViewOptions = {
  readonly chainId: bigint;
  readonly reader: BlockReader;
  readonly state: StateAccess;
  readonly calls: Pick<CallThread, "call" | "trace">;
  readonly sql: Sql;
  /** Replaced by the shell when the chain moves. */
  readonly position: ChainPosition;
  /** States of blocks below this height may be gone. */
  readonly keptFrom: () => bigint;
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
  const { reader, position } = options;
  const { executor } = options.state;
  const find = createFinder(options);
  const withState = createStateGuard(options);
  const readAt = async <T>(
    at: BlockId,
    read: (executor: Executor, root: Hex) => T,
  ): Promise<T | undefined> => {
    const found = await find(at);
    if (found === undefined) return undefined;
    const { stateRoot } = found.block.header;
    return withState(found, () => options.state.read((executing) => read(executing, stateRoot)));
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
    account: (address, at) => readAt(at, (from, root) => from.account(root, address)),
    code: (address, at) => readAt(at, (from, root) => from.code(root, address)),
    storage: (address, slot, at) => readAt(at, (from, root) => from.storage(root, address, slot)),
    async proof(address, slots, at) {
      let whole = await readAt(at, (from, root) => from.proof(root, address, []));
      // in parts: the event loop has a turn between them, and what is missing does not repeat all of it
      for (let first = 0; first < slots.length; first += slotsPerRead) {
        const part = slots.slice(first, first + slotsPerRead);
        const proof = await readAt(at, (from, root) => from.proof(root, address, part));
        if (whole !== undefined && proof !== undefined) whole = joined(whole, proof);
      }
      return whole;
    },
    decodeTransaction: (raw) => decodedOf(executor, raw),
    nextBaseFeePerGas: (block) => nextBaseFeePerGas(block.header),
  };
}

/** Storage slots that are proved without a pause. */
const slotsPerRead = 16;

function joined(whole: AccountProof, part: AccountProof): AccountProof {
  return { ...whole, storageProof: [...whole.storageProof, ...part.storageProof] };
}

/** Runs what reads a block's state; throws `StatePruned` when that is gone. */
function createStateGuard({ keptFrom }: Pick<ChainViewOptions, "keptFrom">) {
  return async <T>({ block, isCanonical }: ChainBlock, read: () => Promise<T>): Promise<T> => {
    const height = block.header.number;
    if (height < keptFrom()) throw new StatePruned(height, keptFrom());
    try {
      return await read();
    } catch (error) {
      // pruned meanwhile, or a block of a branch that left the chain below what is kept
      const isPruned = height < keptFrom() || !isCanonical;
      if (error instanceof MissingContent && isPruned) throw new StatePruned(height, keptFrom());
      throw error;
    }
  };
}

/** Makes the executor of calls; a bound on how many run at once keeps blocks coming. */
export function createCallExecutor(options: ChainViewOptions): CallExecutor {
  const { reader } = options;
  const find = createFinder(options);
  const withState = createStateGuard(options);
  const called = async (...[header, request]: Parameters<CallThread["call"]>) =>
    resultOf(await options.calls.call(header, request));
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
        const found = await find(at);
        if (found === undefined) return undefined;
        return withState(found, () => called(found.block.header, bounded(request)));
      }) as ReturnType<CallExecutor["call"]>,
    estimateGas: (request, at) =>
      limited(async () => {
        const found = await find(at);
        if (found === undefined) return undefined;
        const account = (root: Hex, address: Hex) =>
          options.state.read((executor) => executor.account(root, address));
        const caller = { call: called, account };
        return withState(found, () => estimate(caller, found.block.header, bounded(request)));
      }) as ReturnType<CallExecutor["estimateGas"]>,
    traceCall: (request, at) =>
      limited(async () => {
        const found = await find(at);
        if (found === undefined) return undefined;
        const result = await withState(found, () => called(found.block.header, bounded(request)));
        return tracedCall(request, result);
      }),
    traceTransaction: (hash, traceOptions) =>
      limited(async () => {
        const place = await reader.locate(hash);
        if (place === undefined) return undefined;
        const { blockHash, index } = place;
        const found = await find({ type: "hash", hash: blockHash, requireCanonical: true });
        const parent =
          found && (await find({ type: "number", number: found.block.header.number - 1n }));
        if (found === undefined || parent === undefined) return undefined;
        return withState(parent, () => traceInBlock(options, found, { index, ...traceOptions }));
      }),
  };
}

function tracedCall({ to = null }: CallRequest, result: CallResult): Traced {
  const { trace } = result;
  if (trace === undefined) {
    const reason = result.type === "failed" ? result.reason : "there is no trace";
    return { type: "failed", reason };
  }
  return {
    type: "traced",
    gasUsed: result.gasUsed,
    hasFailed: result.type !== "returned",
    returnData: result.type === "failed" ? new Uint8Array(0) : result.data,
    contract: to,
    ...trace,
  };
}

function resultOf(result: CallResult | TimedOut): CallResult {
  if (result.type !== "timedOut") return result;
  return { type: "failed", reason: "execution timed out", gasUsed: 0n };
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
