/**
 * Which tip is canonical: the certified chain first; above it the highest term, then the greatest height, then, when a
 * leader sealed twice, the lower hash, so that all nodes that saw both choose alike.
 */
import { assert, type Hex } from "@sequorum/protocol";
import type { ChainChange } from "./effect.ts";
import type { BlockSummary } from "./state.ts";

type Tree = ReadonlyMap<Hex, BlockSummary>;

/** Whether `a` is the better tip. */
export function isBetterTip(a: BlockSummary, b: BlockSummary): boolean {
  if (a.term !== b.term) return a.term > b.term;
  if (a.height !== b.height) return a.height > b.height;
  return a.hash < b.hash;
}

/** The best block that descends from `root`; the root itself when it has no descendants. */
export function bestTip(tree: Tree, root: BlockSummary): BlockSummary {
  let best = root;
  for (const block of tree.values()) {
    if (
      best.hash !== block.hash &&
      descends(tree, block, root) &&
      (best === root || isBetterTip(block, best))
    ) {
      best = block;
    }
  }
  return best;
}

/** Whether `block` is `root` or above it on its branch. */
export function descends(tree: Tree, block: BlockSummary, root: BlockSummary): boolean {
  let at: BlockSummary | undefined = block;
  while (at !== undefined && at.height > root.height) at = tree.get(at.parentHash);
  return at?.hash === root.hash;
}

/** What changes when the canonical tip goes from one block to another of the same tree. */
export function changeBetween(tree: Tree, from: BlockSummary, to: BlockSummary): ChainChange {
  const removed: BlockSummary[] = [];
  const added: BlockSummary[] = [];
  let [old, now] = [from, to];
  while (old.hash !== now.hash) {
    if (now.height > old.height) {
      added.unshift(now);
      now = parentOf(tree, now);
    } else {
      removed.push(old);
      old = parentOf(tree, old);
    }
  }
  return { forkHeight: old.height, removed, added };
}

function parentOf(tree: Tree, block: BlockSummary): BlockSummary {
  const parent = tree.get(block.parentHash);
  assert(parent !== undefined, "branches of the tree meet at the certified block", {
    hash: block.hash,
  });
  return parent;
}
