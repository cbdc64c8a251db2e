/** What always holds of the core's state; numbered as in the README. */
import { assert } from "@sequorum/protocol";
import { headOf } from "./chain.ts";
import { bestTip, descends } from "./fork-choice.ts";
import { preferredRoot } from "./peer-blocks.ts";
import type { State } from "./state.ts";

/** Throws when an invariant is broken. */
export function checkInvariants(state: State): void {
  const { tree, certified, mempool, parameters } = state;
  const head = headOf(state);
  assert(tree.get(certified.hash) === certified, "O1 the certified block is the root of the tree");
  assert(descends(tree, head, certified), "O1 the head descends from the certified block");
  for (const block of tree.values()) {
    assert(
      descends(tree, block, certified),
      "O2 every block of the tree descends from the certified one",
    );
  }
  assert(
    bestTip(tree, preferredRoot(state)).hash === head.hash,
    "O3 the head is the best tip of the tree",
    { head: head.hash },
  );
  assert(
    mempool.size <= parameters.mempool.transactionsMax + returnedMax(state),
    "O5 the mempool is bounded",
  );
  assert(
    state.waiting.size <= parameters.waitingBlocksMax + state.uncovered.size,
    "O6 waiting blocks are bounded",
  );
}

/** Transactions of abandoned blocks come back above the limit. */
function returnedMax(state: State): number {
  return state.parameters.transactionsPerBlockMax * state.parameters.uncertifiedBlocksMax;
}
