// Which of the contracts' errors mean "done", "never" and "not yet".

import assert from "node:assert/strict";
import { test } from "node:test";
import { classifyRevert, refusalCode } from "../../src/core/refusals.ts";

const batch = { kind: "batch", subject: 5n } as const;
const epoch = { kind: "epoch", subject: 1n } as const;

test("a batch below the head is done, one above it waits", () => {
  assert.deepEqual(classifyRevert(batch, { name: "IndexMismatch", args: [5n, 6n] }), {
    type: "done",
  });
  const waiting = { type: "notYet", code: "L1_INDEX_MISMATCH" };
  assert.deepEqual(classifyRevert(batch, { name: "IndexMismatch", args: [5n, 4n] }), waiting);
});

test("a batch of an epoch that is not active yet waits, one of a past epoch is refused", () => {
  const waiting = { type: "notYet", code: "L1_EPOCH_NOT_ACTIVE" };
  assert.deepEqual(classifyRevert(batch, { name: "EpochNotActive", args: [2n, 1n] }), waiting);
  const refused = { type: "refused", code: "L1_EPOCH_NOT_ACTIVE" };
  assert.deepEqual(classifyRevert(batch, { name: "EpochNotActive", args: [1n, 2n] }), refused);
});

test("what time or the operator ends is not a refusal", () => {
  for (const name of ["TimestampInFuture", "SenderNotExternal", "UnknownRevert"]) {
    assert.equal(classifyRevert(batch, { name, args: [] }).type, "notYet", name);
  }
});

test("every other error of the contracts refuses the batch", () => {
  for (const name of [
    "ParentHashMismatch",
    "ForcedTransactionOverdue",
    "GroupSignatureInvalid",
    "DataRootMismatch",
  ]) {
    assert.deepEqual(classifyRevert(batch, { name, args: [] }), {
      type: "refused",
      code: refusalCode(name),
    });
  }
});

test("an epoch is done when it is registered, and never refused", () => {
  const registered = { name: "FirstEpochAlreadyRegistered", args: [1n] };
  assert.deepEqual(classifyRevert(epoch, registered), { type: "done" });
  assert.equal(classifyRevert(epoch, { name: "MemberNotEligible", args: ["0x"] }).type, "notYet");
});

test("codes are upper-case identifiers", () => {
  assert.equal(refusalCode("L1BlockHashUnknown"), "L1_L1_BLOCK_HASH_UNKNOWN");
  assert.equal(refusalCode("StfVersionUnsupported"), "L1_STF_VERSION_UNSUPPORTED");
});
