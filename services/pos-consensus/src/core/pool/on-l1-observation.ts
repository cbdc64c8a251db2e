/** What members saw on L1: it happened, for the pool, once >= 2/3 of the power saw the same at depth (ARCHITECTURE 7). */
import {
  assert,
  encodeL1Event,
  hasQuorum,
  type Hex,
  type L1Event,
  type PoolPayload,
  unreachable,
} from "@sequorum/protocol";
import { pendingObservationsMax } from "./limits.ts";
import { activatePendingKey } from "./keys.ts";
import { voidFrom } from "./void-batches.ts";

import type { RejectionCode } from "./rejection.ts";
import { type Observation, type PoolState, stakeOf, totalStake } from "./state.ts";
import { andThen, type Outcome, quiet, type Sent, type Step } from "./step.ts";

type L1Observation = Extract<PoolPayload, { readonly type: "l1Observation" }>;
type Posted = Extract<L1Event, { readonly type: "batchPosted" }>;

/** Records what a member saw; a later report of the same member about the same subject (after a reorg) replaces it. */
export function onL1Observation(
  state: PoolState,
  { sender, payload }: Sent<L1Observation>,
): Outcome {
  const { event } = payload;
  const refusal = findRefusal(state, event);
  if (refusal !== undefined) return refusal;
  const subject = subjectOf(event);
  const known = state.observations.find((other) => other.subject === subject);
  const earlier = known?.votes.find(({ member }) => member === sender);
  if (earlier !== undefined && encodeL1Event(earlier.event) === encodeL1Event(event))
    return "ALREADY_OBSERVED";
  const pending = state.observations.filter(({ votes }) =>
    votes.some(({ member }) => member === sender),
  ).length;
  if (earlier === undefined && pending >= pendingObservationsMax) return "TOO_MANY_OBSERVATIONS";
  const votes = [
    ...(known?.votes ?? []).filter(({ member }) => member !== sender),
    { member: sender, event },
  ];
  const others = state.observations.filter((other) => other !== known);
  return applyCounted({ ...state, observations: [...others, { subject, votes }] });
}

/** Applies what counts now; one fact may have waited for another (batches are posted in order). */
function applyCounted(state: PoolState): Step {
  for (const observation of state.observations) {
    const event = countedEvent(state, observation);
    if (event === undefined || !isNext(state, event)) continue;
    const applied = applyEvent(state, event);
    const observations = applied.state.observations.filter(
      ({ votes }) => votes.length > 0 && findStale(applied.state, votes[0]?.event) === undefined,
    );
    return andThen({ ...applied, state: { ...applied.state, observations } }, applyCounted);
  }
  return quiet(state);
}

function applyEvent(state: PoolState, event: L1Event): Step {
  switch (event.type) {
    case "epochRegistered":
      return activatePendingKey(state);
    case "batchPosted":
      return postBatch(state, event);
    case "batchFinal":
      return {
        state: { ...state, batches: { ...state.batches, finalIndex: event.index } },
        decisions: [{ type: "batchFinal", index: event.index, lastBlock: event.lastBlock }],
      };
    default:
      return unreachable(event);
  }
}

/** L1 decides which batch has an index: if it took one that was given up, what was built instead is void. */
function postBatch(state: PoolState, event: Posted): Step {
  const next = state.batches.unposted[0];
  if (next?.index === event.index && next.digest === event.digest)
    return recordPosted(state, event, next.lastBlock);
  const taken = state.batches.voided.find(({ digest }) => digest === event.digest);
  assert(taken !== undefined && taken.index === event.index, "a posted batch was signed", {
    index: event.index,
  });
  return andThen(voidFrom(state, event.index, "REPLACED_ON_L1"), (current) => {
    const { index, digest, lastBlock, lastBlockHash, queueTo, l1OriginNumber } = taken;
    const tip = { index, digest, lastBlock, lastBlockHash, queueTo, l1OriginNumber };
    return recordPosted({ ...current, batches: { ...current.batches, tip } }, event, lastBlock);
  });
}

function recordPosted(state: PoolState, event: Posted, lastBlock: bigint): Step {
  const { batches } = state;
  const { index, digest, l1TxHash, l1BlockNumber } = event;
  const unposted = batches.unposted.filter((batch) => batch.index > index);
  const voided = batches.voided.filter((batch) => batch.index > index);
  return {
    state: { ...state, batches: { ...batches, unposted, voided, postedIndex: index } },
    decisions: [{ type: "batchPosted", index, digest, l1TxHash, l1BlockNumber, lastBlock }],
  };
}

function findRefusal(state: PoolState, event: L1Event): RejectionCode | undefined {
  const stale = findStale(state, event);
  if (stale !== undefined) return stale;
  const { batches, keys } = state;
  switch (event.type) {
    case "epochRegistered":
      if (keys.pending?.epoch !== event.epoch || !keys.pending.signed) return "OBSERVATION_AHEAD";
      return keys.pending.update.groupKeyHash === event.groupKeyHash
        ? undefined
        : "OBSERVATION_MISMATCH";
    case "batchPosted": {
      const signed = [...batches.unposted, ...batches.voided];
      const isKnown = signed.some(
        ({ index, digest }) => index === event.index && digest === event.digest,
      );
      // L1 may show a batch before this chain has decided its signature.
      return isKnown ? undefined : "OBSERVATION_AHEAD";
    }
    case "batchFinal":
      return event.index > batches.postedIndex ? "OBSERVATION_AHEAD" : undefined;
    default:
      return unreachable(event);
  }
}

function findStale(
  { batches, keys }: PoolState,
  event: L1Event | undefined,
): "OBSERVATION_PAST" | undefined {
  if (event === undefined) return undefined;
  switch (event.type) {
    case "epochRegistered":
      return (keys.active?.epoch ?? 0n) >= event.epoch ? "OBSERVATION_PAST" : undefined;
    case "batchPosted":
      return event.index <= batches.postedIndex ? "OBSERVATION_PAST" : undefined;
    case "batchFinal":
      return event.index <= batches.finalIndex ? "OBSERVATION_PAST" : undefined;
    default:
      return unreachable(event);
  }
}

/** Whether the fact may be applied now: batches in their order, finality in leaps. */
function isNext(state: PoolState, event: L1Event): boolean {
  return event.type !== "batchPosted" || event.index === state.batches.postedIndex + 1n;
}

/** The event that >= 2/3 of the power reported, if any. */
function countedEvent(state: PoolState, { votes }: Observation): L1Event | undefined {
  for (const { event } of votes) {
    const encoded = encodeL1Event(event);
    const agreeing: Hex[] = votes
      .filter((vote) => encodeL1Event(vote.event) === encoded)
      .map(({ member }) => member);
    if (hasQuorum(stakeOf(state, agreeing), totalStake(state))) return event;
  }
  return undefined;
}

function subjectOf(event: L1Event): string {
  return event.type === "epochRegistered"
    ? `${event.type}:${event.epoch}`
    : `${event.type}:${event.index}`;
}
