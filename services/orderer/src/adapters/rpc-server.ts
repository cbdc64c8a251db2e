/** OrdererService: the chain for the operator's other services and for gRPC users. */
import { OrdererService } from "@sequorum/proto/orderer";
import { ConfirmationLevel } from "@sequorum/proto/types";
import { type Hex, hexToBytes } from "@sequorum/protocol";
import { type GrpcHandler, grpcHandler, RpcError } from "@sequorum/service";
import { isLeading } from "../core/build-block.ts";
import { headOf } from "../core/chain.ts";
import type { State } from "../core/state.ts";
import type {
  ChainEvents,
  ConfirmationLevel as Level,
  OrdererPorts,
  RejectionCode,
} from "../ports.ts";
import type { ChainPosition } from "../shell/chain-view.ts";
import type { BlockReader } from "./block-reader.ts";
import { hexOf, type StoredBlock } from "./block-rows.ts";
import { feedBlockOf, sealedBlockToProto } from "./feed-wire.ts";

/** Bounds of single answers. */
const blocksMax = 256n;
const referencesMax = 1_024;
const pageBlocks = 64;
const streamQueueMax = 1_024;

/** What the service works with. */
export type RpcDeps = Pick<OrdererPorts, "chain" | "pool" | "events"> & {
  readonly reader: BlockReader;
  readonly state: () => State;
  readonly position: ChainPosition;
  readonly peers: () => number;
};

const levels: Readonly<Record<Level, ConfirmationLevel>> = {
  soft: ConfirmationLevel.SOFT,
  quorum: ConfirmationLevel.QUORUM,
  posted: ConfirmationLevel.POSTED,
  final: ConfirmationLevel.FINAL,
};

const exhausted: readonly RejectionCode[] = ["MEMPOOL_FULL", "SENDER_QUEUE_FULL", "OVERLOADED"];

/** Implements OrdererService. */
export function ordererHandler(deps: RpcDeps): GrpcHandler {
  const { reader, pool } = deps;
  return grpcHandler(OrdererService, {
    async submitTransaction({ raw }) {
      const result = await pool.add(raw);
      if (result.type === "accepted") return { hash: hexToBytes(result.hash) };
      if (result.code === "NOT_READY") throw new RpcError("UNAVAILABLE", result.code);
      if (result.code === "ALREADY_KNOWN") throw new RpcError("ALREADY_EXISTS", result.code);
      throw new RpcError(
        exhausted.includes(result.code) ? "RESOURCE_EXHAUSTED" : "INVALID_ARGUMENT",
        result.code,
      );
    },
    getTransactionStatus: ({ hash }) => transactionStatus(deps, hash32(hash)),
    async getBlock({ block }) {
      const stored = await findBlock(reader, block);
      if (stored === undefined) throw new RpcError("NOT_FOUND", "BLOCK_UNKNOWN");
      return { block: sealed(stored) };
    },
    async getBlocks({ from, to }) {
      if (to < from || to - from >= blocksMax)
        throw new RpcError("INVALID_ARGUMENT", "RANGE_INVALID");
      const blocks = await reader.canonical(from, Number(to - from) + 1);
      return { blocks: blocks.filter(({ block }) => block.header.number <= to).map(sealed) };
    },
    async *streamBlocks({ from }, { signal }) {
      for await (const stored of canonicalBlocks(deps, from, signal))
        yield { block: sealed(stored) };
    },
    async getCanonicalChain({ from }) {
      const references = await reader.canonicalReferences(from, referencesMax);
      const blocks = references.map(({ height, hash, parentHash, term }) => ({
        height,
        hash: hexToBytes(hash),
        parentHash: hexToBytes(parentHash),
        term,
      }));
      return { blocks };
    },
    getStatus: async () => status(deps),
  });
}

function status({ state, position, peers, pool }: RpcDeps) {
  const core = state();
  const head = headOf(core);
  return {
    head: {
      height: head.height,
      hash: hexToBytes(head.hash),
      parentHash: hexToBytes(head.parentHash),
      term: head.term,
    },
    certifiedHeight: position.levels.certified,
    safeHeight: position.levels.safe,
    finalizedHeight: position.levels.finalized,
    term: core.term?.term ?? 0n,
    leader: core.term === undefined ? new Uint8Array(0) : hexToBytes(core.term.leader),
    leading: isLeading(core),
    pendingTransactions: pool.counts().pending,
    peers: peers(),
    l1OriginNumber: core.origins.at(-1)?.number ?? 0n,
  };
}

async function transactionStatus({ chain, pool, reader, state }: RpcDeps, hash: Hex) {
  const location = await chain.transaction(hash);
  if (location === undefined) {
    const isWaiting = pool.get(hash) !== undefined || state().mempool.isIncluded(hash);
    return { level: isWaiting ? ConfirmationLevel.PENDING : ConfirmationLevel.UNKNOWN };
  }
  const { block, receipt } = location;
  const { number: height } = block.block.header;
  const isPosted = block.level === "posted" || block.level === "final";
  const batch = isPosted ? await reader.batchOf(height) : undefined;
  return {
    level: levels[block.level],
    height,
    blockHash: hexToBytes(block.block.hash),
    succeeded: receipt.status === 1,
    gasUsed: receipt.gasUsed,
    batchIndex: batch?.index ?? 0n,
    l1TxHash: batch?.l1TxHash === undefined ? new Uint8Array(0) : hexToBytes(batch.l1TxHash),
  };
}

function findBlock(
  reader: BlockReader,
  block:
    | { case: "height"; value: bigint }
    | { case: "hash"; value: Uint8Array }
    | { case: undefined; value?: undefined },
): Promise<StoredBlock | undefined> {
  if (block.case === "hash") return reader.byHash(hash32(block.value));
  if (block.case === undefined) throw new RpcError("INVALID_ARGUMENT", "BLOCK_NOT_NAMED");
  return reader
    .canonicalHash(block.value)
    .then((hash) => (hash === undefined ? undefined : reader.byHash(hash)));
}

/** Stored canonical blocks, then what joins the canonical chain; ends when the reader is too slow. */
async function* canonicalBlocks(
  { events, reader }: { events: ChainEvents; reader: BlockReader },
  from: bigint,
  signal: AbortSignal,
): AsyncGenerator<StoredBlock, void> {
  const queue: Hex[] = [];
  let wake = () => {};
  const stop = events.subscribe((event) => {
    if (event.type !== "headChanged") return;
    for (const { block } of event.added) if (block.header.number >= from) queue.push(block.hash);
    wake();
  });
  signal.addEventListener("abort", () => wake(), { once: true });
  const sent = new Set<Hex>();
  try {
    for (let height = from; ; ) {
      const page = await reader.canonical(height, pageBlocks);
      for (const stored of page) {
        sent.add(stored.block.hash);
        yield stored;
      }
      const last = page.at(-1);
      if (last === undefined || signal.aborted) break;
      height = last.block.header.number + 1n;
    }
    while (!signal.aborted) {
      const hash = queue.shift();
      if (hash === undefined) {
        sent.clear(); // what was queued while the pages were read is through
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (queue.length > 0 || signal.aborted) resolve();
        });
        continue;
      }
      if (queue.length > streamQueueMax)
        throw new RpcError("RESOURCE_EXHAUSTED", "READER_TOO_SLOW");
      const stored = sent.has(hash) ? undefined : await reader.byHash(hash);
      if (stored !== undefined) yield stored;
    }
  } finally {
    stop();
  }
}

function sealed(stored: StoredBlock) {
  return sealedBlockToProto(feedBlockOf(stored));
}

function hash32(bytes: Uint8Array): Hex {
  if (bytes.length !== 32) throw new RpcError("INVALID_ARGUMENT", "HASH_INVALID");
  return hexOf(bytes);
}
