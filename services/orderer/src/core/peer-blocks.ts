/** Blocks from peers: who may have sealed them, in which order they are executed, what becomes of them. */
import { assert, type Hex } from "@sequorum/protocol";
import { adopt, headOf } from "./chain.ts";
import { advanceCertified } from "./certification.ts";
import type { Effect, Step } from "./effect.ts";
import { bestTip, changeBetween, descends } from "./fork-choice.ts";
import type { Input } from "./input.ts";
import type { PeerRejection } from "./rejections.ts";
import { type BlockSummary, invalidMax, type ReceivedBlock, type State } from "./state.ts";

/** Time before a block that could not be judged is tried again. */
const unknownPauseMs = 200;

/** Queues a peer's block for execution, or refuses it. */
export function onBlockReceived(
  state: State,
  { block }: Extract<Input, { type: "blockReceived" }>,
): Step {
  if (isHeld(state, block.hash)) return { state, effects: [] };
  if (state.invalid.has(block.hash)) return refuse(state, block, "INVALID_BLOCK");
  if (state.invalid.has(block.parentHash)) {
    return refuse(withInvalid(state, block.hash), block, "INVALID_ANCESTOR");
  }
  const certifiedHash = state.uncovered.get(block.height);
  const isStale = block.height <= state.certified.height;
  if (isStale || (certifiedHash !== undefined && certifiedHash !== block.hash)) {
    return { state, effects: [{ type: "discardBlock", hash: block.hash }] };
  }
  if (certifiedHash === block.hash) return { state: wait(state, block), effects: [] };
  const rejection = sealRejection(state, block);
  if (rejection !== undefined) return refuse(state, block, rejection);
  const ofPeer = [...state.waiting.values()].filter(({ peer }) => peer === block.peer).length;
  if (ofPeer >= state.parameters.waitingPerPeerMax) return refuse(state, block, "FLOOD");
  if (state.waiting.size >= state.parameters.waitingBlocksMax) {
    return { state, effects: [{ type: "discardBlock", hash: block.hash }] };
  }
  return noteSeal(wait(state, block), block);
}

/** Starts the execution of the next block that can be executed. Part of every step. */
export function startExecution(state: State, atMs: number): Step {
  if (
    state.executing !== undefined ||
    state.waiting.size === 0 ||
    atMs < state.executeNotBeforeMs
  ) {
    return { state, effects: [] };
  }
  const refused: Effect[] = [];
  let next = state;
  for (const block of state.waiting.values()) {
    const isCertified = state.uncovered.get(block.height) === block.hash;
    const rejection = isCertified ? undefined : sealRejection(state, block);
    if (rejection !== undefined) {
      const refusal = refuse(next, block, rejection);
      next = refusal.state;
      refused.push(...refusal.effects);
    } else if (isExecutable(state, block, { isCertified, atMs })) {
      const { hash, parentHash: parent, originNumber } = block;
      const effect: Effect = { type: "execute", hash, parent, originNumber };
      return { state: { ...next, executing: hash }, effects: [...refused, effect] };
    }
  }
  return { state: next, effects: refused };
}

/** Keeps a valid block, drops an invalid one and everything above it. */
export function onBlockExecuted(
  state: State,
  { hash, result, atMs }: Extract<Input, { type: "blockExecuted" }>,
): Step {
  assert(state.executing === hash, "the answer belongs to the block under execution", { hash });
  const block = state.waiting.get(hash);
  const done: State = { ...state, executing: undefined };
  if (block === undefined) return { state: done, effects: [{ type: "discardBlock", hash }] };
  if (result.type === "unknown") {
    return { state: { ...done, executeNotBeforeMs: atMs + unknownPauseMs }, effects: [] };
  }
  const waiting = new Map(done.waiting);
  waiting.delete(hash);
  if (result.type === "invalid") {
    const isCertified = state.uncovered.get(block.height) === hash;
    assert(!isCertified, "a certified block is valid", { hash, reason: result.reason });
    return refuse(withInvalid({ ...done, waiting }, hash), block, "INVALID_BLOCK");
  }
  return keep({ ...done, waiting }, result.summary, { block, atMs });
}

function keep(
  state: State,
  summary: BlockSummary,
  { block, atMs }: { block: ReceivedBlock; atMs: number },
): Step {
  if (!state.tree.has(summary.parentHash)) {
    return { state, effects: [{ type: "discardBlock", hash: summary.hash }] };
  }
  const tree = new Map(state.tree).set(summary.hash, summary);
  const grown: State = { ...state, tree };
  const tip = bestTip(tree, preferredRoot(grown));
  const change = tip.hash === state.head ? undefined : changeBetween(tree, headOf(state), tip);
  const effects: Effect[] = [{ type: "storeBlock", summary, change }];
  let next = heardLeader(grown, block, atMs);
  if (change !== undefined) {
    const adopted = adopt(next, change, atMs);
    next = adopted.state;
    effects.push(...adopted.effects);
  }
  effects.push({ type: "broadcast", hash: summary.hash });
  const advanced = advanceCertified(next, atMs);
  return { state: advanced.state, effects: [...effects, ...advanced.effects] };
}

/** The highest held block of which the certified chain is known to go through: fork choice starts there. */
export function preferredRoot(state: State): BlockSummary {
  let root = state.certified;
  for (;;) {
    const hash = state.uncovered.get(root.height + 1n);
    const next = hash === undefined ? undefined : state.tree.get(hash);
    if (next === undefined) return root;
    root = next;
  }
}

function isExecutable(
  state: State,
  block: ReceivedBlock,
  { isCertified, atMs }: { isCertified: boolean; atMs: number },
): boolean {
  const parent = state.tree.get(block.parentHash);
  if (parent === undefined) return false;
  const newest = state.origins.at(-1)?.number ?? -1n;
  if (block.originNumber > newest) return false;
  if (isCertified) return true;
  const clock = BigInt(Math.floor(atMs / 1_000) + state.parameters.clockAheadSecondsMax);
  return (
    state.terms.has(block.term) &&
    block.timestamp <= clock &&
    descends(state.tree, parent, state.certified)
  );
}

/** Checks the seal against the term; undefined also while the term is not known yet. */
function sealRejection(state: State, block: ReceivedBlock): PeerRejection | undefined {
  const term = state.terms.get(block.term);
  if (term === undefined) return undefined;
  if (block.signer !== term.leader) return "WRONG_SIGNER";
  if (block.height < term.firstBlock || block.height > term.lastBlock) return "HEIGHT_OUTSIDE_TERM";
  return undefined;
}

/** A second block of one leader for one term and height is evidence; both are judged, so that all nodes choose alike. */
function noteSeal(state: State, block: ReceivedBlock): Step {
  const key = `${block.term}/${block.height}`;
  const first = state.firstSealed.get(key);
  if (first === undefined) {
    return {
      state: { ...state, firstSealed: new Map(state.firstSealed).set(key, block.hash) },
      effects: [],
    };
  }
  const term = state.terms.get(block.term);
  if (first === block.hash || term === undefined) return { state, effects: [] };
  const evidence = [first, block.hash];
  const effect: Effect = {
    type: "rejectPeer",
    peer: term.leader,
    code: "DOUBLE_SEAL",
    disconnect: false,
    evidence,
  };
  return { state, effects: [effect] };
}

function heardLeader(state: State, block: ReceivedBlock, atMs: number): State {
  return block.term === state.term?.term ? { ...state, leaderHeardAtMs: atMs } : state;
}

function isHeld(state: State, hash: Hex): boolean {
  return state.tree.has(hash) || state.waiting.has(hash);
}

function wait(state: State, block: ReceivedBlock): State {
  return { ...state, waiting: new Map(state.waiting).set(block.hash, block) };
}

function refuse(state: State, block: ReceivedBlock, code: PeerRejection): Step {
  const waiting = new Map(state.waiting);
  waiting.delete(block.hash);
  const effects: Effect[] = [
    { type: "rejectPeer", peer: block.peer, code, disconnect: true, evidence: [] },
    { type: "discardBlock", hash: block.hash },
  ];
  return { state: { ...state, waiting }, effects };
}

function withInvalid(state: State, hash: Hex): State {
  const invalid = [...state.invalid, hash].slice(-invalidMax);
  return { ...state, invalid: new Set(invalid) };
}
