import assert from "node:assert/strict";
import { test } from "node:test";
import type { BatchHeader } from "@sequorum/protocol";
import {
  batchDigest,
  batchHeaderFields,
  chunkRoot,
  decodeBatch,
  encodeBatch,
  formatTransaction,
  merkleRoot,
} from "@sequorum/protocol";
import type { BuiltBatch } from "../../src/core/build-batch.ts";
import type { Effect } from "../../src/core/effect.ts";
import { fieldRefusals } from "../../src/core/errors.ts";
import type { State } from "../../src/core/state.ts";
import { initialState } from "../../src/core/state.ts";
import { step } from "../../src/core/step.ts";
import { toBatchBlock } from "../../src/core/source-block.ts";
import { makeSampleChain } from "../../src/testing/sample-chain.ts";
import {
  chain,
  opened,
  other,
  parameters,
  run,
  self,
  startMs,
  withFlippedField,
} from "./fixtures.ts";

const dueMs = startMs + parameters.ageMsMax;
const tick = (nowMs: number) => ({ type: "clockTicked", nowMs }) as const;
const certified = (height: bigint) => ({ type: "blocksCertified", height }) as const;

function proposedIn(effects: readonly Effect[]): BuiltBatch {
  const effect = effects.find((candidate) => candidate.type === "propose");
  return effect?.type === "propose" ? effect.batch : assert.fail("nothing was proposed");
}

/** State of an endorser that holds the first `held` blocks of batch 1, and the right header of its first five. */
function endorser(held = 5n): { readonly state: State; readonly header: BatchHeader } {
  const { effects } = run([certified(5n), opened({ proposer: other }), tick(dueMs)]);
  assert.deepEqual(
    effects.map(({ type }) => type),
    ["fetchBlocks"],
    "an endorser does not propose",
  );
  const proposer = { ...parameters, self: other };
  const { effects: proposal } = run(
    [certified(5n), opened({ proposer: other }), tick(dueMs)],
    initialState(proposer, startMs),
  );
  const { state } = run([certified(held), opened({ proposer: other })]);
  return { state, header: proposedIn(proposal).header };
}

const answerTo = (state: State, header: BatchHeader) =>
  step(state, { type: "batchProposed", attempt: 0, header }).effects.filter(
    ({ type }) => type !== "fetchBlocks",
  );

test("the designated proposer proposes when the oldest block reaches the age limit, not before", () => {
  const early = run([certified(3n), opened(), tick(dueMs - 1)]);
  assert.deepEqual(
    early.effects.map(({ type }) => type),
    ["fetchBlocks"],
  );
  const { effects } = run([tick(dueMs)], early.state);
  assert.deepEqual(
    effects.map(({ type }) => type),
    ["propose"],
  );
});

test("the designated proposer proposes when the block limit is reached", () => {
  const { effects } = run([opened(), certified(9n)]);
  assert.ok(!effects.some(({ type }) => type === "propose"));
  const { header } = proposedIn(run([opened(), certified(12n)]).effects);
  assert.equal(header.lastBlock, 10n);
});

test("the designated proposer proposes the blocks that fit when the size limit is reached", () => {
  const large = makeSampleChain(8, 3_000);
  const blocks = large.map(({ block }) => ({ block, certifiedHash: block.hash }));
  const small = initialState({ ...parameters, bytesMax: 12_000 }, startMs);
  const state = [certified(8n), opened()].reduce(
    (before, input) => step(before, input).state,
    small,
  );
  const { effects } = step(state, { type: "blocksFetched", blocks });
  const batch = proposedIn(effects);
  assert.ok(
    batch.data.length <= 12_000 && batch.header.lastBlock < 8n,
    `${batch.header.lastBlock}`,
  );
  const oneMore = large
    .slice(0, Number(batch.header.lastBlock) + 1)
    .map(({ block }) => toBatchBlock(block));
  assert.ok(encodeBatch(oneMore).length > 12_000);
});

test("one block larger than the limit is reported, once, and not proposed", () => {
  const blocks = makeSampleChain(3, 40_000).map(({ block }) => ({
    block,
    certifiedHash: block.hash,
  }));
  const small = initialState({ ...parameters, bytesMax: 2_000 }, startMs);
  const state = [certified(3n), opened()].reduce(
    (before, input) => step(before, input).state,
    small,
  );
  const { effects, state: after } = step(state, { type: "blocksFetched", blocks });
  assert.deepEqual(
    effects.map(({ type }) => type),
    ["reportOversizedBlock"],
  );
  assert.deepEqual(step(after, tick(dueMs)).effects, []);
});

/** Blocks of zeros that compress well but are too much together for a decoder. */
function hugeBlocks() {
  const zeros = formatTransaction({
    ...{ kind: "legacy", chainId: 777n, nonce: 0n, gasLimit: 0n, priorityFee: new Uint8Array(0) },
    ...{ feeCap: new Uint8Array(0), value: new Uint8Array(0), to: new Uint8Array(20) },
    ...{
      data: new Uint8Array(90_000),
      accessList: [],
      yParity: 0,
      r: new Uint8Array(32).fill(1),
      s: new Uint8Array(32),
    },
  });
  return makeSampleChain(30).map(({ block }) => ({
    block: { ...block, transactions: [zeros] },
    certifiedHash: block.hash,
  }));
}

test("blocks that compress well but are too much for a decoder are split, and together refused", () => {
  const wide = initialState({ ...parameters, blocksMax: 30 }, startMs);
  const inputs = [
    certified(30n),
    opened(),
    { type: "blocksFetched", blocks: hugeBlocks() } as const,
  ];
  const effects: Effect[] = [];
  const state = inputs.reduce((before, input) => {
    const next = step(before, input);
    effects.push(...next.effects);
    return next.state;
  }, wide);
  const { header } = proposedIn(effects);
  assert.ok(header.lastBlock < 30n && header.lastBlock > 10n, `${header.lastBlock}`);
  const [answer] = answerTo(state, { ...header, lastBlock: 30n });
  assert.ok(answer?.type === "refuse" && answer.code === "DATA_TOO_LARGE");
});

test("the header says what the blocks say", () => {
  const { header, data, digest } = proposedIn(run([certified(5n), opened(), tick(dueMs)]).effects);
  const blocks = chain.slice(0, 5).map(({ block }) => block);
  const last = blocks[4] ?? assert.fail();
  assert.equal(header.blockRoot, merkleRoot(blocks.map(({ hash }) => hash)));
  assert.equal(header.postStateRoot, last.stateRoot);
  assert.equal(header.lastBlockHash, last.hash);
  assert.equal(header.parentBlockHash, blocks[0]?.parentHash);
  assert.deepEqual([header.queueFrom, header.queueTo], [0n, 1n]);
  assert.equal(header.l1OriginHash, last.l1OriginHash);
  assert.equal(header.daRoot, chunkRoot(data));
  assert.equal(header.daSize, data.length);
  assert.equal(digest, batchDigest(header, parameters.domain));
  assert.deepEqual(decodeBatch(data), blocks.map(toBatchBlock));
});

test("forced transactions are not in the data", () => {
  const block = chain[2]?.block ?? assert.fail();
  assert.equal(
    block.transactions.length,
    2,
    "block 3 has three transactions, of which one is forced",
  );
});

test("B1 a right proposal is endorsed, once", () => {
  const { state, header } = endorser();
  const first = step(state, { type: "batchProposed", attempt: 0, header });
  assert.deepEqual(
    first.effects.map(({ type }) => type),
    ["endorse"],
  );
  assert.deepEqual(step(first.state, { type: "batchProposed", attempt: 0, header }).effects, []);
  const another = { ...header, lastBlock: 4n };
  assert.deepEqual(
    step(first.state, { type: "batchProposed", attempt: 0, header: another }).effects,
    [],
  );
});

for (const { name } of batchHeaderFields) {
  test(`B1 a proposal whose ${name} differs in one bit is refused`, () => {
    const { state, header } = endorser();
    const [effect, ...rest] = answerTo(state, withFlippedField(header, name));
    if (name === "index")
      return assert.equal(
        effect,
        undefined,
        "a proposal for another index is not for this attempt",
      );
    assert.deepEqual(rest, []);
    assert.ok(effect?.type === "refuse", name);
    const malformed = ["version", "firstBlock", "daKind"].includes(name)
      ? ["HEADER_MALFORMED", "RANGE_NOT_OPEN"]
      : [];
    const changed = name === "lastBlock" ? ["LAST_BLOCK_HASH_DIFFERS", "BLOCKS_NOT_CERTIFIED"] : [];
    const expected: string[] = [fieldRefusals[name], ...malformed, ...changed, "HEADER_MALFORMED"];
    assert.ok(expected.includes(effect.code), `${name}: ${effect.code}`);
    if (
      ["lastBlockHash", "postStateRoot", "blockRoot", "queueTo", "timestamp", "epoch"].includes(
        name,
      )
    ) {
      assert.equal(effect.code, fieldRefusals[name]);
    }
  });
}

test("B1 a proposal whose data differs in one byte is refused", () => {
  const { state, header } = endorser();
  const { data } = proposedIn(
    run(
      [certified(5n), opened({ proposer: other }), tick(dueMs)],
      initialState({ ...parameters, self: other }, startMs),
    ).effects,
  );
  for (let position = 0; position < data.length; position += 97) {
    const changed = Uint8Array.from(data);
    changed[position] = (changed[position] ?? 0) ^ 1;
    const [effect] = answerTo(state, { ...header, daRoot: chunkRoot(changed) });
    assert.ok(effect?.type === "refuse" && effect.code === "DATA_ROOT_DIFFERS", `byte ${position}`);
  }
});

test("a proposal is judged as soon as own blocks reach it, and not before", () => {
  const { header } = endorser();
  const waiting = [certified(5n), opened({ proposer: other })].reduce(
    (state, input) => step(state, input).state,
    initialState(parameters, startMs),
  );
  const asked = step(waiting, { type: "batchProposed", attempt: 0, header });
  assert.deepEqual(asked.effects, []);
  const partial = chain.slice(0, 3).map(({ block }) => ({ block, certifiedHash: block.hash }));
  const some = step(asked.state, { type: "blocksFetched", blocks: partial });
  assert.deepEqual(some.effects, [{ type: "fetchBlocks", from: 4n, to: 5n }]);
  const rest = chain.slice(3, 5).map(({ block }) => ({ block, certifiedHash: block.hash }));
  assert.deepEqual(
    step(some.state, { type: "blocksFetched", blocks: rest }).effects.map(({ type }) => type),
    ["endorse"],
  );
});

test("B3 a proposal of blocks that are not certified is refused", () => {
  const { header } = endorser();
  const { state } = run([certified(4n), opened({ proposer: other })]);
  const [effect] = answerTo(state, header);
  assert.ok(effect?.type === "refuse" && effect.code === "BLOCKS_NOT_CERTIFIED");
});

test("B3 a fetched block that is not the certified one is not used, and is asked for again after a pause", () => {
  const { state } = {
    state: step(step(initialState(parameters, startMs), certified(2n)).state, opened()).state,
  };
  const wrong = chain.slice(0, 2).map(({ block }) => ({ block, certifiedHash: self }));
  const after = step(state, { type: "blocksFetched", blocks: wrong });
  assert.deepEqual(after.state.blocks, []);
  assert.deepEqual(after.effects, []);
  const later = step(after.state, tick(startMs + 1_000));
  assert.deepEqual(later.effects, [{ type: "fetchBlocks", from: 1n, to: 2n }]);
});

test("a proposal with too many blocks or too much data is refused", () => {
  const { header } = endorser();
  const { state } = run([certified(20n), opened({ proposer: other })]);
  const [many] = answerTo(state, { ...header, lastBlock: 11n });
  assert.ok(many?.type === "refuse" && many.code === "TOO_MANY_BLOCKS");
  const tight = { ...state, parameters: { ...parameters, bytesMax: 256 } };
  const [large] = answerTo({ ...tight, certifiedHeight: 5n }, header);
  assert.ok(
    large?.type === "refuse" && large.code === "DATA_TOO_LARGE",
    "five blocks are more than 256 bytes",
  );
});

test("own blocks that do not follow the batch before are neither proposed nor endorsed", () => {
  const { header } = endorser();
  const { state, effects } = run([
    certified(5n),
    opened({ parentBlockHash: `0x${"99".repeat(32)}` }),
    tick(dueMs),
  ]);
  assert.ok(!effects.some(({ type }) => type === "propose"));
  const [effect] = answerTo(state, header);
  assert.ok(effect?.type === "refuse" && effect.code === "PARENT_BLOCK_CONTRADICTED");
});

test("a new attempt asks for a new answer; a repeated opening changes nothing", () => {
  const { state, header } = endorser();
  const answered = step(state, { type: "batchProposed", attempt: 0, header }).state;
  assert.equal(step(answered, opened({ proposer: other })).state.hasAnswered, true);
  const second = step(answered, opened({ proposer: other, attempt: 1 }));
  assert.equal(second.state.hasAnswered, false);
  assert.equal(second.state.blocks.length, 5, "blocks are kept");
});

test("the next index drops the blocks of the one before and keeps the rest", () => {
  const { state } = run([certified(8n), opened({ proposer: other })]);
  const { state: next, effects } = run(
    [opened({ index: 2n, firstBlock: 6n, proposer: other })],
    state,
  );
  assert.deepEqual(
    next.blocks.map(({ height }) => height),
    [6n, 7n, 8n],
  );
  assert.deepEqual(effects, []);
});

test("when signed batches are given up, an earlier index opens again and its blocks are fetched again", () => {
  const { state } = run([certified(8n), opened({ proposer: other, index: 2n, firstBlock: 6n })]);
  assert.equal(state.blocks[0]?.height, 6n);
  const { state: back, effects } = run([opened({ proposer: other, attempt: 1 })], state);
  assert.deepEqual(effects, [{ type: "fetchBlocks", from: 1n, to: 8n }]);
  assert.equal(back.blocks[0]?.height, 1n);
});

test("what was said before a restart is not said again", () => {
  const restored = { ...opened(), hasProposed: true, hasAnswered: true } as const;
  const { effects } = run([certified(5n), restored, tick(dueMs + 60_000)]);
  assert.deepEqual(
    effects.map(({ type }) => type),
    ["fetchBlocks"],
  );
});

test("a failed fetch is repeated after a pause", () => {
  let state = step(step(initialState(parameters, startMs), certified(2n)).state, opened()).state;
  state = step(state, { type: "fetchFailed" }).state;
  assert.deepEqual(step(state, tick(startMs + 10)).effects, []);
  assert.deepEqual(
    step(state, tick(startMs + 500)).effects.map(({ type }) => type),
    ["fetchBlocks"],
  );
});

test("blocks of a final batch are deleted", () => {
  const { effects } = run([{ type: "batchFinal", lastBlock: 5n }]);
  assert.deepEqual(effects, [{ type: "pruneBlocks", height: 5n }]);
});
