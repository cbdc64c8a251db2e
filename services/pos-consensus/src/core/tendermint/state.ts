/** State of the Tendermint core: one height at a time. Replaced, never mutated. */
import {
  type Hex,
  type PosBlock,
  type PosHeight,
  type SignedProposal,
  type SignedVote,
  totalPower,
  type Validator,
} from "@sequorum/protocol";
import type { Effect } from "./effect.ts";
import type { BlockVerdict, HeightStart, HeightStep, Input, PeerStatus } from "./input.ts";
import type { TendermintParameters } from "./parameters.ts";
import { emptyVoteBook, type VoteBook } from "./vote-book.ts";

/** A value with the round of its 2f+1 prevotes. */
export type RoundValue = { readonly round: number; readonly blockId: Hex };

/** A proposal; `isFresh` = timely and built by its proposer, which a proposal with validRound -1 must be. */
export type KnownProposal = { readonly proposal: SignedProposal; readonly isFresh: boolean };

/** A block; `checking` until the shell has judged it. */
export type KnownBlock = { readonly block: PosBlock; readonly verdict: BlockVerdict | "checking" };

/** A message for the next height, kept until this one is committed. */
export type EarlyMessage = Extract<Input, { type: "verifiedProposal" | "verifiedVote" }>;

export type State = {
  readonly parameters: TendermintParameters;
  /** This validator; it votes only at heights whose set it is in. */
  readonly self: Hex;

  readonly height: PosHeight;
  readonly validators: readonly Validator[];
  readonly totalPower: bigint;
  readonly priorities: readonly bigint[];

  readonly round: number;
  readonly step: HeightStep;
  /** lockedValue, lockedRound (L2-L5); undefined is nil, -1. */
  readonly locked: RoundValue | undefined;
  /** validValue, validRound. */
  readonly valid: RoundValue | undefined;

  /** First proposal of each round. */
  readonly proposals: ReadonlyMap<number, KnownProposal>;
  readonly blocks: ReadonlyMap<Hex, KnownBlock>;
  readonly votes: VoteBook;
  /** What this validator has asked to be signed: `type/round` -> block id. Never replaced (T5). */
  readonly ownChoices: ReadonlyMap<string, Hex>;
  /** Timers already scheduled at this height, `kind/round` ("for the first time", L34, L47). */
  readonly scheduled: ReadonlySet<string>;

  /** The least block interval has passed. */
  readonly isPaced: boolean;
  readonly isBlockWanted: boolean;

  readonly early: readonly EarlyMessage[];
  readonly peers: ReadonlyMap<Hex, PeerStatus>;
  /** Height of the outstanding block request, and the number of requests (rotates over the peers). */
  readonly requested: PosHeight | undefined;
  readonly requestCount: number;
};

/** A new state and what is to be done, in order. */
export type Step = { readonly state: State; readonly effects: readonly Effect[] };

/** A step that only changes the state. */
export function stay(state: State): Step {
  return { state, effects: [] };
}

/** Continues a step with another one. */
export function andThen(step: Step, next: (state: State) => Step): Step {
  const { state, effects } = next(step.state);
  return { state, effects: [...step.effects, ...effects] };
}

/** A core that has just entered a height; what belongs to peers is kept. */
export function enterHeight(
  start: HeightStart,
  kept: Pick<State, "parameters" | "self" | "peers" | "requestCount">,
): State {
  return {
    parameters: kept.parameters,
    self: kept.self,
    peers: kept.peers,
    requestCount: kept.requestCount,
    height: start.height,
    validators: start.validators,
    totalPower: totalPower(start.validators),
    priorities: start.priorities,
    round: 0,
    step: "waiting",
    locked: undefined,
    valid: undefined,
    proposals: new Map(),
    blocks: new Map(),
    votes: emptyVoteBook,
    ownChoices: new Map(),
    scheduled: new Set(),
    isPaced: false,
    isBlockWanted: false,
    early: [],
    requested: undefined,
  };
}

/** Whether an address is a validator of this height. */
export function isValidator(state: State, address: Hex): boolean {
  return state.validators.some((validator) => validator.address === address);
}

/** Own votes of this height that are signed, by round. */
export function ownVotes(state: State): SignedVote[] {
  return [...state.votes.values()].flatMap(({ prevote, precommit }) => [
    ...(prevote.get(state.self) ?? []),
    ...(precommit.get(state.self) ?? []),
  ]);
}
