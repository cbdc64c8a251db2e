/** Compares a header with the blocks that its data gives when re-executed. */
import type { BatchHeader, BatchHeaderField, Hex } from "@sequorum/protocol";
import { assert, merkleRoot } from "@sequorum/protocol";
import type { Alarm } from "./alarm.ts";
import type { DerivedBlock } from "./state.ts";

/** The first field that differs, as an alarm; undefined when the header says what the blocks say. */
export function checkExecuted(
  header: BatchHeader,
  derived: readonly DerivedBlock[],
): Alarm | undefined {
  const last = derived.at(-1);
  assert(last !== undefined, "a batch has blocks", { index: header.index });
  const expected: readonly (readonly [BatchHeaderField, bigint | Hex])[] = [
    ["lastBlock", last.height],
    ["postStateRoot", last.stateRoot],
    ["lastBlockHash", last.hash],
    ["blockRoot", merkleRoot(derived.map(({ hash }) => hash))],
    ["queueTo", last.queuePosition],
    ["l1OriginNumber", last.l1OriginNumber],
    ["l1OriginHash", last.l1OriginHash],
    ["timestamp", last.timestamp],
  ];
  for (const [field, value] of expected) {
    if (header[field] === value) continue;
    const isOneBlock = field !== "blockRoot";
    return {
      batchIndex: header.index,
      code: "FIELD_DIFFERS",
      field,
      height: isOneBlock ? last.height : null,
      detail: `posted ${header[field]}, derived ${value}`,
    };
  }
  return undefined;
}
