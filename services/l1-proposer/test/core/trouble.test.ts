// Tables of steps: refusals, decisions of the pool, missing data, an L1 that does not answer or falls behind.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { CheckOutcome, Input } from "../../src/core/input.ts";
import {
  one,
  txA,
  batch,
  parameters,
  play,
  receipt,
  seen,
  start,
  statusOf,
  signed,
  tick,
  checked,
  reported,
  checking,
  sent,
} from "./situation.ts";

test("P9 a refusal is reported only when it held for the confirmation depth, until pos-consensus has it", () => {
  const refused: CheckOutcome = { type: "refused", code: "ForcedTransactionOverdue" };
  const end = play(checking(), [
    { input: checked(one, refused), effects: [] },
    { input: tick(1_000), effects: ["observe 0", "check 1"] },
    { input: checked(one, refused), effects: [] },
    { input: seen({ block: 102n }), effects: ["check 1"] },
    {
      input: checked(one, refused),
      effects: ["save 1 failed", "report ForcedTransactionOverdue", "alarm SUBMISSION_FAILED"],
    },
    { input: reported(one, false), effects: [] },
    { input: tick(26_000), effects: ["observe 0", "report ForcedTransactionOverdue"] },
    { input: reported(one, true), effects: ["save 1 failed", "clear SUBMISSION_FAILED"] },
  ]);
  assert.equal(statusOf(end, one), undefined);
});

test("P9 a refusal that a reorg ended is forgotten", () => {
  const refused: CheckOutcome = { type: "refused", code: "OriginHashMismatch" };
  play(checking(), [
    { input: checked(one, refused) },
    { input: seen({ block: 103n }), effects: ["check 1"] },
    { input: checked(one), effects: ["prepare 1 nonce 7 fee 22/2"] },
  ]);
});

test("a check that finds the batch on L1 marks it superseded", () => {
  play(checking(), [{ input: checked(one, { type: "done" }), effects: ["save 1 superseded"] }]);
});

test("data that is missing is asked for again with growing delays", () => {
  const missing: CheckOutcome = { type: "notYet", code: "DATA_UNAVAILABLE" };
  play(checking(), [
    { input: checked(one, missing), effects: [] },
    { input: tick(999), effects: ["observe 0"] },
    { input: tick(1_000), effects: ["observe 0", "check 1"] },
    { input: checked(one, missing), effects: [] },
    { input: tick(2_999), effects: ["observe 0"] },
    { input: tick(3_000), effects: ["observe 0", "check 1"] },
  ]);
});

test("a newer attempt replaces an older one, whose nonce is used up", () => {
  const second = batch(1, { attempt: 1 });
  play(sent(), [
    {
      input: signed(second),
      effects: ["save 1 failed", "save 1 fresh", "prepare cancel nonce 7 fee 25/3"],
    },
  ]);
});

test("an attempt that the pool gave up is not sent", () => {
  const voided: Input = { type: "submissionVoided", subject: 1n, attempt: 0 };
  const end = play(checking(), [
    { input: voided, effects: ["save 1 failed"] },
    { input: checked(one), effects: [] },
  ]);
  assert.equal(statusOf(end, one), undefined);
});

test("what 2/3 of the pool saw on L1 is done, whatever our node says", () => {
  const end = play(start(), [
    { input: signed(one) },
    {
      input: { type: "submissionConfirmed", kind: "batch", subject: 1n, txHash: "0xff" },
      effects: ["save 1 superseded"],
    },
    { input: seen({}), effects: [] },
  ]);
  assert.equal(statusOf(end, one), undefined);
});

test("our own transaction seen by the pool waits for its receipt", () => {
  const confirmed: Input = { type: "submissionConfirmed", kind: "batch", subject: 1n, txHash: txA };
  assert.equal(statusOf(play(sent(), [{ input: confirmed, effects: [] }]), one), "sent");
});

test("nothing is sent while L1 does not answer, and the alarm comes after a while", () => {
  play(start(), [
    { input: signed(one) },
    { input: { type: "l1Unavailable", atMs: 0 }, effects: [] },
    { input: { type: "l1Unavailable", atMs: 20_000 }, effects: ["alarm L1_UNAVAILABLE"] },
    { input: seen({ block: 102n }), effects: ["check 1", "clear L1_UNAVAILABLE"] },
  ]);
});

test("a node that falls behind is not believed, until it stays so", () => {
  const mined = play(sent(), [
    {
      input: seen({ block: 103n, nonce: 8, headIndex: 1n }, [receipt(txA, 103n)]),
      effects: ["save 1 mined"],
    },
  ]);
  play(mined, [
    { input: seen({ block: 102n, observedAtMs: 37_000 }), effects: [] },
    { input: seen({ block: 102n, observedAtMs: 57_000 }), effects: ["alarm L1_BEHIND"] },
    {
      input: seen({ block: 102n, observedAtMs: 97_000 }),
      effects: ["save 1 sent", "broadcast 0xaa", "clear L1_BEHIND"],
    },
  ]);
});

test("a low balance raises an alarm and nothing that cannot be paid is signed", () => {
  play(start(), [
    { input: signed(one) },
    { input: seen({ balanceWei: 10n }), effects: ["check 1", "alarm LOW_BALANCE"] },
    { input: checked(one), effects: [] },
    { input: seen({ block: 101n }), effects: ["check 1", "clear LOW_BALANCE"] },
    { input: checked(one), effects: ["prepare 1 nonce 7 fee 22/2"] },
  ]);
});

test("a failed preparation leaves the nonce free", () => {
  play(checking(), [
    { input: checked(one), effects: ["prepare 1 nonce 7 fee 22/2"] },
    { input: { type: "preparationFailed", nonce: 7 }, effects: [] },
    { input: tick(parameters.retryAfterMs), effects: ["observe 0", "check 1"] },
    { input: checked(one), effects: ["prepare 1 nonce 7 fee 22/2"] },
  ]);
});

test("an observation that was asked before a transaction was stored says nothing", () => {
  const late: Input = {
    type: "l1Observed",
    view: { ...viewOf(seen({ headIndex: 1n, nonce: 8 })) },
    hashes: [],
    receipts: [],
  };
  assert.equal(statusOf(play(sent(), [{ input: late, effects: [] }]), one), "sent");
});

function viewOf(input: Input) {
  assert.ok(input.type === "l1Observed");
  return input.view;
}
