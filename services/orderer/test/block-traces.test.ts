import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Hex } from "@sequorum/protocol";
import { blockTraceOf, inTrace, startTracing } from "@sequorum/service";
import type { Effect } from "../src/core/effect.ts";
import type { BlockSummary } from "../src/core/state.ts";
import { createBlockTraces, tracedTransactionsMax } from "../src/shell/block-traces.ts";

type Processor = NonNullable<Parameters<typeof startTracing>[0]["processors"]>[number];
type Ended = Parameters<Processor["onEnd"]>[0];

const hashOf = (number: number): Hex => `0x${number.toString(16).padStart(64, "0")}`;
const ended: Ended[] = [];
let stop: () => Promise<void>;

before(() => {
  const nothing = async () => {};
  const processor = {
    onStart: () => {},
    onEnd: (span: Ended) => void ended.push(span),
    forceFlush: nothing,
    shutdown: nothing,
  };
  stop = startTracing({ service: "orderer", processors: [processor] });
});
after(() => stop());

test("building and executing are spans from when they began until the block is stored", async () => {
  let nowMs = 1_000;
  const perform = createBlockTraces(() => nowMs).around(async () => {
    nowMs += 250;
  });
  await perform(effect({ type: "build", parent: hashOf(1) }));
  await perform(effect({ type: "storeSealed", summary: block(2) }));
  await perform(effect({ type: "execute", hash: hashOf(3) }));
  await perform(effect({ type: "storeBlock", summary: block(3) }));
  const [sealed, executed] = ended.splice(0);
  assert.deepEqual(
    [sealed?.name, sealed?.startTime, sealed?.endTime],
    ["block sealed", [1, 0], [1, 500_000_000]],
  );
  assert.equal(sealed?.spanContext().spanId, blockTraceOf(hashOf(2)).spanId);
  assert.deepEqual(
    [executed?.name, executed?.startTime, executed?.endTime],
    ["block executed", [1, 500_000_000], [2, 0]],
  );
  assert.equal(executed?.spanContext().traceId, blockTraceOf(hashOf(3)).traceId);
});

test("a transaction's span goes from its arrival here to its block; callers with a trace are preferred, and linked", async () => {
  const traces = createBlockTraces(() => 5_000);
  const hashes = Array.from({ length: 2 * tracedTransactionsMax }, (_, i) => hashOf(100 + i));
  for (const hash of hashes.slice(0, -1)) traces.answered({ type: "accepted", hash }, 400);
  traces.answered({ type: "rejected", code: "ALREADY_KNOWN", hash: hashOf(7) }, 1);
  const traceparent = `00-${"ab".repeat(16)}-${"cd".repeat(8)}-01`;
  inTrace({ traceparent }, () =>
    traces.answered({ type: "accepted", hash: hashOf(100 + hashes.length - 1) }, 400),
  );
  const added = [block(9, [hashOf(7), ...hashes])];
  await traces.around(async () => {})(
    effect({ type: "headChanged", change: { forkHeight: 8n, removed: [], added } }),
  );
  const spans = ended.splice(0);
  assert.equal(spans.length, tracedTransactionsMax);
  assert.ok(spans.every(({ name }) => name === "transaction accepted"));
  const [first, second] = spans;
  assert.equal(first?.attributes["sequorum.transaction.hash"], hashes.at(-1));
  assert.equal(first?.links[0]?.context.traceId, "ab".repeat(16));
  assert.deepEqual(
    [second?.startTime, second?.endTime, second?.links],
    [[4, 600_000_000], [5, 0], []],
  );
  assert.equal(second?.attributes["sequorum.transaction.hash"], hashes[0]);
});

test("a failed effect leaves no span", async () => {
  const perform = createBlockTraces().around(async () => {
    throw new Error("the store is away");
  });
  await assert.rejects(perform(effect({ type: "storeSealed", summary: block(2) })), /away/);
  assert.deepEqual(ended, []);
});

/** Only what traces look at. */
function effect(fields: {
  readonly type: Effect["type"];
  readonly [field: string]: unknown;
}): Effect {
  return fields as unknown as Effect;
}

function block(number: number, transactions: readonly Hex[] = []): BlockSummary {
  const fields = {
    hash: hashOf(number),
    parentHash: hashOf(number - 1),
    height: BigInt(number),
    term: 1n,
  };
  return {
    ...fields,
    transactions: transactions.map((hash) => ({ hash })),
  } as unknown as BlockSummary;
}
