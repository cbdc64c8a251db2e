/**
 * L1 origins: which one a leader may take. A block's origin is never older than its parent's; without a new one the last goes
 * on within the drift. A leader stays some L1 blocks behind what is confirmed: L1 may take back a block that was confirmed,
 * and an L2 block that was made from it could never be posted.
 */
import { assert } from "@sequorum/protocol";
import type { Step } from "./effect.ts";
import type { Input } from "./input.ts";
import { type BlockSummary, type Origin, originsMax, type State } from "./state.ts";

/** Appends newly confirmed L1 blocks. */
export function onOriginsConfirmed(
  state: State,
  { origins }: Extract<Input, { type: "originsConfirmed" }>,
): Step {
  const last = state.origins.at(-1);
  const first = origins[0];
  assert(
    last === undefined || first === undefined || first.number > last.number,
    "confirmed L1 blocks come in order",
    { last: last?.number, first: first?.number },
  );
  const all = [...state.origins, ...origins].slice(-originsMax);
  return { state: { ...state, origins: all, idle: false }, effects: [] };
}

/**
 * Forgets confirmed L1 blocks that L1 has replaced. The shell has made sure that no stored block was made from one of them; if
 * one is in the tree nevertheless, going on would build what L1 refuses.
 */
export function onOriginsReplaced(
  state: State,
  { above }: Extract<Input, { type: "originsReplaced" }>,
): Step {
  for (const { hash, originNumber } of state.tree.values()) {
    assert(originNumber <= above, "no block was made from an L1 block that L1 replaced", {
      hash,
      originNumber,
      above,
    });
  }
  const origins = state.origins.filter(({ number }) => number <= above);
  return { state: { ...state, origins }, effects: [] };
}

/**
 * The newest settled origin that suits a block on `parent` at `timestamp`; undefined when none does, e.g. after L1 was
 * away for longer than the drift.
 */
export function originFor(
  state: State,
  parent: BlockSummary,
  { timestamp, atMs }: { timestamp: bigint; atMs: number },
): Origin | undefined {
  const { originDriftSecondsMax } = state.parameters;
  const oldest = timestamp - BigInt(originDriftSecondsMax);
  const suits = (origin: Origin) =>
    origin.number >= parent.originNumber &&
    origin.timestamp <= timestamp &&
    origin.timestamp >= oldest;
  const mayBeTaken = (origin: Origin) =>
    origin.number === parent.originNumber || isSettled(state, origin, atMs);
  return state.origins.findLast((origin) => suits(origin) && mayBeTaken(origin));
}

/** Length of the forced queue that a leader is expected to know of. */
export function settledQueueLength(state: State, atMs: number): bigint {
  return state.origins.findLast((origin) => isSettled(state, origin, atMs))?.queueLength ?? 0n;
}

function isSettled(
  { origins, parameters }: State,
  { number, seenAtMs }: Origin,
  atMs: number,
): boolean {
  const newest = origins.at(-1)?.number ?? number;
  return (
    atMs - seenAtMs >= parameters.originSettleMs &&
    newest - number >= BigInt(parameters.originSettleBlocks)
  );
}
