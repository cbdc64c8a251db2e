import assert from "node:assert/strict";
import { test } from "node:test";
import type { BatchHeader } from "@sequorum/protocol";
import { bytesToHex, encodeBatch, hexToBytes } from "@sequorum/protocol";
import type { Alarm } from "../../src/core/alarm.ts";
import type { Effect } from "../../src/core/effect.ts";
import type { Submission } from "../../src/core/state.ts";
import { step } from "../../src/core/step.ts";
import { prove } from "../pool-keys.ts";
import { genesisTip, initialTestState, makeBlocks, makeSubmission, run } from "./fixtures.ts";

const submitted = (submission: Submission) => ({ type: "batchSubmitted", submission }) as const;

function alarmOf(submission: Submission): Alarm {
  const { effects } = run(initialTestState(), [submitted(submission)]);
  const [effect] = effects;
  assert.ok(effect?.type === "raiseAlarm", `${effect?.type}`);
  assert.equal(effects.length, 1);
  return effect.alarm;
}

function typesOf(effects: readonly Effect[]): string[] {
  return effects.map(({ type }) => type);
}

test("C1 right batches are verified one after another", () => {
  const first = run(initialTestState(), [submitted(makeSubmission(genesisTip, 3))]);
  assert.deepEqual(typesOf(first.effects), ["recordVerified"]);
  assert.deepEqual(
    [first.state.tip.batchIndex, first.state.tip.height, first.state.tip.queuePosition],
    [1n, 3n, 1n],
  );
  const second = run(first.state, [submitted(makeSubmission(first.state.tip, 2))]);
  assert.deepEqual(typesOf(second.effects), ["recordVerified"]);
  assert.equal(second.state.tip.height, 5n);
});

test("blocks are executed in order, each on the one before", () => {
  const submission = makeSubmission(genesisTip, 2);
  const checked = step(initialTestState(), submitted(submission));
  assert.deepEqual(checked.effects, [{ type: "decodeData", data: submission.calldata?.data }]);
  const blocks = makeBlocks(genesisTip, 2);
  const [effect] = step(checked.state, { type: "dataDecoded", blocks }).effects;
  assert.ok(effect?.type === "executeBlock" && effect.parentHash === genesisTip.blockHash);
  assert.equal(effect.parentOriginNumber, 0n);
});

const wrongHeaders: readonly [Partial<BatchHeader>, Alarm["code"], Alarm["field"]][] = [
  [{ version: 2 }, "HEADER_MALFORMED", null],
  [{ stfVersion: 2 }, "HEADER_MALFORMED", null],
  [{ chainId: 778n }, "HEADER_MALFORMED", null],
  [{ daKind: 2 }, "HEADER_MALFORMED", null],
  [{ index: 2n, parentHash: `0x${"01".repeat(32)}` }, "HEADER_NOT_LINKED", "index"],
  [{ firstBlock: 2n }, "HEADER_NOT_LINKED", "firstBlock"],
  [{ parentBlockHash: `0x${"01".repeat(32)}` }, "HEADER_NOT_LINKED", "parentBlockHash"],
  [{ queueFrom: 1n }, "HEADER_NOT_LINKED", "queueFrom"],
  [{ daSize: 5 }, "DATA_COMMITMENT_DIFFERS", "daSize"],
  [{ daRoot: `0x${"01".repeat(32)}` }, "DATA_COMMITMENT_DIFFERS", "daRoot"],
  [{ epoch: 2n }, "PROOF_INVALID", null],
  [{ lastBlock: 4n }, "BLOCK_COUNT_DIFFERS", "lastBlock"],
  [{ postStateRoot: `0x${"01".repeat(32)}` }, "FIELD_DIFFERS", "postStateRoot"],
  [{ lastBlockHash: `0x${"01".repeat(32)}` }, "FIELD_DIFFERS", "lastBlockHash"],
  [{ blockRoot: `0x${"01".repeat(32)}` }, "FIELD_DIFFERS", "blockRoot"],
  [{ queueTo: 0n }, "FIELD_DIFFERS", "queueTo"],
  [{ l1OriginNumber: 11n }, "FIELD_DIFFERS", "l1OriginNumber"],
  [{ l1OriginHash: `0x${"01".repeat(32)}` }, "FIELD_DIFFERS", "l1OriginHash"],
  [{ timestamp: 1_800_000_004n }, "FIELD_DIFFERS", "timestamp"],
];
for (const [header, code, field] of wrongHeaders) {
  test(`C1 a batch that the whole pool signed with a wrong ${Object.keys(header)[0]} raises ${code}`, () => {
    const alarm = alarmOf(makeSubmission(genesisTip, 3, { header }));
    assert.deepEqual([alarm.code, alarm.field], [code, field]);
  });
}

test("C1 data that is not canonical raises an alarm even when its commitment is right", () => {
  const data = encodeBatch(makeBlocks(genesisTip, 3));
  const alarm = alarmOf(makeSubmission(genesisTip, 3, { data: Uint8Array.of(...data, 0) }));
  assert.deepEqual([alarm.code, alarm.detail], ["DATA_NOT_DECODABLE", "STREAM_TRAILING_BYTES"]);
});

test("C1 every single-byte change of the data raises an alarm", () => {
  const data = encodeBatch(makeBlocks(genesisTip, 3));
  for (let position = 0; position < data.length; position += 1) {
    const changed = Uint8Array.from(data);
    changed[position] = (changed[position] ?? 0) ^ 1;
    const { header, ...submission } = makeSubmission(genesisTip, 3);
    const calldata = { header, data: changed, proof: submission.calldata?.proof ?? "0x" };
    assert.equal(
      alarmOf({ ...submission, header, calldata }).code,
      "DATA_COMMITMENT_DIFFERS",
      `byte ${position}`,
    );
  }
});

test("C2 every single-byte change of the proof raises an alarm", () => {
  const submission = makeSubmission(genesisTip, 1);
  const proof = hexToBytes(submission.calldata?.proof ?? "0x");
  for (let position = 0; position < proof.length; position += 5) {
    const changed = Uint8Array.from(proof);
    changed[position] = (changed[position] ?? 0) ^ 1;
    const { header, calldata } = submission;
    assert.ok(calldata !== null);
    const alarm = alarmOf({
      ...submission,
      header,
      calldata: { ...calldata, proof: bytesToHex(changed) },
    });
    assert.equal(alarm.code, "PROOF_INVALID", `byte ${position}`);
  }
});

test("C2 a proof by fewer than two thirds raises an alarm", () => {
  assert.equal(alarmOf(makeSubmission(genesisTip, 1, { endorsers: [1] })).code, "PROOF_INVALID");
  const two = run(initialTestState(), [
    submitted(makeSubmission(genesisTip, 1, { endorsers: [0, 2] })),
  ]);
  assert.deepEqual(typesOf(two.effects), ["recordVerified"]);
});

test("C2 a proof over another digest raises an alarm", () => {
  const submission = makeSubmission(genesisTip, 1);
  const { calldata } = submission;
  assert.ok(calldata !== null);
  const alarm = alarmOf({
    ...submission,
    calldata: { ...calldata, proof: prove(`0x${"05".repeat(32)}`) },
  });
  assert.equal(alarm.code, "PROOF_INVALID");
});

test("an event without the calldata of a direct call, or that contradicts it, raises an alarm", () => {
  const submission = makeSubmission(genesisTip, 1);
  assert.equal(alarmOf({ ...submission, calldata: null }).code, "CALLDATA_NOT_FOUND");
  const other = { ...submission.header, epoch: 5n };
  assert.equal(alarmOf({ ...submission, header: other }).code, "EVENT_CONTRADICTS_CALLDATA");
  assert.equal(
    alarmOf({ ...submission, batchHash: `0x${"05".repeat(32)}` }).code,
    "EVENT_CONTRADICTS_CALLDATA",
  );
});

test("a block that cannot be included raises an alarm with its height", () => {
  const started = step(initialTestState(), submitted(makeSubmission(genesisTip, 3)));
  const { effects } = step(started.state, {
    type: "blockNotIncludable",
    reason: "NONCE_TOO_LOW in transaction 0",
  });
  const [effect] = effects;
  assert.ok(effect?.type === "raiseAlarm");
  assert.deepEqual([effect.alarm.code, effect.alarm.height], ["BLOCK_NOT_INCLUDABLE", 1n]);
});

test("C3 nothing after a wrong batch is called verified, until L1 voids it", () => {
  const good = run(initialTestState(), [submitted(makeSubmission(genesisTip, 2))]);
  const bad = makeSubmission(good.state.tip, 1, {
    header: { postStateRoot: `0x${"01".repeat(32)}` },
  });
  const wrong = run(good.state, [submitted(bad)]);
  assert.equal(wrong.state.wrongBatch, 2n);
  const later = run(wrong.state, [submitted(makeSubmission(wrong.state.tip, 1))]);
  assert.deepEqual(typesOf(later.effects), ["recordUnverified"]);
  const voided = run(later.state, [
    { type: "batchesInvalidated", fromIndex: 2n, tip: good.state.tip },
  ]);
  assert.deepEqual(typesOf(voided.effects), ["recordVoid"]);
  const again = run(voided.state, [submitted(makeSubmission(voided.state.tip, 1))]);
  assert.deepEqual(typesOf(again.effects), ["recordVerified"]);
});

test("C4 a void batch takes its blocks out of the verified chain", () => {
  const one = run(initialTestState(), [submitted(makeSubmission(genesisTip, 2))]);
  const two = run(one.state, [submitted(makeSubmission(one.state.tip, 2))]);
  const back = run(two.state, [{ type: "batchesInvalidated", fromIndex: 2n, tip: one.state.tip }]);
  assert.deepEqual(back.state.tip, one.state.tip);
});
