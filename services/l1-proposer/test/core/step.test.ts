// Tables of steps: the life of a submission, its nonces, fees, turn, reorgs and competitors.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Submission } from "../../src/core/state.ts";
import {
  one,
  txA,
  txB,
  initial,
  bumped,
  batch,
  play,
  receipt,
  seen,
  start,
  statusOf,
  stored,
  signed,
  tick,
  checked,
  prepared,
  broadcast,
  sent,
} from "./situation.ts";

test("P1 a transaction is stored before it is sent, and a batch goes from fresh to final", () => {
  play(start(), [
    { input: signed(one), effects: ["save 1 fresh"] },
    { input: tick(0), effects: ["observe 0"] },
    { input: seen({}), effects: ["check 1"] },
    { input: checked(one), effects: ["prepare 1 nonce 7 fee 22/2"] },
    { input: prepared(one, txA), effects: ["save 1 prepared", "broadcast 0xaa"] },
    { input: broadcast(txA, "accepted"), effects: ["save 1 sent"] },
    { input: tick(12_000), effects: ["observe 1", "broadcast 0xaa"] },
    {
      input: seen({ block: 101n, nonce: 8, headIndex: 1n }, [receipt(txA, 101n)]),
      effects: ["save 1 mined"],
    },
    { input: seen({ block: 108n, nonce: 8, headIndex: 1n }, [receipt(txA, 101n)]), effects: [] },
    {
      input: seen({ block: 109n, nonce: 8, headIndex: 1n }, [receipt(txA, 101n)]),
      effects: ["save 1 final", "final nonce 7"],
    },
  ]);
});

test("P2 a restarted node sends the stored transaction again and makes no second one", () => {
  const transaction = { ...stored(txA, initial), nonce: 7, owner: one.key };
  const submission: Submission = { ...one, status: { type: "prepared", nonce: 7 } };
  play(start({ submissions: [submission], transactions: [transaction] }), [
    { input: tick(0), effects: ["observe 1"] },
    { input: seen({}), effects: ["broadcast 0xaa"] },
    { input: broadcast(txA, "alreadyKnown"), effects: ["save 1 sent"] },
  ]);
});

test("P2 a restarted node whose transaction was mined meanwhile sends nothing", () => {
  const transaction = { ...stored(txA, initial), nonce: 7, owner: one.key };
  const submission: Submission = { ...one, status: { type: "prepared", nonce: 7 } };
  play(start({ submissions: [submission], transactions: [transaction] }), [
    { input: seen({ nonce: 8, headIndex: 1n }, [receipt(txA, 99n)]), effects: ["save 1 mined"] },
  ]);
});

test("P2 a restarted node whose transaction is deep already is done with it at once", () => {
  const transaction = { ...stored(txA, initial), nonce: 7, owner: one.key };
  const submission: Submission = { ...one, status: { type: "prepared", nonce: 7 } };
  play(start({ submissions: [submission], transactions: [transaction] }), [
    {
      input: seen({ nonce: 8, headIndex: 1n }, [receipt(txA, 80n)]),
      effects: ["save 1 final", "final nonce 7"],
    },
    { input: seen({ block: 101n, nonce: 8, headIndex: 1n }), effects: [] },
  ]);
});

test("P2 a nonce that another transaction used up is replaced by a new one, once that is deep", () => {
  const end = play(sent(), [
    { input: seen({ block: 101n, nonce: 8 }), effects: [] },
    { input: seen({ block: 102n, nonce: 8 }), effects: [] },
    {
      input: seen({ block: 103n, nonce: 8 }),
      effects: ["save 1 fresh", "final nonce 7", "alarm FOREIGN_TRANSACTION"],
    },
    { input: tick(40_000), effects: ["observe 0", "check 1"] },
    { input: checked(one), effects: ["prepare 1 nonce 8 fee 22/2"] },
  ]);
  assert.equal(end.nonceFloor, 8);
});

test("P2 a transaction that reverted uses its nonce up", () => {
  play(sent(), [
    {
      input: seen({ block: 101n, nonce: 8 }, [receipt(txA, 101n, false)]),
      effects: ["save 1 fresh"],
    },
    { input: tick(14_000), effects: ["observe 1", "check 1"] },
    { input: checked(one), effects: ["prepare 1 nonce 8 fee 22/2"] },
  ]);
});

test("P3 nonces go up without a gap, above those stored and those of the chain", () => {
  const epoch: Submission = { ...batch(2), key: "epoch:2:0x01", kind: "epoch" };
  play(sent(), [
    { input: signed(epoch), effects: ["save 2 fresh", "check 2"] },
    { input: checked(epoch), effects: ["prepare epoch nonce 8 fee 22/2".replace("epoch", "2")] },
  ]);
});

test("P3 a final nonce that a deep reorg took out is filled", () => {
  const transaction = { ...stored(txA, initial), nonce: 9, owner: one.key };
  const submission: Submission = { ...one, status: { type: "sent", nonce: 9 } };
  play(start({ submissions: [submission], transactions: [transaction], nonceFloor: 9 }), [
    { input: seen({ nonce: 8 }), effects: ["broadcast 0xaa"] },
    { input: tick(9_999), effects: ["observe 1"] },
    {
      input: tick(20_000),
      effects: ["observe 1", "broadcast 0xaa", "prepare cancel nonce 8 fee 22/2"],
    },
  ]);
});

test("P3 a node that has forgotten recent blocks does not get a final nonce used again", () => {
  play(start({ nonceFloor: 9 }), [
    { input: signed(one) },
    { input: seen({ nonce: 7 }), effects: ["check 1"] },
    { input: checked(one), effects: ["prepare 1 nonce 9 fee 22/2"] },
  ]);
});

test("P4 a batch waits for the batch before it", () => {
  const two = batch(2);
  play(start(), [
    { input: signed(one) },
    { input: signed(two), effects: ["save 2 fresh"] },
    { input: seen({}), effects: ["check 1"] },
    { input: seen({ block: 101n, headIndex: 1n }), effects: ["save 1 superseded", "check 2"] },
  ]);
});

test("P6 a fee is raised by 12.5 % on schedule, and never above the cap", () => {
  let state = sent();
  state = play(state, [
    { input: tick(29_000), effects: ["observe 1", "broadcast 0xaa"] },
    { input: tick(30_000), effects: ["observe 1", "prepare 1 nonce 7 fee 25/3"] },
    { input: prepared(one, txB, bumped), effects: ["broadcast 0xbb"] },
    { input: broadcast(txB, "accepted"), effects: [] },
  ]);
  play(state, [
    {
      input: seen({ block: 105n, observedAtMs: 60_000, baseFeeWei: 480n, nonce: 7 }),
      effects: ["broadcast 0xbb", "prepare 1 nonce 7 fee 964/4"],
    },
    { input: prepared(one, "0xcc", { fee: 964n, tip: 4n }), effects: ["broadcast 0xcc"] },
    { input: broadcast("0xcc", "accepted"), effects: [] },
    { input: tick(69_000), effects: ["observe 3"] },
    { input: tick(90_000), effects: ["observe 3", "broadcast 0xcc", "alarm FEE_CAP_REACHED"] },
  ]);
});

test("P6 the receipt of a transaction that was replaced is recognised", () => {
  const state = play(sent(), [
    { input: tick(30_000) },
    { input: prepared(one, txB, bumped) },
    { input: broadcast(txB, "nonceTooLow"), effects: [] },
    {
      input: seen({ block: 103n, nonce: 8, headIndex: 1n }, [receipt(txA, 103n)]),
      effects: ["save 1 mined"],
    },
  ]);
  const status = state.submissions[one.key]?.status;
  assert.equal(status?.type === "mined" && status.txHash, txA);
});

test("P6 an underpriced replacement is raised again at once", () => {
  play(sent(), [
    { input: broadcast(txA, "underpriced"), effects: ["prepare 1 nonce 7 fee 25/3"] },
    { input: prepared(one, txB, bumped), effects: ["broadcast 0xbb"] },
  ]);
});

test("P7 a fallback poster waits for its turn in time and in L1 blocks", () => {
  const third = batch(1, { position: 2 });
  play(start(), [
    { input: signed(third) },
    { input: seen({}), effects: [] },
    { input: tick(12_000), effects: ["observe 0"] },
    { input: seen({ block: 101n, observedAtMs: 12_100 }), effects: [] },
    { input: seen({ block: 102n, observedAtMs: 12_200 }), effects: ["check 1"] },
  ]);
});

test("P7 a fallback poster sends nothing when the batch is on L1 in time", () => {
  const second = batch(1, { position: 1 });
  const end = play(start(), [
    { input: signed(second) },
    { input: seen({}) },
    { input: seen({ block: 101n, headIndex: 1n }), effects: ["save 1 superseded"] },
    { input: seen({ block: 109n, headIndex: 1n }), effects: ["save 1 superseded"] },
  ]);
  assert.equal(statusOf(end, second), undefined);
});

test("P8 a reorg brings the same transaction back", () => {
  play(sent(), [
    {
      input: seen({ block: 101n, nonce: 8, headIndex: 1n }, [receipt(txA, 101n)]),
      effects: ["save 1 mined"],
    },
    { input: seen({ block: 102n }), effects: ["save 1 sent", "broadcast 0xaa"] },
    { input: broadcast(txA, "accepted"), effects: [] },
    {
      input: seen({ block: 103n, nonce: 8, headIndex: 1n }, [receipt(txA, 103n)]),
      effects: ["save 1 mined"],
    },
  ]);
});

test("P8 a reorg that puts another member's transaction in its place cancels ours", () => {
  play(sent(), [
    { input: seen({ block: 101n, nonce: 8, headIndex: 1n }, [receipt(txA, 101n)]) },
    {
      input: seen({ block: 102n, headIndex: 1n }),
      effects: ["save 1 superseded", "prepare cancel nonce 7 fee 25/3"],
    },
  ]);
});

test("a competitor's posting makes our pending transaction a cancelling one, and back when it is reorganised away", () => {
  play(sent(), [
    {
      input: seen({ block: 101n, headIndex: 1n }),
      effects: ["save 1 superseded", "prepare cancel nonce 7 fee 25/3"],
    },
    { input: prepared(one, txB, bumped, true), effects: ["broadcast 0xbb"] },
    { input: broadcast(txB, "accepted"), effects: [] },
    {
      input: seen({ block: 102n, observedAtMs: 13_000 }),
      effects: ["save 1 sent", "prepare 1 nonce 7 fee 29/4"],
    },
  ]);
});

test("a cancelled nonce that is mined after all leaves the batch to a new nonce", () => {
  play(sent(), [
    { input: seen({ block: 101n, headIndex: 1n }) },
    { input: prepared(one, txB, bumped, true) },
    { input: seen({ block: 102n, nonce: 8, headIndex: 1n }, [receipt(txB, 102n)]), effects: [] },
    {
      input: seen({ block: 103n, nonce: 8 }, [receipt(txB, 102n)]),
      effects: ["save 1 fresh", "check 1"],
    },
    { input: checked(one), effects: ["prepare 1 nonce 8 fee 22/2"] },
  ]);
});
