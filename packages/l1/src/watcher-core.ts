// PURE core of the L1 watcher: from headers as the node serves them to one chain, each block confirmed once, in order.
//
// A window of recent headers is kept: `delivered` (confirmed, newest last, bounded) followed by `pending` (linked by parent
// hash, not yet deep enough). A header that does not link to the window's tip means a reorg: the tip is dropped and its
// height is fetched again, until the chains meet. Dropping a delivered block is a deep reorg; because a load-balanced
// node may serve a stale fork for a moment, it is concluded only after `deepReorgSightingsMax` polls in a row.
// A block enters with its logs, so that confirming one needs no further question to the node.

import { assert, unreachable } from "@sequorum/protocol";
import type { Hex, Log } from "viem";
import type { L1Cursor } from "./errors.ts";

/** An L1 block with the logs of the watched contracts, in log order. */
export type L1Block = L1Cursor & {
  readonly parentHash: Hex;
  /** Seconds since 1970. */
  readonly timestamp: bigint;
  readonly logs: readonly Log<bigint, number, false>[];
};

export type WatcherParameters = {
  /** First block to deliver when there is no cursor. */
  readonly fromBlock: bigint;
  /** A block is confirmed when this many blocks are on top of it; 0 delivers the head at once. */
  readonly confirmationDepth: bigint;
  /** Most headers asked for at once. */
  readonly chunkBlocksMax: number;
  /** Delivered headers remembered, to find the common ancestor of a deep reorg. */
  readonly deliveredHeadersMax: number;
  /** Polls in a row that must contradict a delivered block. */
  readonly deepReorgSightingsMax: number;
};

export type WatcherState = {
  readonly parameters: WatcherParameters;
  readonly delivered: readonly L1Cursor[];
  readonly pending: readonly L1Block[];
  readonly deepReorgSightings: number;
};

export type WatcherInput =
  /** The node named its newest block; starts a poll. */
  | { readonly type: "headSeen"; readonly head: L1Cursor }
  /** Answer to `fetchBlocks`: the blocks that the node had, ascending from `from`, possibly fewer than asked. */
  | {
      readonly type: "blocksFetched";
      readonly head: L1Cursor;
      readonly blocks: readonly L1Block[];
    };

export type WatcherEffect =
  | {
      readonly type: "fetchBlocks";
      readonly head: L1Cursor;
      readonly from: bigint;
      readonly to: bigint;
    }
  /** A block joined the window, unconfirmed. */
  | { readonly type: "extend"; readonly block: L1Block }
  /** The unconfirmed blocks above `to` left the window. */
  | { readonly type: "rollback"; readonly to: bigint }
  /** A block is deep enough: deliver it, once. */
  | { readonly type: "confirm"; readonly block: L1Block }
  /** A delivered block is not in the chain any more. */
  | { readonly type: "deepReorg"; readonly delivered: L1Cursor };

export type WatcherStep = {
  readonly state: WatcherState;
  readonly effects: readonly WatcherEffect[];
};

/** Start of watching; `after` is the last block that the caller has dealt with, from its own store. */
export function initialWatcherState(
  parameters: WatcherParameters,
  after: L1Cursor | undefined,
): WatcherState {
  assert(parameters.confirmationDepth >= 0n, "the confirmation depth is not negative");
  assert(parameters.chunkBlocksMax >= 1, "a chunk has at least one block");
  const delivered = after === undefined ? [] : [{ number: after.number, hash: after.hash }];
  return { parameters, delivered, pending: [], deepReorgSightings: 0 };
}

/** Applies one input. Pure: equal arguments give equal results. */
export function stepWatcher(state: WatcherState, input: WatcherInput): WatcherStep {
  switch (input.type) {
    case "headSeen":
      return onHeadSeen(state, input.head);
    case "blocksFetched":
      return onBlocksFetched(state, input.head, input.blocks);
    default:
      return unreachable(input);
  }
}

/** Newest block of the window, unconfirmed or delivered. */
export function windowTip(state: WatcherState): L1Cursor | undefined {
  return state.pending.at(-1) ?? state.delivered.at(-1);
}

function onHeadSeen(state: WatcherState, head: L1Cursor): WatcherStep {
  const tip = windowTip(state);
  if (tip === undefined || head.number > tip.number) return fetchNext(state, head);
  const known = hashAt(state, head.number);
  // The node is behind, or nothing is new.
  if (known === undefined || known === head.hash) return { state, effects: [] };
  return dropFrom(state, head);
}

/** The window's block at the head's height is not in the node's chain, which may be shorter: it and all above are forgotten. */
function dropFrom(state: WatcherState, head: L1Cursor): WatcherStep {
  const pending = state.pending.filter((block) => block.number < head.number);
  const isDelivered = state.delivered.some(({ number }) => number === head.number);
  if (isDelivered) return contradictDelivered(state);
  const refetch = fetchNext({ ...state, pending }, head);
  const rollback: WatcherEffect = { type: "rollback", to: head.number - 1n };
  return { state: refetch.state, effects: [rollback, ...refetch.effects] };
}

function onBlocksFetched(
  state: WatcherState,
  head: L1Cursor,
  blocks: readonly L1Block[],
): WatcherStep {
  const effects: WatcherEffect[] = [];
  let pending = state.pending;
  let tip = windowTip(state);
  for (const block of blocks) {
    const expected = tip === undefined ? state.parameters.fromBlock : tip.number + 1n;
    if (block.number !== expected) break; // An inconsistent answer: the next poll asks again.
    if (tip !== undefined && block.parentHash !== tip.hash) {
      // Nothing of an answer that contradicts itself or the window is confirmed.
      const dropped = dropTip({ ...state, pending }, head);
      return { state: dropped.state, effects: [...effects, ...dropped.effects] };
    }
    pending = [...pending, block];
    tip = block;
    effects.push({ type: "extend", block });
  }
  // A short answer means that the node is behind its own head: wait for the next poll instead of asking in a circle.
  if (tip === undefined || effects.length === 0) return { state, effects: [] };
  const confirmed = confirmDeep({ ...state, pending, deepReorgSightings: 0 });
  const next = fetchNext(confirmed.state, head);
  return { state: next.state, effects: [...effects, ...confirmed.effects, ...next.effects] };
}

/** Asks for the next chunk above the tip, up to the node's head. */
function fetchNext(state: WatcherState, head: L1Cursor): WatcherStep {
  const tip = windowTip(state);
  const from = tip === undefined ? state.parameters.fromBlock : tip.number + 1n;
  if (from > head.number) return { state, effects: [] };
  const last = from + BigInt(state.parameters.chunkBlocksMax) - 1n;
  const to = last < head.number ? last : head.number;
  return { state, effects: [{ type: "fetchBlocks", head, from, to }] };
}

/** The tip is not in the node's chain: forget it and fetch its height again; a delivered block is never forgotten. */
function dropTip(state: WatcherState, head: L1Cursor): WatcherStep {
  const dropped = state.pending.at(-1);
  if (dropped === undefined) return contradictDelivered(state);
  const refetch = fetchNext({ ...state, pending: state.pending.slice(0, -1) }, head);
  const rollback: WatcherEffect = { type: "rollback", to: dropped.number - 1n };
  return { state: refetch.state, effects: [rollback, ...refetch.effects] };
}

function contradictDelivered(state: WatcherState): WatcherStep {
  const delivered = state.delivered.at(-1);
  assert(delivered !== undefined, "only a known block can be contradicted");
  const sightings = state.deepReorgSightings + 1;
  const counted: WatcherState = { ...state, deepReorgSightings: sightings };
  if (sightings < state.parameters.deepReorgSightingsMax) return { state: counted, effects: [] };
  return { state: counted, effects: [{ type: "deepReorg", delivered }] };
}

/** Moves pending blocks that are deep enough under the tip to delivered. */
function confirmDeep(state: WatcherState): WatcherStep {
  const tip = state.pending.at(-1);
  assert(tip !== undefined, "blocks were just added");
  const deepest = tip.number - state.parameters.confirmationDepth;
  const ready = state.pending.filter((block) => block.number <= deepest);
  const delivered = [...state.delivered, ...ready.map(({ number, hash }) => ({ number, hash }))];
  return {
    state: {
      ...state,
      pending: state.pending.slice(ready.length),
      delivered: delivered.slice(-state.parameters.deliveredHeadersMax),
    },
    effects: ready.map((block) => ({ type: "confirm", block })),
  };
}

function hashAt(state: WatcherState, number: bigint): Hex | undefined {
  const pending = state.pending.find((block) => block.number === number);
  return pending?.hash ?? state.delivered.find((block) => block.number === number)?.hash;
}
