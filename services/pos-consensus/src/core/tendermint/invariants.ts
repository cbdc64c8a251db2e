/** What must hold between any two inputs; numbers as in README.md. Checked by tests and by the simulation. */
import { assert } from "@sequorum/protocol";
import { voteKey } from "./actions.ts";
import { ownVotes, type State } from "./state.ts";

/** Throws `AssertionFailure` when an invariant is broken. */
export function checkInvariants(state: State): void {
  const { round, locked, valid } = state;
  const at = { height: state.height, round };
  assert((locked?.round ?? -1) <= round, "P3 the locked round is not in the future", at);
  assert((valid?.round ?? -1) >= (locked?.round ?? -1), "P3 validRound >= lockedRound", at);
  for (const vote of ownVotes(state)) {
    const chosen = state.ownChoices.get(voteKey(vote.type, vote.round));
    assert(chosen === vote.blockId, "P2 every own vote is the one that was chosen", at);
  }
  for (const value of [locked, valid]) {
    if (value !== undefined)
      assert(state.blocks.has(value.blockId), "P4 a locked block is known", at);
  }
}
