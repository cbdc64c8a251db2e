/** Votes of others and of this validator. */
import { assert, type SignedVote } from "@sequorum/protocol";
import { voteKey } from "./actions.ts";
import type { Effect } from "./effect.ts";
import { keepEarly } from "./early-messages.ts";
import type { Input } from "./input.ts";
import { isValidator, type State, type Step, stay } from "./state.ts";
import { addVote } from "./vote-book.ts";

/** Counts a vote; a contradiction becomes evidence. */
export function onVerifiedVote(
  state: State,
  input: Extract<Input, { type: "verifiedVote" }>,
): Step {
  const { vote, by } = input;
  if (vote.height !== state.height) return stay(keepEarly(state, input));
  if (state.step === "decided") return stay(state);
  if (!isValidator(state, vote.validator)) {
    return { state, effects: [{ type: "reject", rejection: { code: "SIGNER_NOT_IN_SET", by } }] };
  }
  return count(adoptOwnVote(state, vote), vote);
}

/** This validator's vote is signed: durable first, then counted and sent (T5, T8). */
export function onVoteSigned(state: State, input: Extract<Input, { type: "voteSigned" }>): Step {
  const { vote } = input;
  if (vote.height !== state.height || state.step === "decided") return stay(state);
  const chosen = state.ownChoices.get(voteKey(vote.type, vote.round));
  assert(chosen === vote.blockId, "the signature is on the vote that was chosen", { chosen });
  assert(vote.validator === state.self, "own votes are signed by the own key", {
    signer: vote.validator,
  });
  const { state: counted, effects } = count(state, vote);
  const persist: Effect = { type: "persist", record: { type: "ownVote", vote } };
  const broadcast: Effect = { type: "broadcast", message: { type: "vote", vote } };
  return { state: counted, effects: [persist, broadcast, ...effects] };
}

/*
 * A vote by the own key that this core did not choose: its store was lost or replaced. It was said, so it is not said
 * differently now.
 */
function adoptOwnVote(state: State, vote: SignedVote): State {
  const key = voteKey(vote.type, vote.round);
  if (vote.validator !== state.self || state.ownChoices.has(key)) return state;
  return { ...state, ownChoices: new Map(state.ownChoices).set(key, vote.blockId) };
}

function count(state: State, vote: SignedVote): Step {
  const added = addVote(state.votes, vote, {
    round: state.round,
    isBlockKnown: (blockId) => state.blocks.has(blockId),
  });
  const next: State = added.isNew ? { ...state, votes: added.book } : state;
  if (added.conflict === undefined) return stay(next);
  return { state: next, effects: [{ type: "reportDoubleVote", evidence: added.conflict }] };
}
