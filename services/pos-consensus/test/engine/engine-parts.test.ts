/** The shell's parts that need no services. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBinary, create, toBinary } from "@bufbuild/protobuf";
import { PeerMessageSchema } from "@sequorum/proto/consensus";
import type { Hex } from "@sequorum/protocol";
import { createAsyncQueue } from "../../src/engine/async-queue.ts";
import { decodeHeightStart, encodeHeightStart } from "../../src/engine/encoding.ts";
import { createMempool } from "../../src/engine/mempool.ts";
import {
  fromPeerMessage,
  MalformedMessage,
  type OutgoingMessage,
  toBlockResponse,
  toPeerMessage,
  toTransactionGossip,
} from "../../src/engine/peer-message.ts";
import { createRateLimit } from "../../src/engine/rate-limit.ts";
import { blockOf, nowMs, validator, voteOf } from "../core/tendermint/core-driver.ts";

const accept = () => ({ type: "ok" }) as const;
const limits = {
  transactionBytesMax: 4,
  mempoolTransactionsMax: 8,
  mempoolBytesMax: 20,
  blockBytesMax: 4_096,
};
const signature: Hex = `0x${"ab".repeat(65)}`;

test("the mempool keeps order, knows what it has and refuses what is too large", () => {
  const mempool = createMempool(limits);
  assert.deepEqual(mempool.add("0x01", "local", accept), { type: "ok" });
  assert.deepEqual(mempool.add("0x0203", validator(1), accept), { type: "ok" });
  assert.deepEqual(mempool.add("0x01", validator(1), accept), { type: "known" });
  assert.equal(mempool.add("0x0102030405", "local", accept).type, "rejected");
  const refuse = () => ({ type: "rejected", code: "BAD", by: undefined }) as const;
  assert.equal(mempool.add("0x09", "local", refuse).type, "rejected");
  assert.deepEqual(mempool.take(100), ["0x01", "0x0203"]);
  assert.deepEqual(mempool.take(2), ["0x01"]);
  assert.deepEqual(mempool.own(100), ["0x01"]);
  mempool.recheck((transaction) => (transaction === "0x01" ? refuse() : accept()));
  assert.deepEqual(mempool.take(100), ["0x0203"]);
});

test("P10 a peer fills at most its share of the mempool, and all of them its limits", () => {
  const mempool = createMempool(limits);
  const add = (i: number, source: Hex | "local") => mempool.add(`0x0${i}`, source, accept).type;
  assert.deepEqual(
    [0, 1, 2].map((i) => add(i, validator(1))),
    ["ok", "ok", "full"],
  );
  assert.equal(add(2, validator(2)), "ok");
  assert.deepEqual(
    [3, 4, 5, 6, 7].map((i) => add(i, "local")),
    ["ok", "ok", "ok", "ok", "ok"],
  );
  assert.equal(add(8, "local"), "full");
  const bytes = createMempool({ ...limits, mempoolTransactionsMax: 100 });
  for (let i = 1; i <= 5; i++) bytes.add(`0x0000000${i}`, "local", accept);
  assert.equal(bytes.add("0x01", "local", accept).type, "full");
});

test("a bucket lets a burst pass and then slows down to its rate", () => {
  let atMs = 0;
  const limit = createRateLimit(10, () => atMs);
  assert.deepEqual([limit.take(20), limit.take(1)], [0, 100]);
  atMs = 1_000;
  assert.equal(limit.take(9), 0);
  assert.equal(limit.take(10), 1_000);
});

test("a queue gives items in order, drops what does not fit and ends when it is closed", async () => {
  const queue = createAsyncQueue<number>(2);
  assert.deepEqual(
    [1, 2, 3].map((item) => queue.push(item)),
    [true, true, false],
  );
  const seen: number[] = [];
  const reading = (async () => {
    for await (const item of queue) seen.push(item);
  })();
  await new Promise((resolve) => setImmediate(resolve));
  queue.push(4);
  queue.close();
  assert.equal(queue.push(5), false);
  await reading;
  assert.deepEqual(seen, [1, 2, 4]);
});

test("messages survive the wire", () => {
  const vote = { ...voteOf(1, "precommit", "A", { round: 3 }), signature };
  const block = blockOf("A", validator(2), nowMs);
  const proposal = { height: 1n, round: 4, validRound: -1, proposer: validator(2), signature };
  const certificate = {
    height: 1n,
    round: 4,
    blockId: vote.blockId,
    signatures: [{ validator: validator(1), signature }],
  };
  const id = vote.blockId;
  const status = { height: 7n, round: 2, step: "precommit" } as const;
  const cross = (message: OutgoingMessage) => {
    const bytes = toBinary(PeerMessageSchema, create(PeerMessageSchema, message));
    return fromPeerMessage(fromBinary(PeerMessageSchema, bytes), limits);
  };
  assert.deepEqual(cross(toPeerMessage({ type: "vote", vote })), { type: "vote", vote });
  const nil = { ...voteOf(1, "prevote", "nil"), signature };
  assert.deepEqual(cross(toPeerMessage({ type: "vote", vote: nil })), { type: "vote", vote: nil });
  const sent = { type: "proposal", proposal: { ...proposal, blockId: id }, block } as const;
  assert.deepEqual(cross(toPeerMessage(sent)), { type: "proposal", proposal, block });
  assert.deepEqual(cross(toPeerMessage({ type: "status", status })), { type: "status", status });
  const request = cross(toPeerMessage({ type: "blockRequest", height: 5n }));
  assert.deepEqual(request, { type: "blockRequest", from: 5n, to: 36n });
  const blocks = [{ block, certificate }];
  assert.deepEqual(cross(toBlockResponse(blocks)), { type: "blocks", blocks });
  const transactions: Hex[] = ["0x01", "0x"];
  assert.deepEqual(cross(toTransactionGossip(transactions)), {
    type: "transactions",
    transactions,
  });
});

test("P10 messages beyond their limits are malformed", () => {
  const message = (value: OutgoingMessage) => create(PeerMessageSchema, value);
  const large = { height: 1n, block: new Uint8Array(limits.blockBytesMax + 1) };
  const address = new Uint8Array(20);
  const long = new Uint8Array(65);
  for (const wrong of [
    message({
      message: { case: "proposal", value: { ...large, proposer: address, signature: long } },
    }),
    message({ message: { case: "proposal", value: { validRound: -2 } } }),
    message({ message: { case: "status", value: { round: 2 ** 31 } } }),
    message({
      message: { case: "vote", value: { voteType: 1, voter: address, signature: address } },
    }),
    message({
      message: {
        case: "vote",
        value: { voteType: 1, blockId: address, voter: address, signature: long },
      },
    }),
    message({
      message: { case: "blockResponse", value: { blocks: Array.from({ length: 33 }, () => ({})) } },
    }),
    message({ message: { case: "blockResponse", value: { blocks: [{}] } } }),
    message(toTransactionGossip(new Array(1_025).fill("0x01"))),
  ]) {
    assert.throws(() => fromPeerMessage(wrong, limits), MalformedMessage);
  }
});

test("the start of a height survives the store, with negative priorities", () => {
  const validators = [1, 2].map((i) => ({ address: validator(i), power: 10n ** 24n }));
  const start = { height: 9n, validators, priorities: [-(10n ** 25n), 0n] };
  assert.deepEqual(decodeHeightStart(encodeHeightStart(start)), start);
});
