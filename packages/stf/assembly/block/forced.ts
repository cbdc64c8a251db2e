/** Entries of L1's forced queue: taken in order at the start of a block (packages/stf/README.md). */
import {
  takeBytes,
  takeList,
  takenLength,
  takenPayload,
  takenUint64,
  takeUint64,
} from "../codec/rlp-fields.ts";
import { writeUint64 } from "../codec/rlp-writer.ts";
import { emitList, outputStart } from "../entries/output.ts";
import { preimage, takePreimage } from "../host.ts";
import { faultGasLeftTooLow, faultNone, outputSkipped, preimageForcedEntry } from "../interface.ts";
import { allocate } from "../memory/arena.ts";
import { includeTransaction } from "./execute-block.ts";

/** One entry. */
@unmanaged
export class ForcedEntry {
  position: u64;
  /** L1 block of the entry. */
  l1BlockNumber: u64;
  raw: usize;
  rawLength: usize;
  isIncluded: bool;
  next: ForcedEntry;
}

/** Entries that one block consumes at most; the next block goes on. */
const entriesMax: u32 = 512;

const key: usize = memory.data(4);

/** Entries that `runForced` consumed: those included and those skipped. */
export let consumedForced: u32 = 0;
/** Entries that `runForced` included. */
export let includedForced: u32 = 0;

/** Fetches the entries; answers the first, 0 when there is none. */
export function fetchForced(count: u32): ForcedEntry {
  let first = changetype<ForcedEntry>(0);
  for (let index = count; index > 0; index -= 1) {
    const entry = fetchEntry(index - 1);
    entry.next = first;
    first = entry;
  }
  return first;
}

/**
 * Takes entries in order. One that cannot be included is skipped for good; one that would fit an emptier block ends the
 * taking, and is the first of the next block: so no entry waits behind sequenced transactions.
 */
export function runForced(first: ForcedEntry): void {
  consumedForced = 0;
  includedForced = 0;
  for (let entry = first; entry && consumedForced < entriesMax; entry = entry.next) {
    const fault = includeTransaction(entry.raw, entry.rawLength, true, consumedForced);
    if (fault === faultGasLeftTooLow) return;
    entry.isIncluded = fault === faultNone;
    if (entry.isIncluded) includedForced += 1;
    else emitList(outputSkipped, writeUint64(writeUint64(outputStart, entry.position), fault));
    consumedForced += 1;
  }
}

/** [position, L1 block, raw transaction]. */
function fetchEntry(index: u32): ForcedEntry {
  store<u32>(key, index);
  const length = <usize>preimage(preimageForcedEntry, key, 4);
  const rlp = allocate(length);
  takePreimage(rlp);
  const end = rlp + length;
  const entry = changetype<ForcedEntry>(allocate(offsetof<ForcedEntry>()));
  if (takeList(rlp, end) !== end) unreachable();
  let at = takeUint64(takenPayload, end);
  entry.position = takenUint64;
  at = takeUint64(at, end);
  entry.l1BlockNumber = takenUint64;
  if (takeBytes(at, end) !== end) unreachable();
  entry.raw = takenPayload;
  entry.rawLength = takenLength;
  entry.isIncluded = false;
  return entry;
}
