/** Which blocks to ask peers for: certified ones that are not held, missing parents, the leader's head. */
import type { Hex } from "@sequorum/protocol";
import { headOf } from "./chain.ts";
import type { Step } from "./effect.ts";
import type { State } from "./state.ts";

/** Blocks asked for at once. */
const wantedMax = 64;

/** Asks for what is missing and was not asked for recently. */
export function missingBlocks(state: State, atMs: number): Step {
  const wanted = [...wantedHashes(state)].slice(0, wantedMax);
  if (wanted.length === 0) {
    return {
      state: state.fetchedAtMs.size === 0 ? state : { ...state, fetchedAtMs: new Map() },
      effects: [],
    };
  }
  const due = wanted.filter(
    (hash) => atMs - (state.fetchedAtMs.get(hash) ?? 0) >= state.parameters.fetchIntervalMs,
  );
  if (due.length === 0) return { state, effects: [] };
  const fetchedAtMs = new Map(
    wanted.map((hash) => [hash, due.includes(hash) ? atMs : (state.fetchedAtMs.get(hash) ?? atMs)]),
  );
  const peer = state.term?.leader === state.parameters.self ? undefined : state.term?.leader;
  return {
    state: { ...state, fetchedAtMs },
    effects: [{ type: "fetchBlocks", hashes: due, peer }],
  };
}

function wantedHashes(state: State): Set<Hex> {
  const wanted = new Set<Hex>();
  const isMissing = (hash: Hex) =>
    !state.tree.has(hash) && !state.waiting.has(hash) && !state.invalid.has(hash);
  let height = state.certified.height + 1n;
  for (let i = 0; i < wantedMax; i++, height += 1n) {
    const hash = state.uncovered.get(height);
    if (hash === undefined) break;
    if (isMissing(hash)) wanted.add(hash);
  }
  for (const { parentHash, height: childHeight } of state.waiting.values()) {
    if (childHeight > state.certified.height + 1n && isMissing(parentHash)) wanted.add(parentHash);
  }
  const { leaderHead } = state;
  const isAhead = leaderHead !== undefined && leaderHead.height > headOf(state).height;
  if (isAhead && isMissing(leaderHead.hash)) wanted.add(leaderHead.hash);
  return wanted;
}
