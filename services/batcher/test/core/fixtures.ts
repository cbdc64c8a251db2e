import type { BatchHeader, BatchHeaderField, Hex } from "@sequorum/protocol";
import { zeroHash } from "@sequorum/protocol";
import { checkInvariants } from "../../src/core/invariants.ts";
import type { Effect } from "../../src/core/effect.ts";
import type { Input } from "../../src/core/input.ts";
import type { OpenBatch, Parameters, State } from "../../src/core/state.ts";
import { initialState } from "../../src/core/state.ts";
import { step } from "../../src/core/step.ts";
import { makeSampleChain, sampleGenesisTimestamp } from "../../src/testing/sample-chain.ts";

export const self: Hex = `0x${"aa".repeat(20)}`;
export const other: Hex = `0x${"bb".repeat(20)}`;
export const startMs = Number(sampleGenesisTimestamp) * 1_000;
export const chain = makeSampleChain(40);

export const parameters: Parameters = {
  self,
  domain: { l1ChainId: 31_337n, rollupChain: `0x${"c0".repeat(20)}` },
  l2ChainId: 777n,
  blocksMax: 10,
  bytesMax: 100_000,
  ageMsMax: 12_000,
};

export const firstOpen: OpenBatch = {
  index: 1n,
  attempt: 0,
  proposer: self,
  firstBlock: 1n,
  openedAtMs: startMs,
  parentHash: zeroHash,
  parentBlockHash: zeroHash,
  queueFrom: 0n,
  epoch: 1n,
};

export function opened(change: Partial<OpenBatch> = {}): Input {
  return {
    type: "batchOpened",
    open: { ...firstOpen, ...change },
    hasProposed: false,
    hasAnswered: false,
  };
}

/** The chain's blocks of a range, as the orderer gives them. */
export function fetched(from: bigint, to: bigint): Input {
  const blocks = chain
    .slice(Number(from) - 1, Number(to))
    .map(({ block }) => ({ block, certifiedHash: block.hash }));
  return { type: "blocksFetched", blocks };
}

/** Applies the inputs and answers every fetch from the chain; checks the invariants after each. */
export function run(
  inputs: readonly Input[],
  from: State = initialState(parameters, startMs),
): { readonly state: State; readonly effects: readonly Effect[] } {
  const effects: Effect[] = [];
  const queue = [...inputs];
  let state = from;
  for (let input = queue.shift(); input !== undefined; input = queue.shift()) {
    const next = step(state, input);
    state = next.state;
    checkInvariants(state);
    for (const effect of next.effects) {
      if (effect.type === "fetchBlocks") queue.unshift(fetched(effect.from, effect.to));
      effects.push(effect);
    }
  }
  return { state, effects };
}

/** The header with one bit of one field changed. */
export function withFlippedField(header: BatchHeader, field: BatchHeaderField): BatchHeader {
  const value = header[field];
  if (typeof value === "number") return { ...header, [field]: value ^ 1 };
  if (typeof value === "bigint") return { ...header, [field]: value ^ 1n };
  const digit = Number.parseInt(value.slice(-1), 16) ^ 1;
  return { ...header, [field]: `${value.slice(0, -1)}${digit.toString(16)}` };
}
