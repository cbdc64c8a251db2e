/** The batcher's core: one input in, new state and effects out. Pure. */
import { assert, batchDigest, unreachable } from "@sequorum/protocol";
import { buildBatch } from "./build-batch.ts";
import type { Effect } from "./effect.ts";
import type { FetchedBlock, Input } from "./input.ts";
import { contradictsParent, judgeProposal } from "./judge-proposal.ts";
import { isDue, largestFittingCount, totalPlainBytes } from "./plan-batch.ts";
import type { OpenBatch, Proposal, State } from "./state.ts";

export type Step = { readonly state: State; readonly effects: readonly Effect[] };

/** Blocks asked for at once. */
const fetchBlocksMax = 16;
/** Pause after a fetch that brought nothing. */
const fetchPauseMs = 400;
/** The encoded size is looked at again when the plain size has grown by an eighth. */
const sizeCheckGrowthShift = 3;

/** Applies one input. Pure: equal arguments give equal results. */
export function step(state: State, input: Input): Step {
  switch (input.type) {
    case "blocksCertified":
      return advance({ ...state, certifiedHeight: max(state.certifiedHeight, input.height) });
    case "blocksFetched":
      return advance(withFetchedBlocks(state, input.blocks));
    case "fetchFailed":
      return {
        state: { ...state, isFetching: false, fetchAfterMs: state.nowMs + fetchPauseMs },
        effects: [],
      };
    case "batchOpened":
      return advance(withOpenBatch(state, input));
    case "batchProposed":
      return advance(withProposal(state, { attempt: input.attempt, header: input.header }));
    case "batchFinal":
      return { state, effects: [{ type: "pruneBlocks", height: input.lastBlock }] };
    case "clockTicked":
      return advance({ ...state, nowMs: Math.max(state.nowMs, input.nowMs) });
    default:
      return unreachable(input);
  }
}

/** Everything that may be due now: judge, propose, fetch. */
function advance(state: State): Step {
  if (state.open === null) return { state, effects: [] };
  const judged = judge(state, state.open);
  const proposed = propose(judged.state, state.open);
  const fetched = fetch(proposed.state, state.open);
  return {
    state: fetched.state,
    effects: [...judged.effects, ...proposed.effects, ...fetched.effects],
  };
}

/** An opening replaces the one before, also when it goes back to an earlier index; blocks that both cover are kept. */
function withOpenBatch(state: State, input: Extract<Input, { type: "batchOpened" }>): State {
  const { open, hasProposed, hasAnswered } = input;
  const old = state.open;
  if (old !== null && open.index === old.index && open.attempt === old.attempt) return state;
  const covered = (state.blocks[0]?.height ?? open.firstBlock) <= open.firstBlock;
  const blocks = covered ? state.blocks.filter((block) => block.height >= open.firstBlock) : [];
  const isAdjacent = (blocks[0]?.height ?? open.firstBlock) === open.firstBlock;
  return {
    ...state,
    open,
    blocks: isAdjacent ? blocks : [],
    proposal: null,
    hasProposed,
    hasAnswered,
    sizeCheckedAtPlainBytes: 0,
  };
}

function withProposal(state: State, proposal: Proposal): State {
  const { open } = state;
  if (open === null || proposal.header.index !== open.index || proposal.attempt !== open.attempt)
    return state;
  if (state.proposal !== null) return state;
  return { ...state, proposal };
}

/** Appends the fetched blocks that are the certified ones and follow what is held. */
function withFetchedBlocks(state: State, fetched: readonly FetchedBlock[]): State {
  if (state.open === null) return { ...state, isFetching: false };
  const blocks = [...state.blocks];
  for (const { block, certifiedHash } of fetched) {
    const isNext = block.height === state.open.firstBlock + BigInt(blocks.length);
    const before = blocks.at(-1);
    if (!isNext || blocks.length >= state.parameters.blocksMax) continue;
    if (block.hash !== certifiedHash || (before !== undefined && before.hash !== block.parentHash))
      break;
    blocks.push(block);
  }
  const grew = blocks.length > state.blocks.length;
  const fetchAfterMs = grew ? state.fetchAfterMs : state.nowMs + fetchPauseMs;
  return { ...state, blocks, isFetching: false, fetchAfterMs };
}

function judge(state: State, open: OpenBatch): Step {
  if (state.proposal === null || state.hasAnswered) return { state, effects: [] };
  const { header } = state.proposal;
  const verdict = judgeProposal(state, open, header);
  if (verdict.type === "wait") return { state, effects: [] };
  const answered = { ...state, hasAnswered: true };
  if (verdict.type === "endorse") {
    return {
      state: answered,
      effects: [{ type: "endorse", attempt: open.attempt, batch: verdict.batch }],
    };
  }
  const digest = batchDigest(header, state.parameters.domain);
  const { index, attempt } = open;
  return {
    state: answered,
    effects: [{ type: "refuse", index, attempt, digest, code: verdict.code }],
  };
}

function propose(state: State, open: OpenBatch): Step {
  const isOurTurn =
    open.proposer === state.parameters.self && !state.hasProposed && state.proposal === null;
  if (!isOurTurn || state.blocks.length === 0 || contradictsParent(state, open))
    return { state, effects: [] };
  const { bytesMax } = state.parameters;
  const plain = totalPlainBytes(state.blocks);
  const due = isDue(state.blocks, open, state);
  const checkAt =
    state.sizeCheckedAtPlainBytes + (state.sizeCheckedAtPlainBytes >> sizeCheckGrowthShift);
  if (!due && plain <= Math.max(bytesMax, checkAt)) return { state, effects: [] };
  const count = largestFittingCount(state.blocks, bytesMax);
  const checked = { ...state, sizeCheckedAtPlainBytes: plain };
  if (!due && count === state.blocks.length) return { state: checked, effects: [] };
  const batch = buildBatch(state.blocks.slice(0, count), open, state.parameters);
  const spoken = { ...checked, hasProposed: true };
  // Orderers hold such a block invalid, so it is never certified; if it were, no batch could carry it.
  if (batch === undefined || batch.data.length > bytesMax) {
    return { state: spoken, effects: [{ type: "reportOversizedBlock", height: open.firstBlock }] };
  }
  return { state: spoken, effects: [{ type: "propose", attempt: open.attempt, batch }] };
}

/** Asks for the next certified blocks of the open batch that are not held. */
function fetch(state: State, open: OpenBatch): Step {
  const from = open.firstBlock + BigInt(state.blocks.length);
  const wanted = min(
    state.certifiedHeight,
    open.firstBlock + BigInt(state.parameters.blocksMax) - 1n,
  );
  if (state.isFetching || wanted < from || state.nowMs < state.fetchAfterMs)
    return { state, effects: [] };
  const to = min(wanted, from + BigInt(fetchBlocksMax) - 1n);
  assert(to >= from, "a fetch asks for something", { from, to });
  return { state: { ...state, isFetching: true }, effects: [{ type: "fetchBlocks", from, to }] };
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
