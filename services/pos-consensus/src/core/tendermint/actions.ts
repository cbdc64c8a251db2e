/** What the rules do: start a round, choose a vote, schedule a timeout. */
import { assert, type Hex, nilBlockId, type PosProposal, type VoteType } from "@sequorum/protocol";
import type { TimerId } from "./input.ts";
import { proposerAt } from "./proposer-selection.ts";
import { andThen, isValidator, type State, type Step, stay } from "./state.ts";

/** Rounds back for which proposals with their blocks are kept. */
const proposalRoundsKept = 16;

/** The proposer of a round of this height. */
export function proposerOf(state: State, round: number): Hex {
  return proposerAt(state.validators, state.priorities, round);
}

/** StartRound(round), L11-L21. */
export function startRound(state: State, round: number): Step {
  assert(round >= state.round, "rounds never go back", { from: state.round, to: round });
  const started: State = { ...forgetOldProposals(state, round), round, step: "propose" };
  // Departure from L21: the proposer, too, has a timeout, because its application may not know its own block valid yet.
  const timeout = scheduleTimeout(started, "propose");
  if (proposerOf(state, round) !== state.self) return timeout;
  return andThen(
    timeout,
    (timed) =>
      timed.valid === undefined
        ? { state: timed, effects: [{ type: "buildBlock", height: timed.height, round }] } // L18
        : chooseProposal(timed, timed.valid.blockId), // L16
  );
}

/** Asks for the signature on this validator's proposal of the current round (L19). */
export function chooseProposal(state: State, blockId: Hex): Step {
  const key = proposalKey(state.round);
  assert(!state.ownChoices.has(key), "one proposal for each round", { key });
  const proposal: PosProposal = {
    height: state.height,
    round: state.round,
    validRound: state.valid?.round ?? -1,
    blockId,
  };
  return {
    state: { ...state, ownChoices: new Map(state.ownChoices).set(key, blockId) },
    effects: [{ type: "signProposal", proposal }],
  };
}

/** Asks for the signature on this validator's vote of the current round and moves to the vote's step. */
export function chooseVote(state: State, type: VoteType, blockId: Hex): Step {
  const moved: State = { ...state, step: type };
  if (!isValidator(state, state.self)) return stay(moved);
  const key = voteKey(type, state.round);
  if (state.ownChoices.has(key)) return stay(moved); // said before, see `adoptOwnVote`
  return {
    state: { ...moved, ownChoices: new Map(state.ownChoices).set(key, blockId) },
    effects: [
      { type: "signVote", vote: { type, height: state.height, round: state.round, blockId } },
    ],
  };
}

/** Votes for no block. */
export function chooseNil(state: State, type: VoteType): Step {
  return chooseVote(state, type, nilBlockId);
}

/** Schedules a timeout of the current round and notes that it is scheduled. */
export function scheduleTimeout(state: State, kind: "propose" | "prevote" | "precommit"): Step {
  const timer: TimerId = { kind, height: state.height, round: state.round };
  return {
    state: { ...state, scheduled: new Set(state.scheduled).add(`${kind}/${state.round}`) },
    effects: [{ type: "scheduleTimer", timer, afterMs: timeoutMs(state, kind) }],
  };
}

/** Key of `ownChoices` for a vote. */
export function voteKey(type: VoteType, round: number): string {
  return `${type}/${round}`;
}

/** Key of `ownChoices` for a proposal. */
export function proposalKey(round: number): string {
  return `proposal/${round}`;
}

/** Old proposals and their blocks are dropped; who needs one again gets it with a peer's status answer. */
function forgetOldProposals(state: State, round: number): State {
  const oldest = round - proposalRoundsKept;
  if (![...state.proposals.keys()].some((at) => at < oldest)) return state;
  const proposals = new Map([...state.proposals].filter(([at]) => at >= oldest));
  const needed = new Set([...proposals.values()].map(({ proposal }) => proposal.blockId));
  for (const value of [state.locked, state.valid])
    if (value !== undefined) needed.add(value.blockId);
  const blocks = new Map([...state.blocks].filter(([id]) => needed.has(id)));
  return { ...state, proposals, blocks };
}

function timeoutMs(state: State, kind: "propose" | "prevote" | "precommit"): number {
  const { parameters, round } = state;
  return kind === "propose"
    ? parameters.proposeTimeoutMs + round * parameters.proposeTimeoutDeltaMs
    : parameters.voteTimeoutMs + round * parameters.voteTimeoutDeltaMs;
}
