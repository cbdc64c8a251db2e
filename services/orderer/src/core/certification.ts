/** What the PoS chain certified is canonical for good (T6). */
import { assert, type Hex } from "@sequorum/protocol";
import { adopt, changeTo, headOf } from "./chain.ts";
import type { Effect, Step } from "./effect.ts";
import { bestTip, descends } from "./fork-choice.ts";
import type { Input } from "./input.ts";
import type { BlockSummary, State } from "./state.ts";

/** Notes certified hashes and advances over those that are held. */
export function onBlocksCertified(
  state: State,
  input: Extract<Input, { type: "blocksCertified" }>,
): Step {
  const uncovered = new Map(state.uncovered);
  for (const [i, hash] of input.hashes.entries()) {
    const height = input.from + BigInt(i);
    if (height > state.certified.height) uncovered.set(height, hash);
  }
  return advanceCertified({ ...state, uncovered }, input.atMs);
}

/** Moves the certified block up over held ones; branches that contradict it are dropped. */
export function advanceCertified(state: State, atMs: number): Step {
  const covered: BlockSummary[] = [];
  const uncovered = new Map(state.uncovered);
  let certified = state.certified;
  for (;;) {
    const height: bigint = certified.height + 1n;
    const hash = uncovered.get(height);
    const block: BlockSummary | undefined = hash === undefined ? undefined : state.tree.get(hash);
    if (block === undefined) break;
    assert(block.parentHash === certified.hash, "certified blocks form a chain", { height });
    uncovered.delete(height);
    covered.push(block);
    certified = block;
  }
  if (covered.length === 0) return { state: { ...state, uncovered }, effects: [] };
  return settleCertified({ ...state, uncovered }, { covered, certified, atMs });
}

function settleCertified(
  state: State,
  {
    covered,
    certified,
    atMs,
  }: { covered: readonly BlockSummary[]; certified: BlockSummary; atMs: number },
): Step {
  const effects: Effect[] = [];
  let next = state;
  const tip = descends(state.tree, headOf(state), certified)
    ? headOf(state)
    : bestTip(state.tree, certified);
  const change = changeTo(state, tip);
  if (change !== undefined) {
    effects.push({ type: "storeChain", change });
    const adopted = adopt(next, change, atMs);
    next = adopted.state;
    effects.push(...adopted.effects);
  }
  const transactions = covered.flatMap((block) => block.transactions.map(({ hash }) => hash));
  for (const hash of transactions) {
    next.mempool.takeIncluded(hash);
    next.mempool.remove(hash);
  }
  const light: BlockSummary = { ...certified, transactions: [], senders: new Map() };
  const kept = [...next.tree.values()].filter(
    (block) => block.height > certified.height && descends(next.tree, block, certified),
  );
  effects.push({
    type: "storeCertified",
    height: certified.height,
    hash: certified.hash,
    transactions,
  });
  for (const { hash, height } of next.waiting.values()) {
    if (height <= certified.height) effects.push({ type: "discardBlock", hash });
  }
  return { state: pruned({ ...next, certified: light }, kept), effects };
}

function pruned(state: State, kept: readonly BlockSummary[]): State {
  const { certified } = state;
  const tree = new Map<Hex, BlockSummary>([[certified.hash, certified]]);
  for (const block of kept) tree.set(block.hash, block);
  const isAbove = ({ height }: { height: bigint }) => height > certified.height;
  const waiting = new Map([...state.waiting].filter(([, block]) => isAbove(block)));
  const firstSealed = new Map(
    [...state.firstSealed].filter(([key]) => BigInt(key.split("/")[1] ?? 0) > certified.height),
  );
  return { ...state, tree, waiting, firstSealed, idle: false };
}
