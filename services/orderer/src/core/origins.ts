/** L1 origins: which one a leader may take. An origin never goes back; without a new one the last goes on within the drift. */
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
 * The newest settled origin that suits a block on `parent` at `timestamp`; undefined when none does, e.g. after L1 was
 * away for longer than the drift.
 */
export function originFor(
  state: State,
  parent: BlockSummary,
  { timestamp, atMs }: { timestamp: bigint; atMs: number },
): Origin | undefined {
  const { originSettleMs, originDriftSecondsMax } = state.parameters;
  const oldest = timestamp - BigInt(originDriftSecondsMax);
  const suits = (origin: Origin) =>
    origin.number >= parent.originNumber && origin.timestamp <= timestamp && origin.timestamp >= oldest;
  const isSettled = (origin: Origin) =>
    origin.number === parent.originNumber || atMs - origin.seenAtMs >= originSettleMs;
  return state.origins.findLast((origin) => suits(origin) && isSettled(origin));
}
