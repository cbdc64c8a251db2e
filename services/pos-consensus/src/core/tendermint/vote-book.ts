/**
 * The votes of one height. A validator's vote counts once for each block id (Algorithm 1 counts sets of messages, so an
 * equivocator counts for both), and once towards "any vote".
 *
 * Memory is bounded: for each (round, type, validator) the first two different block ids, plus ids whose block is known
 * (they are few: proposals and repeated polkas); of rounds beyond the next one, only the newest two of each validator.
 */
import type { DoubleVote, Hex, SignedVote, Validator, VoteType } from "@sequorum/protocol";

type ByValidator = ReadonlyMap<Hex, readonly SignedVote[]>;
type RoundVotes = { readonly prevote: ByValidator; readonly precommit: ByValidator };

/** Votes by round. */
export type VoteBook = ReadonlyMap<number, RoundVotes>;

/** Result of `addVote`; `conflict` is set the first time that a validator contradicts itself in (round, type). */
export type AddedVote = {
  readonly book: VoteBook;
  readonly isNew: boolean;
  readonly conflict: DoubleVote | undefined;
};

export const emptyVoteBook: VoteBook = new Map();

const differentIdsMax = 2;
const futureRoundsMax = 2;
const noVotes: RoundVotes = { prevote: new Map(), precommit: new Map() };

/** Adds a vote of a member of the set. */
export function addVote(
  book: VoteBook,
  vote: SignedVote,
  context: { readonly round: number; readonly isBlockKnown: (blockId: Hex) => boolean },
): AddedVote {
  const unchanged: AddedVote = { book, isNew: false, conflict: undefined };
  const known = votesOf(book, vote.round, vote.type).get(vote.validator) ?? [];
  if (known.some(({ blockId }) => blockId === vote.blockId)) return unchanged;
  const [first] = known;
  const conflict = first !== undefined && known.length === 1 ? { first, second: vote } : undefined;
  if (known.length >= differentIdsMax && !context.isBlockKnown(vote.blockId)) return unchanged;
  const room = makeRoom(book, vote, context.round);
  if (room === undefined) return unchanged;
  return { book: insert(room, vote), isNew: true, conflict };
}

/** Votes of one round and type by validator. */
export function votesOf(book: VoteBook, round: number, type: VoteType): ByValidator {
  return (book.get(round) ?? noVotes)[type];
}

/** Votes of one round and type for one block id, in the order of the set. */
export function votesFor(
  book: VoteBook,
  vote: { readonly round: number; readonly type: VoteType; readonly blockId: Hex },
  validators: readonly Validator[],
): SignedVote[] {
  const votes = votesOf(book, vote.round, vote.type);
  return validators.flatMap(
    ({ address }) => votes.get(address)?.filter(({ blockId }) => blockId === vote.blockId) ?? [],
  );
}

/** Power that voted for a block id. */
export function powerFor(
  book: VoteBook,
  vote: { readonly round: number; readonly type: VoteType; readonly blockId: Hex },
  validators: readonly Validator[],
): bigint {
  const votes = votesOf(book, vote.round, vote.type);
  return powerWhere(
    validators,
    (address) => votes.get(address)?.some(({ blockId }) => blockId === vote.blockId) ?? false,
  );
}

/** Power that voted at all in a round and type. */
export function powerOfAny(
  book: VoteBook,
  round: number,
  type: VoteType,
  validators: readonly Validator[],
): bigint {
  const votes = votesOf(book, round, type);
  return powerWhere(validators, (address) => votes.has(address));
}

/** Different block ids that were voted for in a round and type, in a defined order. */
export function blockIdsOf(book: VoteBook, round: number, type: VoteType): Hex[] {
  const ids = new Set<Hex>();
  for (const votes of votesOf(book, round, type).values()) {
    for (const { blockId } of votes) ids.add(blockId);
  }
  return [...ids].sort();
}

/** Highest round in which each validator voted. */
export function highestRounds(book: VoteBook): Map<Hex, number> {
  const highest = new Map<Hex, number>();
  for (const [round, { prevote, precommit }] of book) {
    for (const address of [...prevote.keys(), ...precommit.keys()]) {
      highest.set(address, Math.max(round, highest.get(address) ?? 0));
    }
  }
  return highest;
}

/** Power of the validators that fulfil a condition. */
export function powerWhere(
  validators: readonly Validator[],
  condition: (address: Hex) => boolean,
): bigint {
  return validators.reduce((sum, v) => (condition(v.address) ? sum + v.power : sum), 0n);
}

/** The book with room for `vote`, or undefined when it is too far ahead and not newer than what is kept. */
function makeRoom(book: VoteBook, vote: SignedVote, currentRound: number): VoteBook | undefined {
  if (vote.round <= currentRound + 1) return book;
  const ahead = [...book.keys()]
    .filter((round) => round > currentRound + 1 && hasVoted(book, round, vote.validator))
    .sort((a, b) => a - b);
  if (ahead.includes(vote.round) || ahead.length < futureRoundsMax) return book;
  const [oldest] = ahead;
  if (oldest === undefined || vote.round < oldest) return undefined;
  return forget(book, oldest, vote.validator);
}

function hasVoted(book: VoteBook, round: number, validator: Hex): boolean {
  const { prevote, precommit } = book.get(round) ?? noVotes;
  return prevote.has(validator) || precommit.has(validator);
}

function forget(book: VoteBook, round: number, validator: Hex): VoteBook {
  const { prevote, precommit } = book.get(round) ?? noVotes;
  const keep = (votes: ByValidator): ByValidator =>
    new Map([...votes].filter(([address]) => address !== validator));
  const kept: RoundVotes = { prevote: keep(prevote), precommit: keep(precommit) };
  const copy = new Map(book);
  if (kept.prevote.size + kept.precommit.size === 0) copy.delete(round);
  else copy.set(round, kept);
  return copy;
}

function insert(book: VoteBook, vote: SignedVote): VoteBook {
  const votes = book.get(vote.round) ?? noVotes;
  const ofType = new Map(votes[vote.type]);
  ofType.set(vote.validator, [...(ofType.get(vote.validator) ?? []), vote]);
  return new Map(book).set(vote.round, { ...votes, [vote.type]: ofType });
}
