/** Execution as the core sees it: builds and judges blocks, and keeps the results until they are stored. */
import { assert, type Hex } from "@sequorum/protocol";
import {
  type BuiltBlock,
  encodeBlock,
  type ExecutedBlock,
  type Executor,
  forcedEntriesPerBlockMax,
  type L2Block,
  nextBaseFeePerGas,
  type ParentBlock,
  type Transaction,
} from "@sequorum/stf";
import type { Sql } from "@sequorum/store";
import type { BlockReader } from "../adapters/block-reader.ts";
import type { BlockToWrite } from "../adapters/block-writer.ts";
import { loadForcedEntries, loadOrigin } from "../adapters/l1-origins.ts";
import type { Effect } from "../core/effect.ts";
import type { BlockSummary } from "../core/state.ts";
import type { Execution } from "./execution.ts";

/** A block from a peer that is not executed yet. */
export type PeerBlock = {
  readonly block: L2Block;
  readonly rlp: Uint8Array;
  readonly seal: Hex;
  readonly originNumber: bigint;
  readonly peer: Hex;
};

/** Blocks on their way between execution and storage. */
export type Engine = {
  /** Keeps a peer's block for `execute`. */
  receive(block: PeerBlock): void;
  peerBlock(hash: Hex): PeerBlock | undefined;
  build(
    effect: Extract<Effect, { type: "build" }>,
  ): Promise<
    | { readonly summary: BlockSummary; readonly leftOut: BuiltBlock["leftOut"] }
    | { readonly reason: string }
  >;
  execute(
    effect: Extract<Effect, { type: "execute" }>,
  ): Promise<
    | { readonly type: "valid"; readonly summary: BlockSummary }
    | { readonly type: "invalid" | "unknown"; readonly reason: string }
  >;
  /** What is to be written of an executed block. */
  toWrite(hash: Hex, seal: Hex | null): BlockToWrite;
  /** The block is stored, or dropped. */
  release(hash: Hex, isStored: boolean): void;
};

/** What the engine works with. */
export type EngineOptions = {
  readonly execution: Pick<Execution, "state" | "blocks" | "senders" | "remember">;
  readonly sql: Sql;
  readonly reader: BlockReader;
  readonly coinbase: Hex;
  /** Time that a build may take. */
  readonly buildMsMax: number;
};

/** Makes the engine. */
export function createEngine(options: EngineOptions): Engine {
  const { sql, execution } = options;
  const { blocks } = execution;
  const { executor, states } = execution.state;
  const received = new Map<Hex, PeerBlock>();
  const executed = new Map<Hex, { result: ExecutedBlock; rlp: Uint8Array }>();
  const parentOf = async (hash: Hex): Promise<ParentBlock> => {
    const held = executed.get(hash)?.result;
    if (held !== undefined)
      return { header: held.block.header, hash, originNumber: held.originNumber };
    const stored = await options.reader.byHash(hash);
    assert(stored !== undefined, "the parent of a block is stored", { hash });
    return { header: stored.block.header, hash, originNumber: stored.originNumber };
  };
  const hold = (result: ExecutedBlock, rlp: Uint8Array): BlockSummary => {
    states.hold(result);
    executed.set(result.block.hash, { result, rlp });
    return summaryOf(result, (raw) => decodedOf(executor, raw));
  };
  return {
    receive: (block) => void received.set(block.block.hash, block),
    peerBlock: (hash) => received.get(hash),
    async build({ parent: parentHash, term, timestamp, origin, transactions }) {
      const parent = await parentOf(parentHash);
      const from = parent.header.queuePosition;
      const forcedEntries = await loadForcedEntries(sql, {
        from,
        origin: origin.number,
        max: forcedEntriesPerBlockMax,
      });
      const inputs = {
        timestamp,
        originNumber: origin.number,
        originHash: origin.hash,
        originTime: origin.timestamp,
        term,
        coinbase: options.coinbase,
        transactions: transactions.map(({ raw }) => raw),
        forcedEntries,
      };
      const result = await blocks.build(parent, inputs, options.buildMsMax);
      if (result.type === "notIncludable") return { reason: result.reason };
      return { summary: hold(result, encodeBlock(result.block)), leftOut: result.leftOut };
    },
    async execute({ hash, parent: parentHash, originNumber }) {
      const block = received.get(hash);
      if (block === undefined) return { type: "unknown", reason: "block is not here" };
      const parent = await parentOf(parentHash);
      const origin = await loadOrigin(sql, originNumber);
      if (origin === undefined) return { type: "unknown", reason: "origin is not confirmed here" };
      if (origin.hash !== block.block.header.originHash)
        return { type: "invalid", reason: "ORIGIN_DIFFERS" };
      const from = parent.header.queuePosition;
      const forcedEntries = await loadForcedEntries(sql, {
        from,
        origin: originNumber,
        max: forcedEntriesPerBlockMax,
      });
      const derived = { originNumber, originTime: origin.timestamp, forcedEntries };
      execution.remember(await execution.senders.recoverBlock(block.block.transactions));
      const result = await blocks.verify(parent, block.block, derived);
      if (result.type === "notIncludable") return { type: "invalid", reason: result.reason };
      return { type: "valid", summary: hold(result, block.rlp) };
    },
    toWrite(hash, seal) {
      const entry = executed.get(hash);
      assert(entry !== undefined, "a block is executed before it is stored", { hash });
      return { executed: entry.result, rlp: entry.rlp, seal };
    },
    release(hash, isStored) {
      received.delete(hash);
      if (executed.delete(hash)) blocks.release(hash, isStored);
      states.release(hash, isStored);
    },
  };
}

/** What the core keeps of a valid block. */
export function summaryOf(
  result: Pick<ExecutedBlock, "block" | "originNumber" | "forcedCount" | "senders">,
  decode: (raw: Uint8Array) => Transaction,
): BlockSummary {
  const { block, originNumber, forcedCount, senders } = result;
  const { header } = block;
  return {
    hash: block.hash,
    parentHash: header.parentHash,
    height: header.number,
    term: header.term,
    timestamp: header.timestamp,
    originNumber,
    queuePosition: header.queuePosition,
    gasLimit: header.gasLimit,
    nextBaseFeePerGas: nextBaseFeePerGas(header),
    transactions: block.transactions.map(decode),
    forcedCount,
    senders,
  };
}

/** A transaction of a valid block, which therefore decodes. */
export function decodedOf(executor: Executor, raw: Uint8Array): Transaction {
  const decoded = executor.decodeTransaction(raw);
  assert(decoded.type === "decoded", "a transaction of a valid block decodes");
  return decoded.transaction;
}
