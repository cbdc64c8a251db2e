/** The batch of given blocks: data and header, computed from this operator's own certified blocks only (T2). */
import type { BatchHeader, Hex, SigningDomain } from "@sequorum/protocol";
import {
  assert,
  batchDigest,
  batchHeaderVersion,
  chunkRoot,
  currentStfVersion,
  daKindCalldata,
  merkleRoot,
  tryEncodeBatch,
} from "@sequorum/protocol";
import type { SourceBlock } from "./source-block.ts";
import { toBatchBlock } from "./source-block.ts";

/** What the PoS chain says a batch continues. */
export type BatchContext = {
  readonly index: bigint;
  readonly parentHash: Hex;
  readonly queueFrom: bigint;
  readonly epoch: bigint;
  readonly proposer: Hex;
};

/** A batch with its data and digest. */
export type BuiltBatch = {
  readonly header: BatchHeader;
  readonly digest: Hex;
  readonly data: Uint8Array;
};

/** Computes the batch; `blocks` are consecutive. Undefined when they are too much for one batch's decoder. */
export function buildBatch(
  blocks: readonly SourceBlock[],
  context: BatchContext,
  network: { readonly l2ChainId: bigint; readonly domain: SigningDomain },
): BuiltBatch | undefined {
  const [first, last] = [blocks[0], blocks.at(-1)];
  assert(first !== undefined && last !== undefined, "a batch has blocks", { index: context.index });
  for (const [place, block] of blocks.entries()) {
    const before = blocks[place - 1];
    assert(before === undefined || before.hash === block.parentHash, "batched blocks are linked", {
      height: block.height,
    });
  }
  const data = tryEncodeBatch(blocks.map(toBatchBlock));
  if (data === undefined) return undefined;
  const header: BatchHeader = {
    version: batchHeaderVersion,
    stfVersion: currentStfVersion,
    chainId: network.l2ChainId,
    index: context.index,
    parentHash: context.parentHash,
    firstBlock: first.height,
    lastBlock: last.height,
    parentBlockHash: first.parentHash,
    lastBlockHash: last.hash,
    postStateRoot: last.stateRoot,
    blockRoot: merkleRoot(blocks.map((block) => block.hash)),
    daKind: daKindCalldata,
    daSize: data.length,
    daRoot: chunkRoot(data),
    queueFrom: context.queueFrom,
    queueTo: last.queuePosition,
    l1OriginNumber: last.l1OriginNumber,
    l1OriginHash: last.l1OriginHash,
    epoch: context.epoch,
    proposer: context.proposer,
    timestamp: last.timestamp,
  };
  return { header, digest: batchDigest(header, network.domain), data };
}
