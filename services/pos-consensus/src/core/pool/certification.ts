/** Certification of L2 blocks by the PoS chain: contiguous, within the term, and held valid by the voters (T6). */
import {
  assert,
  type BlockHeight,
  type CertifiedBlocks,
  type Hex,
  type Term,
  zeroHash,
} from "@sequorum/protocol";
import { certifiedHashesKept, certifiedPerBlockMax } from "./limits.ts";
import type { PoolState } from "./state.ts";
import type { Step } from "./step.ts";

/** A block of the orderer's canonical chain. */
export type CanonicalBlock = {
  readonly height: BlockHeight;
  readonly hash: Hex;
  readonly parentHash: Hex;
  /** Term in which it was sealed. */
  readonly term: Term;
};

/** What the local orderer holds valid, ascending and linked; may begin below the certified head. */
export type CanonicalView = readonly CanonicalBlock[];

/** Whether the PoS block may certify these blocks, as far as the state alone tells. */
export function isCertifiable(state: PoolState, { from, hashes }: CertifiedBlocks): boolean {
  const { certified, leadership } = state;
  if (from !== certified.height + 1n || hashes.length > certifiedPerBlockMax) return false;
  return (
    certified.height + BigInt(hashes.length) <= leadership.lastBlock &&
    hashes.every((hash) => hash !== zeroHash)
  );
}

/** The blocks that the view offers for certification: on top of the certified head, sealed no later than this term. */
export function certifiableBlocks(
  state: PoolState,
  view: CanonicalView,
): readonly CanonicalBlock[] {
  const { certified, leadership } = state;
  const blocks: CanonicalBlock[] = [];
  let parentHash = certified.hash;
  for (const block of view) {
    const next = certified.height + 1n + BigInt(blocks.length);
    if (block.height < next) continue;
    const isLinked = block.height === next && (next === 1n || block.parentHash === parentHash);
    const isInTerm = block.term <= leadership.term && block.height <= leadership.lastBlock;
    if (!isLinked || !isInTerm || blocks.length === certifiedPerBlockMax) break;
    blocks.push(block);
    parentHash = block.hash;
  }
  return blocks;
}

/** Whether the local view holds all these hashes; no opinion on others, for the orderer may yet receive them. */
export function isHeldLocally(
  state: PoolState,
  hashes: readonly Hex[],
  view: CanonicalView,
): boolean {
  const held = certifiableBlocks(state, view);
  return hashes.every((hash, i) => held[i]?.hash === hash);
}

/** Certifies the blocks; `blockId` is the PoS block that does. */
export function certify(state: PoolState, blocks: CertifiedBlocks, blockId: Hex): Step {
  const { from, hashes } = blocks;
  assert(isCertifiable(state, blocks), "certified blocks continue the chain", { from });
  const head = hashes.at(-1);
  if (head === undefined) return { state, decisions: [] };
  const height = state.certified.height + BigInt(hashes.length);
  const recent = [...state.certified.recent, ...hashes].slice(-keptAt(state, height));
  const certified = { height, hash: head, recent };
  return {
    state: { ...state, certified },
    decisions: [{ type: "blocksCertified", from, hashes, blockId }],
  };
}

/** Hashes serve the checks of batch proposals: those above what L1 holds are enough, and there is a bound. */
function keptAt({ batches }: PoolState, height: BlockHeight): number {
  const posted = batches.unposted[0]?.parent ?? batches.tip;
  return Math.min(certifiedHashesKept, Number(height - posted.lastBlock));
}

/** Hashes of certified blocks, both bounds inclusive; undefined when some are kept no more. */
export function certifiedHashes(
  state: PoolState,
  from: BlockHeight,
  to: BlockHeight,
): readonly Hex[] | undefined {
  const { height, recent } = state.certified;
  assert(to <= height && from <= to, "the range is certified", { from, to, height });
  const start = recent.length - Number(height - from) - 1;
  return start < 0 ? undefined : recent.slice(start, start + Number(to - from) + 1);
}
