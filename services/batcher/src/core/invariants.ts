/** What always holds of the state; numbers as in the README. */
import { assert } from "@sequorum/protocol";
import type { State } from "./state.ts";

/** Asserts the invariants that the state alone shows. */
export function checkInvariants(state: State): void {
  const { blocks, open, parameters } = state;
  assert(
    blocks.length <= parameters.blocksMax,
    "B4 no more blocks are held than one batch may have",
  );
  for (const [place, block] of blocks.entries()) {
    const before = blocks[place - 1];
    assert(
      open !== null && block.height === open.firstBlock + BigInt(place),
      "B5 held blocks start at the open batch",
    );
    assert(before === undefined || before.hash === block.parentHash, "B5 held blocks are linked");
    assert(block.height <= state.certifiedHeight, "B3 held blocks are certified");
  }
  assert(
    state.proposal === null || state.proposal.header.index === open?.index,
    "B6 the proposal is for the open index",
  );
}
