/** What always holds of the pool's state, numbered as in the README; tests run these after every block. */
import { assert, epochUpdateDigest, hasQuorum, quorum, recoverAddress } from "@sequorum/protocol";
import { isEndorsementQuorum } from "./batches.ts";
import { decodeState, encodeCanonical, hashState } from "./canonical.ts";
import {
  certifiedHashesKept,
  pendingObservationsMax,
  retiredKeysKept,
  unpostedBatchesMax,
  voidedBatchesKept,
} from "./limits.ts";
import { keyOf } from "./signing.ts";
import { memberOf, type PoolState, stakeOf, totalStake } from "./state.ts";

/** Throws `AssertionFailure` when an invariant of one state is broken. */
export function checkInvariants(state: PoolState): void {
  checkTerm(state);
  checkBatchChain(state);
  checkEndorsements(state);
  checkSessions(state);
  checkKeys(state);
  checkObservations(state);
  checkBounds(state);
}

/** Throws `AssertionFailure` when `after` cannot follow `before`. */
export function checkTransition(before: PoolState, after: PoolState): void {
  assert(after.height > before.height && after.timeMs >= before.timeMs, "Q0 time goes on");
  assert(after.certified.height >= before.certified.height, "Q1 certified blocks stay certified");
  if (after.certified.height === before.certified.height) {
    assert(
      after.certified.hash === before.certified.hash,
      "Q1 a certified block is never replaced",
    );
  }
  assert(after.leadership.term >= before.leadership.term, "Q2 terms go on");
  assert(after.batches.postedIndex >= before.batches.postedIndex, "Q3 posted batches stay posted");
  assert(after.batches.finalIndex >= before.batches.finalIndex, "Q3 final batches stay final");
  for (const stock of after.nonces) {
    const earlier = before.nonces.find(
      ({ keyId, member }) => keyId === stock.keyId && member === stock.member,
    );
    if (earlier === undefined) continue;
    const isOlder =
      stock.generation < earlier.generation ||
      (stock.generation === earlier.generation && stock.nextIndex < earlier.nextIndex);
    assert(!isOlder, "Q5 a commitment that left the stock never returns", { member: stock.member });
  }
}

/** Q2: one member leads one term, and a term ends when its span is certified. */
function checkTerm({ leadership, certified, members }: PoolState): void {
  assert(
    members.some(({ address }) => address === leadership.leader),
    "Q2 a leader is a member",
  );
  assert(
    leadership.firstBlock <= certified.height + 1n,
    "Q2 a term begins above what is certified",
  );
  assert(certified.height < leadership.lastBlock, "Q2 nothing is certified beyond the span");
  assert(leadership.candidates.length > 0, "Q2 somebody may lead");
}

/** Q3: batches are contiguous, and cover certified blocks only. */
function checkBatchChain({ batches, certified }: PoolState): void {
  const { tip, unposted, open, postedIndex, finalIndex } = batches;
  assert(
    finalIndex <= postedIndex && postedIndex <= tip.index,
    "Q3 final, then posted, then signed",
  );
  assert(
    tip.index === postedIndex + BigInt(unposted.length),
    "Q3 every signed batch is posted or waits",
  );
  assert(tip.lastBlock <= certified.height, "Q3 a batch holds certified blocks only (T6)");
  for (const [i, batch] of unposted.entries()) {
    assert(batch.index === postedIndex + 1n + BigInt(i), "Q3 batches have no gap");
    assert(
      batch.parent.index + 1n === batch.index && batch.parent.lastBlock < batch.lastBlock,
      "Q3 batches grow",
    );
    const previous = unposted[i - 1];
    if (previous !== undefined)
      assert(batch.parent.digest === previous.digest, "Q3 each builds on the one before");
  }
  if (open === null) return;
  assert(
    open.index === tip.index + 1n && open.firstBlock === tip.lastBlock + 1n,
    "Q3 the open batch continues the tip",
  );
}

/** Q4 (T1): what is endorsed or signed has valid endorsements of >= 2/3 by count and stake, over one digest. */
function checkEndorsements(state: PoolState): void {
  const stage = state.batches.open?.stage;
  if (stage === undefined || stage.type === "open") return;
  for (const { member, signature } of stage.endorsements) {
    assert(
      recoverAddress(stage.digest, signature) === member,
      "Q4 an endorsement is its member's",
      { member },
    );
  }
  const endorsers = stage.endorsements.map(({ member }) => member);
  assert(new Set(endorsers).size === endorsers.length, "Q4 a member endorses once");
  if (stage.type === "endorsed")
    assert(isEndorsementQuorum(state, endorsers), "Q4 endorsed by >= 2/3");
}

/** Q6: a session has t distinct holders of the key, and signs only what the pool has approved. */
function checkSessions(state: PoolState): void {
  const stage = state.batches.open?.stage;
  const approved = [
    stage?.type === "endorsed" ? stage.digest : undefined,
    state.keys.pending?.digest,
  ];
  for (const { keyId, digest, session } of state.signing.requests) {
    assert(approved.includes(digest), "Q6 only endorsed batches and new keys are signed", {
      digest,
    });
    const key = keyOf(state, keyId);
    assert(key !== undefined, "Q6 a session's key is in use", { keyId });
    if (session === null) continue;
    const members = session.roster.map(({ member }) => member);
    assert(
      members.length === key.threshold && new Set(members).size === members.length,
      "Q6 t distinct signers",
    );
    assert(
      members.every((member) => key.roster.includes(member)),
      "Q6 signers hold a share",
    );
  }
}

/** Q7: a key is shared so that >= 2/3 must sign, and is confirmed by everybody in its roster. */
function checkKeys(state: PoolState): void {
  const { active, pending } = state.keys;
  for (const key of [active, pending]) {
    if (key === null) continue;
    assert(key.threshold === quorum(state.members.length), "Q7 t = ceil(2n/3) (T3)");
    assert(
      key.roster.every((address) => memberOf(state, address) !== undefined),
      "Q7 holders are members",
    );
    assert(isEndorsementQuorum(state, key.roster), "Q7 the holders can endorse the key (T1)");
  }
  if (pending === null) return;
  const digest = epochUpdateDigest(pending.update, state.network.domain);
  assert(digest === pending.digest, "Q7 the digest is the update's");
  for (const { member, signature } of pending.endorsements) {
    assert(recoverAddress(digest, signature) === member, "Q7 a confirmation is its member's", {
      member,
    });
  }
}

/** Q8: an L1 fact counts at >= 2/3 of the power; what has counted is kept no more. */
function checkObservations(state: PoolState): void {
  const { batches } = state;
  for (const { votes } of state.observations) {
    const event = votes[0]?.event;
    if (event?.type !== "batchPosted" || event.index !== batches.postedIndex + 1n) continue;
    const agreeing = votes.filter(
      (vote) => vote.event.type === event.type && sameText(vote.event, event),
    );
    const stake = stakeOf(
      state,
      agreeing.map(({ member }) => member),
    );
    assert(!hasQuorum(stake, totalStake(state)), "Q8 what 2/3 saw has been applied", {
      index: event.index,
    });
  }
}

/** Q9: the state is plain data with one encoding; its hash depends on nothing else. Apart, for it is costly. */
export function checkEncoding(state: PoolState): void {
  const text = encodeCanonical(state);
  const copy = decodeState(text);
  assert(
    encodeCanonical(copy) === text && hashState(copy) === hashState(state),
    "Q9 the state survives its encoding",
  );
}

/** Q10: everything that others can make grow is bounded. */
function checkBounds({
  certified,
  batches,
  keys,
  observations,
  members,
  signing,
  nonces,
}: PoolState): void {
  assert(certified.recent.length <= certifiedHashesKept, "Q10 certified hashes");
  assert(batches.unposted.length <= unpostedBatchesMax, "Q10 unposted batches");
  assert(batches.voided.length <= voidedBatchesKept, "Q10 voided batches");
  assert(keys.retired.length <= retiredKeysKept, "Q10 retired keys");
  assert(observations.length <= pendingObservationsMax * members.length, "Q10 observations");
  assert(signing.requests.length <= 2, "Q10 signing requests");
  assert(nonces.length <= 2 * members.length, "Q10 commitment lists");
}

function sameText(a: unknown, b: unknown): boolean {
  return encodeCanonical(a) === encodeCanonical(b);
}
