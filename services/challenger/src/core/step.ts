/** The challenger's core: one fact of L1, or one executed block, in; new state and effects out. Pure. */
import type { BatchBlock, BatchHeader } from "@sequorum/protocol";
import { assert, unreachable } from "@sequorum/protocol";
import type { Alarm } from "./alarm.ts";
import { checkExecuted } from "./check-executed.ts";
import { checkSubmission } from "./check-submission.ts";
import type { Effect } from "./effect.ts";
import type { Input } from "./input.ts";
import type { BatchInWork, DerivedBlock, State, Submission, Tip } from "./state.ts";

export type Step = { readonly state: State; readonly effects: readonly Effect[] };

/** Applies one input. Pure: equal arguments give equal results. */
export function step(state: State, input: Input): Step {
  switch (input.type) {
    case "batchSubmitted":
      return onBatchSubmitted(state, input.submission);
    case "dataDecoded":
      return onDataDecoded(state, input.blocks);
    case "dataNotDecodable":
      return onDataNotDecodable(state, input.reason);
    case "blockExecuted":
      return onBlockExecuted(state, input.block);
    case "blockNotIncludable":
      return onBlockNotIncludable(state, input.reason);
    case "epochRegistered":
      return { state: { ...state, epochs: [...state.epochs, input.key] }, effects: [] };
    case "batchesInvalidated":
      return onBatchesInvalidated(state, input.fromIndex, input.tip);
    default:
      return unreachable(input);
  }
}

function onBatchSubmitted(state: State, submission: Submission): Step {
  assert(state.inWork === null, "batches are derived one at a time");
  if (state.wrongBatch !== null)
    return { state, effects: [{ type: "recordUnverified", submission }] };
  const checked = checkSubmission(state, submission);
  if (checked.type === "wrong") return raise(state, submission, checked.alarm);
  const inWork = { submission, blocks: [], derived: [] };
  return { state: { ...state, inWork }, effects: [{ type: "decodeData", data: checked.data }] };
}

function onDataDecoded(state: State, blocks: readonly BatchBlock[]): Step {
  const { submission } = undecoded(state);
  const { header } = submission;
  if (BigInt(blocks.length) === header.lastBlock - header.firstBlock + 1n)
    return executeNext(state, { submission, blocks, derived: [] });
  return raise(state, submission, {
    ...{ batchIndex: header.index, code: "BLOCK_COUNT_DIFFERS", field: "lastBlock", height: null },
    detail: `data has ${blocks.length} blocks`,
  });
}

function onDataNotDecodable(state: State, reason: string): Step {
  const { submission } = undecoded(state);
  const { index } = submission.header;
  return raise(state, submission, {
    ...{ batchIndex: index, code: "DATA_NOT_DECODABLE", field: null, height: null },
    detail: reason,
  });
}

function undecoded({ inWork }: State): BatchInWork {
  assert(inWork !== null, "decoded data belongs to a batch in work");
  assert(inWork.blocks.length === 0, "the data of a batch is decoded once");
  return inWork;
}

function onBlockExecuted(state: State, block: DerivedBlock): Step {
  assert(state.inWork !== null, "an executed block belongs to a batch in work", {
    height: block.height,
  });
  const inWork = { ...state.inWork, derived: [...state.inWork.derived, block] };
  if (inWork.derived.length < inWork.blocks.length) return executeNext(state, inWork);
  const { submission } = inWork;
  const alarm = checkExecuted(submission.header, inWork.derived);
  if (alarm !== undefined) return raise(state, submission, alarm);
  const tip = tipAfter(submission, block);
  return {
    state: { ...state, tip, inWork: null },
    effects: [{ type: "recordVerified", submission, tip }],
  };
}

function onBlockNotIncludable(state: State, reason: string): Step {
  assert(state.inWork !== null, "a refused block belongs to a batch in work");
  const { submission, derived } = state.inWork;
  const { header } = submission;
  return raise(state, submission, {
    batchIndex: header.index,
    code: "BLOCK_NOT_INCLUDABLE",
    field: null,
    height: heightAt(header, derived.length),
    detail: reason,
  });
}

function onBatchesInvalidated(state: State, fromIndex: bigint, tip: Tip): Step {
  assert(state.inWork === null, "facts of L1 come between batches");
  const isRemoved = state.wrongBatch !== null && state.wrongBatch >= fromIndex;
  const next = {
    ...state,
    tip: fromIndex <= state.tip.batchIndex ? tip : state.tip,
    wrongBatch: isRemoved ? null : state.wrongBatch,
  };
  assert(next.tip.batchIndex < fromIndex, "no void batch is verified", {
    fromIndex,
    tip: next.tip.batchIndex,
  });
  return { state: next, effects: [{ type: "recordVoid", fromIndex }] };
}

function executeNext(state: State, inWork: BatchInWork): Step {
  const block = inWork.blocks[inWork.derived.length];
  assert(block !== undefined, "a batch in work has a next block");
  const parent = inWork.derived.at(-1);
  const effect: Effect = {
    type: "executeBlock",
    parentHash: parent?.hash ?? state.tip.blockHash,
    parentOriginNumber: parent?.l1OriginNumber ?? state.tip.l1OriginNumber,
    block,
    l1BlockNumber: inWork.submission.l1BlockNumber,
  };
  return { state: { ...state, inWork }, effects: [effect] };
}

function raise(state: State, submission: Submission, alarm: Alarm): Step {
  const next = { ...state, inWork: null, wrongBatch: submission.header.index };
  return { state: next, effects: [{ type: "raiseAlarm", submission, alarm }] };
}

function tipAfter({ header, batchHash }: Submission, last: DerivedBlock): Tip {
  return {
    batchIndex: header.index,
    batchHash,
    height: last.height,
    blockHash: last.hash,
    queuePosition: last.queuePosition,
    l1OriginNumber: last.l1OriginNumber,
  };
}

function heightAt(header: BatchHeader, place: number): bigint {
  return header.firstBlock + BigInt(place);
}
