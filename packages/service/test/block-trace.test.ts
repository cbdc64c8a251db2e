import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { context, propagation, trace } from "@opentelemetry/api";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { create } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "@sequorum/proto/events";
import {
  type BatchHeader,
  encodeBatchHeader,
  type Hex,
  hexToBytes,
  zeroHash,
} from "@sequorum/protocol";
import {
  blockTraceOf,
  createBatchTrace,
  currentTrace,
  inTrace,
  isTracing,
  recordBlockSpan,
  startTracing,
  tracedBlocksMax,
} from "../src/index.ts";

const hashOf = (height: bigint): Hex => `0x${height.toString(16).padStart(64, "0")}`;
let exporter: InMemorySpanExporter;
let stop: () => Promise<void>;

beforeEach(() => {
  exporter = new InMemorySpanExporter();
  stop = startTracing({
    service: "operator",
    operator: "a",
    processors: [new SimpleSpanProcessor(exporter)],
  });
});

afterEach(async () => {
  await stop();
  trace.disable();
  context.disable();
  propagation.disable();
});

test("the trace of a block is a function of its hash alone", () => {
  const { traceId, spanId } = blockTraceOf(`0x${"11".repeat(32)}`);
  // keccak256("sequorum/trace" || 0x11..11)
  assert.equal(`${traceId}${spanId}`, "051684f4cadda54efe4951a1d4f0c10526247bb7856bd736");
  assert.notEqual(blockTraceOf(hashOf(2n)).traceId, traceId);
});

test("spans of several services share the block's trace and hang below the root that the leader records", () => {
  const blockHash = hashOf(1n);
  const root = blockTraceOf(blockHash);
  recordBlockSpan({
    service: "challenger",
    blockHash,
    name: "batch verified",
    startMs: 3_000,
    endMs: 4_000,
  });
  recordBlockSpan({
    service: "orderer",
    blockHash,
    name: "block sealed",
    startMs: 1_000,
    endMs: 2_000,
  });
  recordBlockSpan({
    service: "orderer",
    blockHash,
    name: "block executed",
    startMs: 2_000,
    endMs: 2_500,
  });
  const [verified, sealed, executed] = exporter.getFinishedSpans();
  assert.ok(verified && sealed && executed);
  for (const span of [verified, sealed, executed])
    assert.equal(span.spanContext().traceId, root.traceId);
  assert.equal(sealed.spanContext().spanId, root.spanId);
  assert.equal(sealed.parentSpanContext, undefined);
  for (const span of [verified, executed]) {
    assert.equal(span.parentSpanContext?.spanId, root.spanId);
    assert.notEqual(span.spanContext().spanId, root.spanId);
  }
  assert.deepEqual(verified.startTime, [3, 0], "also times before the process started are kept");
  assert.deepEqual(verified.endTime, [4, 0]);
  assert.deepEqual(
    [verified, sealed].map(({ resource }) => [
      resource.attributes["service.name"],
      resource.attributes["service.instance.id"],
    ]),
    [
      ["challenger", "a"],
      ["orderer", "a"],
    ],
  );
});

test("a span does not join the trace in which it happens to be recorded, but may link to it", () => {
  const traceparent = `00-${"ab".repeat(16)}-${"cd".repeat(8)}-01`;
  inTrace({ traceparent }, () =>
    recordBlockSpan({
      ...{
        service: "orderer",
        blockHash: hashOf(1n),
        name: "transaction accepted",
        startMs: 1,
        endMs: 2,
      },
      link: currentTrace(),
    }),
  );
  const [span] = exporter.getFinishedSpans();
  assert.equal(span?.spanContext().traceId, blockTraceOf(hashOf(1n)).traceId);
  assert.equal(span?.links[0]?.context.traceId, "ab".repeat(16));
});

test("what happens to a batch is recorded for its first blocks, from when they were certified or proposed", () => {
  let nowMs = 10_000;
  const traces = createBatchTrace("mpc-signer", () => nowMs);
  traces.observe(certified(1n, 40));
  nowMs = 11_000;
  traces.observe(certified(1n, 40)); // told again after a reconnection
  traces.observe(proposed({ index: 3n, firstBlock: 5n, lastBlock: 30n }));
  nowMs = 12_000;
  traces.record(3n, {
    name: "batch signed",
    since: "proposed",
    attributes: { "sequorum.attempt": 1 },
  });
  const spans = exporter.getFinishedSpans();
  assert.deepEqual(
    blocksOf(spans),
    Array.from({ length: tracedBlocksMax }, (_, i) => hashOf(BigInt(5 + i))),
  );
  const [first] = spans;
  assert.deepEqual(
    [first?.startTime, first?.endTime],
    [
      [11, 0],
      [12, 0],
    ],
  );
  assert.equal(first?.attributes["sequorum.batch.index"], 3);
  assert.equal(first?.attributes["sequorum.attempt"], 1);
  exporter.reset();
  traces.record(
    { index: 9n, firstBlock: 39n, lastBlock: 42n },
    { name: "batch proposed", since: "certified" },
  );
  assert.deepEqual(
    blocksOf(exporter.getFinishedSpans()),
    [hashOf(39n), hashOf(40n)],
    "unknown blocks are left out",
  );
  assert.deepEqual(exporter.getFinishedSpans()[0]?.startTime, [10, 0]);
  exporter.reset();
  traces.record(4n, { name: "batch signed", since: 0 });
  assert.deepEqual(exporter.getFinishedSpans(), [], "an unknown batch has no blocks");
});

test("memory of blocks and batches is bounded, and the newest are kept", () => {
  const traces = createBatchTrace("batcher", () => 1);
  for (let from = 1n; from < 10_000n; from += 100n) traces.observe(certified(from, 100));
  traces.record(
    { index: 1n, firstBlock: 1n, lastBlock: 100n },
    { name: "batch proposed", since: 0 },
  );
  assert.deepEqual(exporter.getFinishedSpans(), []);
  traces.record(
    { index: 2n, firstBlock: 9_999n, lastBlock: 9_999n },
    { name: "batch proposed", since: 0 },
  );
  assert.equal(exporter.getFinishedSpans().length, 1);
});

test("nothing is recorded without an exporter", async () => {
  await stop();
  assert.equal(isTracing(), false);
  stop = startTracing({ service: "operator" });
  assert.equal(isTracing(), false);
  recordBlockSpan({
    service: "orderer",
    blockHash: hashOf(1n),
    name: "block sealed",
    startMs: 1,
    endMs: 2,
  });
  assert.equal(currentTrace(), undefined);
});

function blocksOf(spans: readonly ReadableSpan[]): unknown[] {
  return spans.map(({ attributes }) => attributes["sequorum.block.hash"]);
}

function certified(from: bigint, count: number): Event {
  const hashes = Array.from({ length: count }, (_, place) =>
    hexToBytes(hashOf(from + BigInt(place))),
  );
  const kind = { case: "blocksCertified" as const, value: { from, hashes } };
  return create(EventSchema, { payload: { case: "decision", value: { kind } } });
}

function proposed(range: Pick<BatchHeader, "index" | "firstBlock" | "lastBlock">): Event {
  const header: BatchHeader = {
    ...{ version: 1, stfVersion: 1, chainId: 1n, parentHash: zeroHash, parentBlockHash: zeroHash },
    ...{
      lastBlockHash: zeroHash,
      postStateRoot: zeroHash,
      blockRoot: zeroHash,
      daKind: 1,
      daSize: 1,
      daRoot: zeroHash,
    },
    ...{
      queueFrom: 0n,
      queueTo: 0n,
      l1OriginNumber: 0n,
      l1OriginHash: zeroHash,
      epoch: 1n,
      timestamp: 1n,
    },
    ...{ proposer: `0x${"11".repeat(20)}` as Hex, ...range },
  };
  const kind = {
    case: "batchProposed" as const,
    value: { attempt: 0, header: { abi: encodeBatchHeader(header) } },
  };
  return create(EventSchema, { payload: { case: "decision", value: { kind } } });
}
