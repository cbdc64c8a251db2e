/** Making blocks as leader: when, on what, and the rule of one seal for a term and height. */
import { assert, type Hex } from "@sequorum/protocol";
import type { LeftOut, Transaction } from "@sequorum/stf";
import { adopt, headOf } from "./chain.ts";
import type { Effect, Step } from "./effect.ts";
import { changeBetween } from "./fork-choice.ts";
import type { Input } from "./input.ts";
import { originFor } from "./origins.ts";
import type { BlockSummary, Origin, State } from "./state.ts";

/** Whether this node leads the current term. */
export function isLeading(state: State): boolean {
  return state.term !== undefined && state.term.leader === state.parameters.self;
}

/** Whether it holds all that is certified and has an origin: a leader that cannot build gives no sign of life. */
export function isAbleToBuild(state: State, atMs: number): boolean {
  return state.uncovered.size === 0 && nextSlot(state, atMs).origin !== undefined;
}

/** Starts a build when this node leads, work waits, and every bound allows it. Part of every step. */
export function startBuild(state: State, atMs: number): Step {
  const { term } = state;
  const head = headOf(state);
  const height = head.height + 1n;
  if (term === undefined || !isLeading(state) || state.build !== undefined || state.idle)
    return none(state);
  if (height < term.firstBlock || height > term.lastBlock) return none(state);
  if (!mayAdd(state, head, atMs) || !isUnsealed(state, term.term, height)) return none(state);
  const { timestamp, origin } = nextSlot(state, atMs);
  if (origin === undefined) return none(state);
  const transactions = choose(state, head);
  if (transactions === undefined && origin.queueLength <= head.queuePosition) return none(state);
  const parent = head.hash;
  const effect: Effect = {
    type: "build",
    parent,
    term: term.term,
    timestamp,
    origin,
    transactions: transactions ?? [],
  };
  const build = { term: term.term, parent, height };
  return { state: { ...state, build, builtAtMs: atMs }, effects: [effect] };
}

/** Seals a finished block if it is still wanted; else drops it. */
export function onBlockBuilt(
  state: State,
  { summary, leftOut, atMs }: Extract<Input, { type: "blockBuilt" }>,
): Step {
  const { build } = state;
  assert(build !== undefined, "a finished build was started");
  const dropped = dropHopeless(state, leftOut);
  const cleared: State = { ...state, build: undefined };
  if (summary === undefined) return { state: cleared, effects: dropped }; // tried again after the interval
  assert(
    summary.parentHash === build.parent && summary.term === build.term,
    "the block is the one asked for",
  );
  const isWanted =
    state.term?.term === build.term &&
    state.head === build.parent &&
    isUnsealed(state, build.term, build.height);
  if (!isWanted) {
    return { state: cleared, effects: [...dropped, { type: "discardBlock", hash: summary.hash }] };
  }
  if (isPointless(state, summary)) {
    const effects: Effect[] = [...dropped, { type: "discardBlock", hash: summary.hash }];
    return { state: { ...cleared, idle: true }, effects };
  }
  return seal(cleared, summary, { dropped, atMs });
}

function seal(
  state: State,
  summary: BlockSummary,
  { dropped, atMs }: { dropped: readonly Effect[]; atMs: number },
): Step {
  const tree = new Map(state.tree).set(summary.hash, summary);
  const change = changeBetween(tree, headOf(state), summary);
  const lastSeal = { term: summary.term, height: summary.height };
  const firstSealed = new Map(state.firstSealed).set(
    `${summary.term}/${summary.height}`,
    summary.hash,
  );
  const adopted = adopt({ ...state, tree, lastSeal, firstSealed }, change, atMs);
  const effects: Effect[] = [
    { type: "storeSealed", summary, change },
    { type: "broadcast", hash: summary.hash },
    ...adopted.effects,
    ...dropped,
  ];
  return { state: adopted.state, effects };
}

/** Bounds that do not depend on what the block holds. */
function mayAdd(state: State, head: BlockSummary, atMs: number): boolean {
  const { blockIntervalMs, uncertifiedBlocksMax } = state.parameters;
  const lead = head.height - state.certified.height;
  return (
    state.uncovered.size === 0 &&
    atMs - state.builtAtMs >= blockIntervalMs &&
    lead < BigInt(uncertifiedBlocksMax)
  );
}

/** Never two blocks for one (term, height): seals only go up within a term. */
function isUnsealed(state: State, term: bigint, height: bigint): boolean {
  const { lastSeal } = state;
  return term > lastSeal.term || (term === lastSeal.term && height > lastSeal.height);
}

function nextSlot(state: State, atMs: number): { timestamp: bigint; origin: Origin | undefined } {
  const head = headOf(state);
  const now = BigInt(Math.floor(atMs / 1_000));
  const timestamp = now > head.timestamp ? now : head.timestamp + 1n;
  const isAhead = timestamp > now + BigInt(state.parameters.clockAheadSecondsMax);
  return { timestamp, origin: isAhead ? undefined : originFor(state, head, { timestamp, atMs }) };
}

/** Transactions for the next block; an empty list asks for an empty block, which lets the base fee sink; undefined = no work. */
function choose(state: State, head: BlockSummary): readonly Transaction[] | undefined {
  const next = { baseFeePerGas: head.nextBaseFeePerGas, gasLimit: head.gasLimit };
  const chosen = state.mempool.select(next, state.parameters.transactionsPerBlockMax);
  return chosen.transactions.length === 0 && chosen.underpriced === 0
    ? undefined
    : chosen.transactions;
}

/** A block that moves nothing: everything offered was left out, and nobody waits for a lower base fee. */
function isPointless(state: State, summary: BlockSummary): boolean {
  const head = headOf(state);
  if (summary.transactions.length > 0 || summary.queuePosition > head.queuePosition) return false;
  const next = { baseFeePerGas: head.nextBaseFeePerGas, gasLimit: head.gasLimit };
  return state.mempool.select(next, 1).underpriced === 0;
}

const hopeful: readonly LeftOut["reason"][] = ["NONCE_TOO_HIGH", "GAS_LEFT_TOO_LOW", "FEE_TOO_LOW"];

/** Transactions that the executor refused for good leave the mempool. */
function dropHopeless(state: State, leftOut: readonly LeftOut[]): Effect[] {
  const hashes: Hex[] = leftOut
    .filter(({ reason }) => !hopeful.includes(reason))
    .map(({ hash }) => hash);
  const gone = hashes.filter((hash) => state.mempool.remove(hash) !== undefined);
  return gone.length === 0 ? [] : [{ type: "dropTransactions", hashes: gone }];
}

function none(state: State): Step {
  return { state, effects: [] };
}
