/**
 * The "upon" rules of Algorithm 1, each with its lines. After every input all rules are tried until none applies.
 * Where the paper asks for the round's PROPOSAL next to 2f+1 votes for its value, knowing the block is enough: at least
 * f+1 correct validators have seen that proposal.
 */
import {
  assert,
  type CommitCertificate,
  hasByzantineQuorum,
  hasHonestMember,
  nilBlockId,
  type VoteType,
} from "@sequorum/protocol";
import { chooseNil, chooseVote, scheduleTimeout, startRound } from "./actions.ts";
import {
  andThen,
  type KnownBlock,
  type KnownProposal,
  type RoundValue,
  type State,
  type Step,
  stay,
} from "./state.ts";
import {
  blockIdsOf,
  highestRounds,
  powerFor,
  powerOfAny,
  powerWhere,
  votesFor,
} from "./vote-book.ts";

type Rule = (state: State) => Step | undefined;

/** More rules than this in a row would be a loop. */
const rulesInARowMax = 64;

/** Applies rules until none is applicable. */
export function applyRules(initial: State): Step {
  let current = stay(initial);
  for (let i = 0; i < rulesInARowMax; i++) {
    const next = firstApplicable(current.state);
    if (next === undefined) return current;
    current = andThen(current, () => next);
  }
  assert(false, "the rules come to rest", { height: initial.height, round: initial.round });
}

function firstApplicable(state: State): Step | undefined {
  if (state.step === "decided") return undefined;
  for (const rule of rules) {
    const applied = rule(state);
    if (applied !== undefined) return applied;
  }
  return undefined;
}

/** L49-L54: 2f+1 precommits of any round decide a block; execution and the next height follow. */
const decide: Rule = (state) => {
  for (const round of [...state.votes.keys()].sort((a, b) => a - b)) {
    const blockId = quorumBlock(state, round, "precommit");
    const known = blockId === undefined ? undefined : state.blocks.get(blockId);
    if (blockId === undefined || known === undefined || known.verdict === "checking") continue;
    // Departure from L50: f+1 correct validators found the block valid. This one follows even if its application has no
    // opinion or differs; but a block that breaks the chain's rules means a fork, and the process must stop.
    assert(known.verdict !== "malformed", "a decided block follows the chain", { blockId });
    const precommits = votesFor(
      state.votes,
      { round, type: "precommit", blockId },
      state.validators,
    );
    const certificate: CommitCertificate = {
      height: state.height,
      round,
      blockId,
      signatures: precommits.map(({ validator, signature }) => ({ validator, signature })),
    };
    return {
      state: { ...state, step: "decided" },
      effects: [{ type: "decide", block: known.block, certificate }],
    };
  }
  return undefined;
};

/** Not in the paper: round 0 starts when there is something to decide, here or elsewhere. */
const startFirstRound: Rule = (state) => {
  if (state.step !== "waiting") return undefined;
  const othersStarted = hasHonestMember(powerAtOrAbove(state, 0), state.totalPower);
  const isWanted = state.isPaced && state.isBlockWanted;
  return isWanted || othersStarted || state.proposals.has(0) ? startRound(state, 0) : undefined;
};

/** L55-L56: f+1 validators are ahead; go to the highest round that at least one correct validator has reached. */
const skipToRound: Rule = (state) => {
  const rounds = [...new Set(highestRounds(state.votes).values()), ...state.proposals.keys()]
    .filter((round) => round > state.round)
    .sort((a, b) => b - a);
  const target = rounds.find((round) =>
    hasHonestMember(powerAtOrAbove(state, round), state.totalPower),
  );
  return target === undefined ? undefined : startRound(state, target);
};

/** L22-L27: prevote for a fresh proposal. */
const prevoteFresh: Rule = (state) => {
  const current = state.proposals.get(state.round);
  if (state.step !== "propose" || current?.proposal.validRound !== -1) return undefined;
  const { blockId } = current.proposal;
  const mayChange = state.locked === undefined || state.locked.blockId === blockId; // L23
  if (!mayChange || !current.isFresh) return chooseNil(state, "prevote"); // L26
  return prevoteByVerdict(state, current);
};

/** L28-L33: prevote for a value that had 2f+1 prevotes in an earlier round. */
const prevoteWithProof: Rule = (state) => {
  const current = state.proposals.get(state.round);
  if (state.step !== "propose" || current === undefined) return undefined;
  const { blockId, validRound } = current.proposal;
  if (validRound < 0 || validRound >= state.round) return undefined;
  const power = powerFor(
    state.votes,
    { round: validRound, type: "prevote", blockId },
    state.validators,
  );
  if (!hasByzantineQuorum(power, state.totalPower)) return undefined;
  const lockedRound = state.locked?.round ?? -1;
  const mayChange = lockedRound <= validRound || state.locked?.blockId === blockId; // L29
  return mayChange ? prevoteByVerdict(state, current) : chooseNil(state, "prevote"); // L32
};

/** L34-L35: schedule the prevote timeout. */
const expectPrevotes: Rule = (state) => {
  if (state.step !== "prevote" || state.scheduled.has(`prevote/${state.round}`)) return undefined;
  const power = powerOfAny(state.votes, state.round, "prevote", state.validators);
  return hasByzantineQuorum(power, state.totalPower)
    ? scheduleTimeout(state, "prevote")
    : undefined;
};

/** L36-L43: 2f+1 prevotes lock a valid block. */
const lock: Rule = (state) => {
  if (state.step !== "prevote" && state.step !== "precommit") return undefined;
  if (state.step === "precommit" && state.valid?.round === state.round) return undefined; // L36 "first time"
  const blockId = quorumBlock(state, state.round, "prevote");
  const known = blockId === undefined ? undefined : state.blocks.get(blockId);
  if (blockId === undefined || known?.verdict !== "accept") return undefined;
  const value = { round: state.round, blockId };
  if (state.step === "precommit") return stay({ ...state, valid: value }); // L42
  const isDurable = state.locked?.round === value.round; // locked before a restart
  const next: State = { ...state, locked: value, valid: value };
  const locked = isDurable ? stay(next) : persistLock(next, value, known); // L38-L39
  return andThen(locked, (at) => chooseVote(at, "precommit", blockId)); // L40
};

/** L44-L46: 2f+1 prevotes for nil. */
const precommitNil: Rule = (state) => {
  if (state.step !== "prevote") return undefined;
  const vote = { round: state.round, type: "prevote", blockId: nilBlockId } as const;
  const power = powerFor(state.votes, vote, state.validators);
  return hasByzantineQuorum(power, state.totalPower) ? chooseNil(state, "precommit") : undefined;
};

/** L47-L48: schedule the precommit timeout. */
const expectPrecommits: Rule = (state) => {
  const isScheduled = state.scheduled.has(`precommit/${state.round}`);
  if (state.step === "waiting" || isScheduled) return undefined;
  const power = powerOfAny(state.votes, state.round, "precommit", state.validators);
  return hasByzantineQuorum(power, state.totalPower)
    ? scheduleTimeout(state, "precommit")
    : undefined;
};

const rules: readonly Rule[] = [
  decide,
  startFirstRound,
  skipToRound,
  prevoteFresh,
  prevoteWithProof,
  expectPrevotes,
  lock,
  precommitNil,
  expectPrecommits,
];

/** valid(v) of L23 and L29; no opinion means waiting for one, at most until the propose timeout. */
function prevoteByVerdict(state: State, current: KnownProposal): Step | undefined {
  const { blockId } = current.proposal;
  const verdict = state.blocks.get(blockId)?.verdict;
  if (verdict === undefined || verdict === "checking" || verdict === "unknown") return undefined;
  return verdict === "accept" ? chooseVote(state, "prevote", blockId) : chooseNil(state, "prevote");
}

/** The lock and its proof are durable before the precommit leaves. */
function persistLock(state: State, { round, blockId }: RoundValue, { block }: KnownBlock): Step {
  const vote = { round, type: "prevote", blockId } as const;
  const prevotes = votesFor(state.votes, vote, state.validators);
  const record = { type: "lock", height: state.height, round, blockId, block, prevotes } as const;
  return { state, effects: [{ type: "persist", record }] };
}

function quorumBlock(state: State, round: number, type: VoteType) {
  return blockIdsOf(state.votes, round, type).find((blockId) => {
    if (blockId === nilBlockId) return false;
    const power = powerFor(state.votes, { round, type, blockId }, state.validators);
    return hasByzantineQuorum(power, state.totalPower);
  });
}

function powerAtOrAbove(state: State, round: number): bigint {
  const highest = highestRounds(state.votes);
  const proposers = new Set(
    [...state.proposals].filter(([at]) => at >= round).map(([, { proposal }]) => proposal.proposer),
  );
  return powerWhere(
    state.validators,
    (address) => (highest.get(address) ?? -1) >= round || proposers.has(address),
  );
}
