/** Start and restart. A validator resumes in the last round in which it said something, and repeats nothing else. */
import type { SignedVote } from "@sequorum/protocol";
import { proposalKey, scheduleTimeout, voteKey } from "./actions.ts";
import type { WalRecord } from "./effect.ts";
import type { HeightStart, HeightStep } from "./input.ts";
import type { TendermintParameters } from "./parameters.ts";
import { addBlock } from "./on-proposal.ts";
import { heightTimers, statusTimer } from "./on-timer-fired.ts";
import { applyRules } from "./rules.ts";
import { andThen, enterHeight, ownVotes, type State, type Step, stay } from "./state.ts";
import { addVote } from "./vote-book.ts";

/** The core at `start`, with what the WAL holds of that height (records of other heights are ignored). */
export function restore(
  start: HeightStart,
  records: readonly WalRecord[],
  identity: { readonly self: State["self"]; readonly parameters: TendermintParameters },
): Step {
  const empty = enterHeight(start, { ...identity, peers: new Map(), requestCount: 0 });
  const initial: Step = { state: empty, effects: [...heightTimers(empty), statusTimer(empty)] };
  const ofHeight = records.filter((record) => heightOf(record) === start.height);
  const recalled = ofHeight.reduce(
    (current, record) => andThen(current, (state) => recall(state, record)),
    initial,
  );
  return andThen(andThen(recalled, resume), applyRules);
}

function recall(state: State, record: WalRecord): Step {
  if (record.type === "ownVote") {
    const { vote } = record;
    return stay(choose(withVote(state, vote), voteKey(vote.type, vote.round), vote.blockId));
  }
  if (record.type === "ownProposal") {
    const { proposal, block } = record;
    const proposals = new Map(state.proposals).set(proposal.round, { proposal, isFresh: true });
    const known = choose({ ...state, proposals }, proposalKey(proposal.round), proposal.blockId);
    return addBlock(known, proposal.blockId, block);
  }
  const { round, blockId, block } = record;
  const isNewer = state.locked === undefined || state.locked.round < round;
  const value = isNewer ? { round, blockId } : state.locked;
  const locked: State = { ...state, locked: value, valid: value };
  return andThen(addBlock(locked, blockId, block), (next) =>
    stay(record.prevotes.reduce(withVote, next)),
  );
}

/** Round and step of the last own message; a proposal or vote in them is never chosen again. */
function resume(state: State): Step {
  const votes = ownVotes(state);
  const proposed = [...state.ownChoices.keys()]
    .filter((key) => key.startsWith("proposal/"))
    .map((key) => Number(key.slice("proposal/".length)));
  const lockedRound = state.locked?.round ?? -1;
  const round = Math.max(-1, lockedRound, ...proposed, ...votes.map((vote) => vote.round));
  if (round < 0) return stay(state);
  const step = stepIn(votes.filter((vote) => vote.round === round));
  const resumed: State = { ...state, round, step, isPaced: true, isBlockWanted: true };
  return step === "propose" ? scheduleTimeout(resumed, "propose") : stay(resumed);
}

function stepIn(votes: readonly SignedVote[]): HeightStep {
  if (votes.some(({ type }) => type === "precommit")) return "precommit";
  return votes.some(({ type }) => type === "prevote") ? "prevote" : "propose";
}

function withVote(state: State, vote: SignedVote): State {
  const isBlockKnown = (): boolean => true;
  const { book } = addVote(state.votes, vote, { round: vote.round, isBlockKnown });
  return { ...state, votes: book };
}

function choose(state: State, key: string, blockId: SignedVote["blockId"]): State {
  return { ...state, ownChoices: new Map(state.ownChoices).set(key, blockId) };
}

function heightOf(record: WalRecord): bigint {
  switch (record.type) {
    case "ownVote":
      return record.vote.height;
    case "ownProposal":
      return record.proposal.height;
    case "lock":
      return record.height;
  }
}
