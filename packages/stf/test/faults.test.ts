import assert from "node:assert/strict";
import { test } from "node:test";
import * as codes from "../assembly/interface.ts";
import { batchFault, blockFault, faultNames, haltNames, transactionFault } from "../src/faults.ts";

/** Codes by name of the exports that begin with `prefix`, without 0. */
function codesOf(prefix: string): readonly (readonly [name: string, code: number])[] {
  return Object.entries(codes)
    .filter(([name, code]) => name.startsWith(prefix) && code !== 0)
    .map(([name, code]) => [name.slice(prefix.length), code] as const);
}

test("every fault of the module has its name here, and no name is left over", () => {
  const faults = codesOf("fault");
  for (const [name, code] of faults) {
    const expected = name.replace(/(?<=.)[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
    assert.equal(faultNames[code - 1], expected);
  }
  assert.equal(faults.length, faultNames.length);
});

test("every way a message ends has its words here, and no words are left over", () => {
  const halts = codesOf("halt").toSorted(([, a], [, b]) => a - b);
  assert.deepEqual(
    halts.map(([, code]) => code),
    haltNames.map((_, i) => i + 1),
  );
});

test("faults of transactions, blocks and batches are told apart", () => {
  assert.equal(transactionFault(codes.faultSenderNotEoa), "SENDER_NOT_EOA");
  assert.equal(blockFault(codes.faultMalformed), "MALFORMED");
  assert.equal(blockFault(codes.faultQueueGap), "QUEUE_GAP");
  assert.equal(batchFault(codes.faultStreamTruncated), "STREAM_TRUNCATED");
  assert.equal(batchFault(codes.faultBlockNotInBatch), "BLOCK_NOT_IN_BATCH");
  assert.throws(() => transactionFault(codes.faultQueueGap));
  assert.throws(() => blockFault(codes.faultStreamTruncated));
  assert.throws(() => batchFault(codes.faultQueueGap));
  assert.throws(() => blockFault(codes.faultNone));
});
