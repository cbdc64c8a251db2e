// Tables of steps and properties of the watcher's pure core.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Hex } from "viem";
import {
  initialWatcherState,
  type L1Block,
  stepWatcher,
  type WatcherEffect,
  type WatcherInput,
  type WatcherState,
} from "../src/watcher-core.ts";

const parameters = {
  fromBlock: 1n,
  confirmationDepth: 2n,
  chunkBlocksMax: 4,
  deliveredHeadersMax: 8,
  deepReorgSightingsMax: 3,
};

test("blocks are fetched in chunks up to the head", () => {
  const start = initialWatcherState(parameters, undefined);
  const { effects } = stepWatcher(start, headSeen(chain("a", 1, 9)));
  assert.deepEqual(ranges(effects), [[1n, 4n]]);
});

test("a block is confirmed when two blocks are on top of it", () => {
  const { effects } = serve(initialWatcherState(parameters, undefined), chain("a", 1, 5));
  assert.deepEqual(confirmed(effects), ["a1", "a2", "a3"]);
});

test("watching continues after the cursor", () => {
  const after = { number: 3n, hash: hash("a3") };
  const { effects } = serve(initialWatcherState(parameters, after), chain("a", 1, 6));
  assert.deepEqual(confirmed(effects), ["a4"]);
});

test("a node that is behind changes nothing", () => {
  const { state } = serve(initialWatcherState(parameters, undefined), chain("a", 1, 6));
  const step = stepWatcher(state, headSeen(chain("a", 1, 3)));
  assert.deepEqual(step, { state, effects: [] });
});

test("a reorg to a shorter chain is noticed at once", () => {
  const { state } = serve(initialWatcherState(parameters, undefined), chain("a", 1, 6));
  const fork = [...chain("a", 1, 4), ...chain("b", 5, 5, "a4")];
  const step = serve(state, fork);
  assert.deepEqual(
    step.effects.filter(({ type }) => type === "rollback"),
    [{ type: "rollback", to: 4n }],
  );
  assert.deepEqual([extended(step.effects), confirmed(step.effects)], [["b5"], []]);
  const grown = serve(step.state, [...fork, ...chain("b", 6, 7, "b5")]);
  assert.deepEqual(confirmed(grown.effects), ["b5"]);
});

test("a shorter chain that contradicts a delivered block is a deep reorg after three polls", () => {
  let { state } = serve(initialWatcherState(parameters, undefined), chain("a", 1, 6));
  const fork = [...chain("a", 1, 2), ...chain("b", 3, 4, "a2")];
  const concluded: boolean[] = [];
  for (let poll = 0; poll < 3; poll++) {
    const step = serve(state, fork);
    state = step.state;
    concluded.push(step.effects.some(({ type }) => type === "deepReorg"));
  }
  assert.deepEqual(concluded, [false, false, true]);
});

test("a reorg of unconfirmed blocks rolls back to the fork and goes on", () => {
  const { state } = serve(initialWatcherState(parameters, undefined), chain("a", 1, 6));
  const fork = [...chain("a", 1, 4), ...chain("b", 5, 7, "a4")];
  const { effects } = serve(state, fork);
  assert.deepEqual(
    effects.filter((effect) => effect.type === "rollback"),
    [
      { type: "rollback", to: 5n },
      { type: "rollback", to: 4n },
    ],
  );
  assert.deepEqual(confirmed(effects), ["b5"]);
});

test("a block at the tip's height with another hash replaces it", () => {
  const { state } = serve(initialWatcherState(parameters, undefined), chain("a", 1, 6));
  const fork = [...chain("a", 1, 5), ...chain("b", 6, 6, "a5")];
  const { effects } = serve(state, fork);
  assert.deepEqual(extended(effects), ["b6"]);
});

test("an answer that does not link is confirmed in no part", () => {
  const start = initialWatcherState(parameters, undefined);
  const mixed = [...chain("a", 1, 3), ...chain("b", 4, 4, "b3")];
  const head = headSeen(mixed).head;
  const { effects } = stepWatcher(start, { type: "blocksFetched", head, blocks: mixed });
  assert.deepEqual(confirmed(effects), []);
});

test("a short answer waits for the next poll", () => {
  const start = initialWatcherState(parameters, undefined);
  const head = { number: 9n, hash: hash("a9") };
  assert.deepEqual(stepWatcher(start, { type: "blocksFetched", head, blocks: [] }).effects, []);
});

test("a deep reorg is concluded after three polls that contradict a delivered block, and not before", () => {
  let { state } = serve(initialWatcherState(parameters, undefined), chain("a", 1, 6));
  const fork = [...chain("a", 1, 3), ...chain("b", 4, 9, "a3")];
  const seen: (readonly string[])[] = [];
  for (let poll = 0; poll < 3; poll++) {
    const step = serve(state, fork);
    state = step.state;
    seen.push(
      step.effects.filter((e) => e.type === "deepReorg").map((e) => name(e.delivered.hash)),
    );
  }
  assert.deepEqual(seen, [[], [], ["a4"]]);
});

test("a stale fork seen for a moment is forgotten", () => {
  let { state } = serve(initialWatcherState(parameters, undefined), chain("a", 1, 6));
  const fork = [...chain("a", 1, 3), ...chain("b", 4, 9, "a3")];
  for (let round = 0; round < 4; round++) {
    ({ state } = serve(state, fork));
    const step = serve(state, chain("a", 1, 7 + round));
    assert.equal(
      step.effects.some((e) => e.type === "deepReorg"),
      false,
    );
    state = step.state;
  }
});

test("each confirmed block comes once, in order, linked, under any reorgs within the depth and any lagging node", () => {
  const reorg = fc.record({
    depth: fc.integer({ min: 0, max: 2 }),
    grow: fc.integer({ min: 1, max: 6 }),
    lag: fc.integer({ min: 0, max: 8 }),
  });
  fc.assert(
    fc.property(fc.array(reorg, { maxLength: 30 }), (reorgs) => {
      let blocks = chain("g", 1, 3);
      let state = initialWatcherState(parameters, undefined);
      const out: L1Block[] = [];
      for (const [i, { depth, grow, lag }] of reorgs.entries()) {
        const kept = depth === 0 ? blocks : blocks.slice(0, -depth);
        const last = kept.at(-1);
        assert.ok(last);
        const from = Number(last.number) + 1;
        // A fork is adopted only when it is longer (longest chain).
        blocks = [...kept, ...chain(`f${i}x`, from, from + depth + grow - 1, name(last.hash))];
        const step = serve(state, lag === 0 ? blocks : blocks.slice(0, -lag));
        state = step.state;
        out.push(...step.effects.flatMap((e) => (e.type === "confirm" ? [e.block] : [])));
      }
      for (const [i, block] of out.entries()) {
        assert.equal(block.number, BigInt(i + 1));
        if (i > 0) assert.equal(block.parentHash, out[i - 1]?.hash);
        assert.equal(blocks[i]?.hash, block.hash);
      }
    }),
    { numRuns: 300 },
  );
});

/** Plays a node that serves exactly `blocks`, for one poll. */
function serve(
  initial: WatcherState,
  blocks: readonly L1Block[],
): { state: WatcherState; effects: WatcherEffect[] } {
  let state = initial;
  const effects: WatcherEffect[] = [];
  const inputs: WatcherInput[] = blocks.length === 0 ? [] : [headSeen(blocks)];
  for (let input = inputs.shift(); input !== undefined; input = inputs.shift()) {
    const step = stepWatcher(state, input);
    state = step.state;
    effects.push(...step.effects);
    for (const effect of step.effects) {
      if (effect.type !== "fetchBlocks") continue;
      const range = blocks.filter((b) => b.number >= effect.from && b.number <= effect.to);
      inputs.push({ type: "blocksFetched", head: effect.head, blocks: range });
    }
  }
  return { state, effects };
}

function headSeen(blocks: readonly L1Block[]): Extract<WatcherInput, { type: "headSeen" }> {
  const last = blocks.at(-1);
  assert.ok(last);
  return { type: "headSeen", head: { number: last.number, hash: last.hash } };
}

function chain(fork: string, from: number, to: number, parent = `${fork}${from - 1}`): L1Block[] {
  const blocks: L1Block[] = [];
  let parentHash = hash(parent);
  for (let n = from; n <= to; n++) {
    const own = hash(`${fork}${n}`);
    blocks.push({ number: BigInt(n), hash: own, parentHash, timestamp: BigInt(n), logs: [] });
    parentHash = own;
  }
  return blocks;
}

function hash(label: string): Hex {
  return `0x${label}`;
}

function name(label: string): string {
  return label.slice(2);
}

function confirmed(effects: readonly WatcherEffect[]): string[] {
  return effects.flatMap((e) => (e.type === "confirm" ? [name(e.block.hash)] : []));
}

function extended(effects: readonly WatcherEffect[]): string[] {
  return effects.flatMap((e) => (e.type === "extend" ? [name(e.block.hash)] : []));
}

function ranges(effects: readonly WatcherEffect[]): bigint[][] {
  return effects.flatMap((e) => (e.type === "fetchBlocks" ? [[e.from, e.to]] : []));
}
