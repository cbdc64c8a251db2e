/** A batch proposal: everything about the header that the pool's own state can judge; the rest is for the endorsers. */
import {
  type BatchHeader,
  batchDigest,
  currentStfVersion,
  findBatchHeaderFault,
  merkleRoot,
  type PoolPayload,
} from "@sequorum/protocol";
import { certifiedHashes } from "./certification.ts";
import { locateBatch } from "./locate-batch.ts";
import type { RejectionCode } from "./rejection.ts";
import type { OpenBatch, PoolState } from "./state.ts";
import type { Outcome, Sent } from "./step.ts";

type BatchProposal = Extract<PoolPayload, { readonly type: "batchProposal" }>;

/** Moves the open batch to `proposed`. */
export function onBatchProposal(
  state: PoolState,
  { sender, payload }: Sent<BatchProposal>,
): Outcome {
  const { header, attempt } = payload;
  const open = locateBatch(state, header.index, attempt);
  if (typeof open === "string") return open;
  if (sender !== open.proposer || header.proposer !== sender) return "NOT_THE_PROPOSER";
  if (open.stage.type !== "open") return "BATCH_ALREADY_PROPOSED";
  const fault = findFault(state, header);
  if (fault !== undefined) return fault;
  const digest = batchDigest(header, state.network.domain);
  const proposed: OpenBatch = {
    ...open,
    deadlineMs: state.timeMs + state.network.parameters.batchProposalTimeoutMs,
    stage: { type: "proposed", header, digest, endorsements: [], refusals: [] },
  };
  return {
    state: { ...state, batches: { ...state.batches, open: proposed } },
    decisions: [{ type: "batchProposed", attempt, header }],
  };
}

function findFault(state: PoolState, header: BatchHeader): RejectionCode | undefined {
  const { batches, keys, network } = state;
  const { tip } = batches;
  if (findBatchHeaderFault(header) !== undefined) return "BATCH_HEADER_MALFORMED";
  if (header.chainId !== network.l2ChainId) return "BATCH_CHAIN_ID_MISMATCH";
  if (header.stfVersion !== currentStfVersion) return "BATCH_VERSION_MISMATCH";
  if (header.parentHash !== tip.digest) return "BATCH_PARENT_MISMATCH";
  if (header.firstBlock !== tip.lastBlock + 1n) return "BATCH_RANGE_MISMATCH";
  if (header.queueFrom !== tip.queueTo) return "BATCH_QUEUE_MISMATCH";
  if (header.l1OriginNumber < tip.l1OriginNumber) return "BATCH_ORIGIN_WENT_BACK";
  if (header.epoch !== keys.active?.epoch) return "BATCH_EPOCH_MISMATCH";
  const blocks = header.lastBlock - header.firstBlock + 1n;
  const { batchBlocksMax, batchBytesMax } = network.parameters;
  if (blocks > BigInt(batchBlocksMax) || header.daSize > batchBytesMax) return "BATCH_TOO_LARGE";
  if (header.lastBlock > state.certified.height) return "BATCH_NOT_CERTIFIED";
  return matchesCertified(state, header) ? undefined : "BATCH_BLOCKS_MISMATCH";
}

/** Compares with the certified hashes; far behind the head they are kept no more, and the endorsers alone judge. */
function matchesCertified(state: PoolState, header: BatchHeader): boolean {
  const { tip } = state.batches;
  // The first batch continues the L2 genesis block, which this chain does not know.
  if (tip.index > 0n && header.parentBlockHash !== tip.lastBlockHash) return false;
  const hashes = certifiedHashes(state, header.firstBlock, header.lastBlock);
  if (hashes === undefined) return true;
  return header.lastBlockHash === hashes.at(-1) && header.blockRoot === merkleRoot(hashes);
}
