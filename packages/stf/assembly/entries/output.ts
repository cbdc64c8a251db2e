/**
 * Outputs: RLP lists, built in the region of the return data, which nobody needs between messages, and handed out at
 * once. Nothing that is written may lie in that region.
 */
import { listHeaderSize, writeListHeader, writeUint64 } from "../codec/rlp-writer.ts";
import { emit } from "../host.ts";
import { exitNotIncludable, outputFault } from "../interface.ts";
import { arenaRegion, returnDataRegion } from "../memory/layout.ts";

/** Room for the header of the list, which is written when its length is known. */
const headerBytesMax: usize = 9;

/** Where the first item of an output goes. */
export const outputStart: usize = returnDataRegion + headerBytesMax;

/** Hands out the list whose items are from `outputStart` to `end`. */
export function emitList(kind: i32, end: usize): void {
  if (end > arenaRegion) unreachable();
  const length = end - outputStart;
  const start = outputStart - listHeaderSize(length);
  writeListHeader(start, length);
  emit(kind, start, end - start);
}

/** The run ends because of the inputs as a whole. */
export function endWithFault(fault: i32): i32 {
  emitList(outputFault, writeUint64(outputStart, fault));
  return exitNotIncludable;
}

/** The run ends because of the transaction of this index. */
export function endWithTransactionFault(fault: i32, index: u64): i32 {
  emitList(outputFault, writeUint64(writeUint64(outputStart, fault), index));
  return exitNotIncludable;
}
