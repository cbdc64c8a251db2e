/** Life of a batch: open -> proposed -> endorsed -> signed; attempts rotate the proposer (ARCHITECTURE 6). */
import {
  assert,
  type BatchHeader,
  type BatchIndex,
  type BatchRejectionCode,
  hasQuorum,
  type Hex,
  quorum,
  unreachable,
} from "@sequorum/protocol";
import { unpostedBatchesMax } from "./limits.ts";
import { type BatchTip, type OpenBatch, type PoolState, stakeOf, totalStake } from "./state.ts";
import { quiet, type Step } from "./step.ts";

/** Whether these members are >= 2/3 of the pool by count and by stake (T1). */
export function isEndorsementQuorum(state: PoolState, members: readonly Hex[]): boolean {
  return (
    members.length >= quorum(state.members.length) &&
    hasQuorum(stakeOf(state, members), totalStake(state))
  );
}

/** Whether, without these members, no endorsement quorum is left. */
export function isBlocking(state: PoolState, members: readonly Hex[]): boolean {
  const rest = state.members
    .map(({ address }) => address)
    .filter((address) => !members.includes(address));
  return !isEndorsementQuorum(state, rest);
}

/** Designated proposer of an attempt: it goes round with the index and again with each attempt. */
export function designatedProposer(state: PoolState, index: BatchIndex, attempt: number): Hex {
  const place = (index + BigInt(attempt)) % BigInt(state.members.length);
  const member = state.members[Number(place)];
  assert(member !== undefined, "a pool has members", { place });
  return member.address;
}

/** What a batch with this header and digest leaves to its successor. */
export function tipAfter(header: BatchHeader, digest: Hex): BatchTip {
  const { index, lastBlock, lastBlockHash, queueTo, l1OriginNumber } = header;
  return { index, digest, lastBlock, lastBlockHash, queueTo, l1OriginNumber };
}

/** Opens the next batch when there is something for it, and gives up attempts that ran out of time. */
export function advanceBatches(state: PoolState): Step {
  const { open } = state.batches;
  if (open === null) return canOpen(state) ? openAttempt(state, freshAttempt(state)) : quiet(state);
  if (open.deadlineMs === null || state.timeMs < open.deadlineMs) return quiet(state);
  switch (open.stage.type) {
    case "open":
      return giveUpAttempt(state, open, "PROPOSAL_TIMEOUT");
    case "proposed":
      return giveUpAttempt(state, open, "ENDORSEMENT_TIMEOUT");
    case "endorsed":
      assert(false, "an endorsed batch has no deadline", { index: open.index });
      return quiet(state);
    default:
      return unreachable(open.stage);
  }
}

/** Voids the attempt and opens the next one with the next proposer. */
export function giveUpAttempt(state: PoolState, open: OpenBatch, code: BatchRejectionCode): Step {
  const next = openAttempt(state, { attempt: open.attempt + 1, openedAtMs: open.openedAtMs });
  return {
    state: next.state,
    decisions: [
      { type: "batchRejected", index: open.index, attempt: open.attempt, code },
      ...next.decisions,
    ],
  };
}

/** A batch opens on top of a signed one (or none), under an active key, when certified blocks wait. */
function canOpen({ batches, certified, keys }: PoolState): boolean {
  return (
    keys.active !== null &&
    certified.height > batches.tip.lastBlock &&
    batches.unposted.length < unpostedBatchesMax
  );
}

function freshAttempt(state: PoolState): { readonly attempt: number; readonly openedAtMs: number } {
  return { attempt: state.batches.attemptBase, openedAtMs: state.timeMs };
}

function openAttempt(
  state: PoolState,
  { attempt, openedAtMs }: { readonly attempt: number; readonly openedAtMs: number },
): Step {
  const { batches, keys, timeMs } = state;
  assert(keys.active !== null, "batches are signed by the active key");
  const { tip } = batches;
  const index = tip.index + 1n;
  const { batchAgeMsMax, batchProposalTimeoutMs } = state.network.parameters;
  const open: OpenBatch = {
    index,
    attempt,
    proposer: designatedProposer(state, index, attempt),
    firstBlock: tip.lastBlock + 1n,
    openedAtMs,
    // A proposer may wait until the batch is old enough, and then has its time.
    deadlineMs: Math.max(timeMs, openedAtMs + batchAgeMsMax) + batchProposalTimeoutMs,
    stage: { type: "open" },
  };
  return {
    state: { ...state, batches: { ...batches, open } },
    decisions: [
      {
        type: "batchOpened",
        index,
        attempt,
        proposer: open.proposer,
        firstBlock: open.firstBlock,
        openedAtMs,
        parentHash: tip.digest,
        parentBlockHash: tip.lastBlockHash,
        queueFrom: tip.queueTo,
        epoch: keys.active.epoch,
      },
    ],
  };
}
