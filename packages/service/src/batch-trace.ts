/** Batches in the traces of their blocks: remembers from the pool's decisions which blocks a batch has. */
import type { BlocksCertified, Event } from "@sequorum/proto/events";
import {
  type BatchHeader,
  type BatchIndex,
  type BlockHeight,
  bytesToHex,
  decodeBatchHeader,
  type Hex,
} from "@sequorum/protocol";
import { type BlockSpanName, isTracing, recordBlockSpan } from "./block-trace.ts";

/** Blocks of one batch that get a span for each thing that happens to it: the first ones. */
export const tracedBlocksMax = 16;
/** Certified blocks and batches that are remembered. */
const blocksMax = 2_048;
const batchesMax = 64;

/** What happened to a batch. */
export type BatchSpan = {
  readonly name: BlockSpanName;
  /** When it began: a time, when the block was certified, or when the batch was proposed, as heard here. */
  readonly since: number | "certified" | "proposed";
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
};

/** Records what happens to batches. */
export type BatchTrace = {
  /** Every event of pos-consensus goes here, in order. */
  observe(event: Event): void;
  /** Something happened to the batch just now. Blocks that were certified before this process started are left out. */
  record(
    batch: Pick<BatchHeader, "index" | "firstBlock" | "lastBlock"> | BatchIndex,
    span: BatchSpan,
  ): void;
};

type Block = { readonly hash: Hex; readonly certifiedAtMs: number };
type Batch = Pick<BatchHeader, "index" | "firstBlock" | "lastBlock"> & {
  readonly proposedAtMs?: number;
};

/** Starts with nothing; it costs nothing while spans go nowhere. */
export function createBatchTrace(service: string, nowMs: () => number = Date.now): BatchTrace {
  const blocks = new Map<BlockHeight, Block>();
  const batches = new Map<BatchIndex, Batch>();
  const certified = ({ from, hashes }: BlocksCertified) => {
    for (const [place, bytes] of hashes.entries()) {
      const [height, hash] = [from + BigInt(place), bytesToHex(bytes)];
      if (blocks.get(height)?.hash !== hash) blocks.set(height, { hash, certifiedAtMs: nowMs() });
    }
    dropOldest(blocks, blocksMax);
  };
  const proposed = (header: BatchHeader) => {
    const { index, firstBlock, lastBlock } = header;
    batches.delete(index); // the newest attempt counts, and goes last
    batches.set(index, { index, firstBlock, lastBlock, proposedAtMs: nowMs() });
    dropOldest(batches, batchesMax);
  };
  return {
    observe({ payload }) {
      if (!isTracing() || payload.case !== "decision") return;
      const { kind } = payload.value;
      if (kind.case === "blocksCertified") return certified(kind.value);
      if (kind.case !== "batchProposed") return;
      const header = decodeBatchHeader(kind.value.header?.abi ?? new Uint8Array(0));
      if (header !== undefined) proposed(header);
    },
    record(named, { name, since, attributes }) {
      if (!isTracing()) return;
      const known = batches.get(typeof named === "bigint" ? named : named.index);
      const batch: Batch | undefined = typeof named === "bigint" ? known : named;
      if (batch === undefined) return;
      const endMs = nowMs();
      for (const block of firstBlocks(blocks, batch)) {
        const times = { certified: block.certifiedAtMs, proposed: known?.proposedAtMs ?? endMs };
        recordBlockSpan({
          service,
          blockHash: block.hash,
          name,
          startMs: typeof since === "number" ? since : times[since],
          endMs,
          attributes: { "sequorum.batch.index": Number(batch.index), ...attributes },
        });
      }
    },
  };
}

function firstBlocks(
  blocks: ReadonlyMap<BlockHeight, Block>,
  { firstBlock, lastBlock }: Batch,
): Block[] {
  const found: Block[] = [];
  for (let height = firstBlock; height <= lastBlock && found.length < tracedBlocksMax; height++) {
    const block = blocks.get(height);
    if (block !== undefined) found.push(block);
  }
  return found;
}

function dropOldest<K>(map: Map<K, unknown>, sizeMax: number): void {
  for (const key of map.keys()) {
    if (map.size <= sizeMax) return;
    map.delete(key);
  }
}
