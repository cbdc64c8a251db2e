/** Terms, signs of life, and what happens with time. ARCHITECTURE section 5, "Leader change". */
import { headOf } from "./chain.ts";
import { isAbleToBuild, isLeading } from "./build-block.ts";
import type { Effect, Step } from "./effect.ts";
import type { Input } from "./input.ts";
import { missingBlocks } from "./missing-blocks.ts";
import { settledQueueLength } from "./origins.ts";
import { type State, termsMax } from "./state.ts";

/** A longer gap between two ticks is a pause of this process, which says nothing about the leader. */
const ownPauseMs = 400;
/** Time after which an unheeded report of silence is repeated. */
const silenceRepeatMs = 5_000;
/** Transactions forwarded with one message. */
const forwardedMax = 512;

/** Takes up a new term. */
export function onTermStarted(
  state: State,
  { term, atMs }: Extract<Input, { type: "termStarted" }>,
): Step {
  const entries = [...state.terms, [term.term, term] as const].slice(-termsMax);
  const known: State = { ...state, terms: new Map(entries) };
  if (state.term !== undefined && term.term <= state.term.term)
    return { state: known, effects: [] };
  state.mempool.forgetForwarding();
  const next: State = {
    ...known,
    term,
    // not before the grace after a start has passed
    leaderHeardAtMs: Math.max(state.leaderHeardAtMs, atMs),
    workSinceMs: undefined,
    silenceReported: undefined,
    heartbeatAtMs: 0,
    heartbeatSequence: 0n,
    leaderHead: undefined,
    idle: false,
  };
  return { state: next, effects: [] };
}

/** Notes a leader's sign of life. */
export function onHeartbeatReceived(
  state: State,
  input: Extract<Input, { type: "heartbeatReceived" }>,
): Step {
  const term = state.terms.get(input.term);
  if (term === undefined) return { state, effects: [] }; // the decision is on its way
  if (input.signer !== term.leader || input.peer !== term.leader) {
    const { peer } = input;
    const effect: Effect = {
      type: "rejectPeer",
      peer,
      code: "FALSE_HEARTBEAT",
      disconnect: true,
      evidence: [],
    };
    return { state, effects: [effect] };
  }
  if (input.term !== state.term?.term) return { state, effects: [] };
  const leaderHead = { hash: input.headHash, height: input.headHeight };
  return { state: { ...state, leaderHeardAtMs: input.atMs, leaderHead }, effects: [] };
}

/** Everything that is due by time. */
export function onTick(state: State, { atMs }: Extract<Input, { type: "tick" }>): Step {
  const effects: Effect[] = [];
  let next = rested(state, atMs);
  for (const due of [sendHeartbeat, reportSilence, dropExpired, forwardWaiting, missingBlocks]) {
    const result = due(next, atMs);
    next = result.state;
    effects.push(...result.effects);
  }
  return { state: next, effects };
}

/** Sends waiting transactions to the leader; again after a while, until they are in a block. */
export function forwardWaiting(state: State, atMs: number): Step {
  if (state.term === undefined || isLeading(state) || state.mempool.size === 0) return none(state);
  const before = atMs - state.parameters.forwardIntervalMs;
  const transactions = state.mempool.takeForwardable(before, atMs, forwardedMax);
  if (transactions.length === 0) return none(state);
  return { state, effects: [{ type: "forward", to: state.term.leader, transactions }] };
}

/** Notes since when work waits: a living leader that leaves it lying is stalled. Part of every step. */
export function noteWork(state: State, atMs: number): State {
  const head = headOf(state);
  const hasForced = settledQueueLength(state, atMs) > head.queuePosition;
  const next = { baseFeePerGas: head.nextBaseFeePerGas, gasLimit: head.gasLimit };
  const hasWork = hasForced || state.mempool.hasExecutable(next);
  if (!hasWork)
    return state.workSinceMs === undefined ? state : { ...state, workSinceMs: undefined };
  return state.workSinceMs === undefined ? { ...state, workSinceMs: atMs } : state;
}

function rested(state: State, atMs: number): State {
  const gapMs = atMs - state.tickedAtMs;
  if (gapMs <= ownPauseMs) return { ...state, tickedAtMs: atMs };
  const workSinceMs = state.workSinceMs === undefined ? undefined : state.workSinceMs + gapMs;
  return {
    ...state,
    tickedAtMs: atMs,
    leaderHeardAtMs: state.leaderHeardAtMs + gapMs,
    workSinceMs,
  };
}

function sendHeartbeat(state: State, atMs: number): Step {
  const isDue = atMs - state.heartbeatAtMs >= state.parameters.heartbeatIntervalMs;
  if (!isDue || !isLeading(state) || state.term === undefined || !isAbleToBuild(state, atMs))
    return none(state);
  const head = headOf(state);
  const sequence = state.heartbeatSequence;
  const effect: Effect = {
    type: "sendHeartbeat",
    term: state.term.term,
    sequence,
    headHeight: head.height,
    headHash: head.hash,
  };
  return {
    state: { ...state, heartbeatAtMs: atMs, heartbeatSequence: sequence + 1n },
    effects: [effect],
  };
}

function reportSilence(state: State, atMs: number): Step {
  const { term, silenceReported } = state;
  if (term === undefined || isLeading(state)) return none(state);
  const isRepeated =
    silenceReported?.term === term.term && atMs - silenceReported.atMs < silenceRepeatMs;
  const reason = silence(state, atMs);
  if (isRepeated || reason === undefined) return none(state);
  const effects: Effect[] = [{ type: "publishLeaderSilent", term: term.term, reason }];
  return { state: { ...state, silenceReported: { term: term.term, atMs } }, effects };
}

function silence(state: State, atMs: number): "noHeartbeat" | "stalled" | undefined {
  const { leaderTimeoutMs, stallTimeoutMs, uncertifiedBlocksMax } = state.parameters;
  if (atMs - state.leaderHeardAtMs > leaderTimeoutMs) return "noHeartbeat";
  const head = headOf(state);
  const isFree =
    state.uncovered.size === 0 &&
    head.height - state.certified.height < BigInt(uncertifiedBlocksMax) &&
    head.height < (state.term?.lastBlock ?? 0n);
  const isStalled =
    isFree && state.workSinceMs !== undefined && atMs - state.workSinceMs > stallTimeoutMs;
  return isStalled ? "stalled" : undefined;
}

function dropExpired(state: State, atMs: number): Step {
  const hashes = state.mempool.expired(atMs);
  for (const hash of hashes) state.mempool.remove(hash);
  return hashes.length === 0
    ? none(state)
    : { state, effects: [{ type: "dropTransactions", hashes }] };
}

function none(state: State): Step {
  return { state, effects: [] };
}
