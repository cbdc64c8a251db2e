/** Messages for the next height: a validator that decides a moment later than its peers must not lose them. */
import type { Hex } from "@sequorum/protocol";
import { type EarlyMessage, isValidator, type State } from "./state.ts";

const votesOfSignerMax = 4;
const proposalsOfSignerMax = 1;

/** Keeps a message for the next height, a few of each validator; anything else is dropped (status recovers it). */
export function keepEarly(state: State, input: EarlyMessage): State {
  if (heightOf(input) !== state.height + 1n || !isValidator(state, signerOf(input))) return state;
  const ofSigner = state.early.filter(
    (other) => other.type === input.type && signerOf(other) === signerOf(input),
  );
  const limit = input.type === "verifiedVote" ? votesOfSignerMax : proposalsOfSignerMax;
  return ofSigner.length >= limit ? state : { ...state, early: [...state.early, input] };
}

function signerOf(input: EarlyMessage): Hex {
  return input.type === "verifiedVote" ? input.vote.validator : input.proposal.proposer;
}

function heightOf(input: EarlyMessage): bigint {
  return input.type === "verifiedVote" ? input.vote.height : input.proposal.height;
}
