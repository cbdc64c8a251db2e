import assert from "node:assert/strict";
import { test } from "node:test";
import type { Hex } from "@sequorum/protocol";
import fc from "fast-check";
import { buildBatch } from "../../src/core/build-batch.ts";
import { checkInvariants } from "../../src/core/invariants.ts";
import type { Effect } from "../../src/core/effect.ts";
import type { Input } from "../../src/core/input.ts";
import type { OpenBatch, State } from "../../src/core/state.ts";
import { initialState } from "../../src/core/state.ts";
import { step } from "../../src/core/step.ts";
import { chain, firstOpen, other, parameters, self, startMs } from "./fixtures.ts";

const heights = fc.integer({ min: 1, max: 40 }).map(BigInt);
const openings: fc.Arbitrary<OpenBatch> = fc
  .record({
    index: fc.integer({ min: 1, max: 4 }).map(BigInt),
    attempt: fc.nat(3),
    proposer: fc.constantFrom(self, other),
  })
  .map((change) => ({ ...firstOpen, ...change, firstBlock: (change.index - 1n) * 7n + 1n }));

/** Right, wrong and foreign proposals, blocks in any order and with false hashes, repetitions, ticks. */
const inputs: fc.Arbitrary<Input> = fc.oneof(
  heights.map((height): Input => ({ type: "blocksCertified", height })),
  openings.map(
    (open): Input => ({ type: "batchOpened", open, hasProposed: false, hasAnswered: false }),
  ),
  fc.record({ from: fc.nat(39), count: fc.nat(16), lie: fc.boolean() }).map(
    ({ from, count, lie }): Input => ({
      type: "blocksFetched",
      blocks: chain
        .slice(from, from + count)
        .map(({ block }) => ({ block, certifiedHash: lie ? self : block.hash })),
    }),
  ),
  fc
    .record({ open: openings, count: fc.integer({ min: 1, max: 12 }), wrong: fc.boolean() })
    .map(({ open, count, wrong }): Input => {
      const first = Number(open.firstBlock) - 1;
      const built = buildBatch(
        chain.slice(first, first + count).map(({ block }) => block),
        open,
        parameters,
      );
      const { header } = built ?? assert.fail();
      const postStateRoot: Hex = wrong ? `0x${"00".repeat(32)}` : header.postStateRoot;
      return { type: "batchProposed", attempt: open.attempt, header: { ...header, postStateRoot } };
    }),
  fc
    .integer({ min: 0, max: 40_000 })
    .map((afterMs): Input => ({ type: "clockTicked", nowMs: startMs + afterMs })),
  fc.constant<Input>({ type: "fetchFailed" }),
);

test("B1 B2 B3 B4 B5 B6 no sequence of inputs makes the batcher contradict itself or vouch for anything but certified blocks", () => {
  fc.assert(
    fc.property(fc.array(inputs, { maxLength: 60 }), (sequence) => {
      let state = initialState(parameters, startMs);
      const said = new Map<string, Hex>();
      for (const input of sequence) {
        const next = step(state, asShell(input, state, said));
        state = next.state;
        checkInvariants(state);
        for (const effect of next.effects) record(effect, state, said);
      }
    }),
    { numRuns: 150 },
  );
});

/** What the shell sees to: it fetches certified heights only, and knows what was said about an attempt. */
function asShell(input: Input, state: State, said: ReadonlyMap<string, Hex>): Input {
  if (input.type === "blocksFetched") {
    const blocks = input.blocks.filter(({ block }) => block.height <= state.certifiedHeight);
    return { ...input, blocks };
  }
  if (input.type !== "batchOpened") return input;
  const { index, attempt } = input.open;
  const has = (role: string) => said.has(`${role} ${index} ${attempt}`);
  return { ...input, hasProposed: has("proposal"), hasAnswered: has("answer") };
}

function record(effect: Effect, state: State, said: Map<string, Hex>): void {
  if (effect.type === "refuse") said.set(`answer ${effect.index} ${effect.attempt}`, effect.digest);
  if (effect.type !== "endorse" && effect.type !== "propose") return;
  const { header, digest } = effect.batch;
  const key = `${effect.type === "propose" ? "proposal" : "answer"} ${header.index} ${effect.attempt}`;
  assert.equal(said.has(key), false, `B2 ${key} is said once`);
  said.set(key, digest);
  assert.ok(header.lastBlock <= state.certifiedHeight, "B3");
  assert.equal(header.lastBlockHash, chain[Number(header.lastBlock) - 1]?.block.hash, "B1");
}
