/** Hashes of the block's ancestors, for BLOCKHASH: each header names its parent, so one is asked for after the other, once. */
import { takeFixed, takeList, takenPayload } from "../codec/rlp-fields.ts";
import { preimage, takePreimage } from "../host.ts";
import { preimageKeccak } from "../interface.ts";
import { allocate } from "../memory/arena.ts";
import { copy32 } from "../memory/bytes.ts";

/** BLOCKHASH reaches no further back. */
const depthMax: u64 = 256;

/** Pointers to the hashes that are known, newest first. */
const hashes: usize = memory.data(1_024);
let known: u64 = 0;
/** Number of the newest. */
let newest: u64 = 0;
/** Whether headers may be asked for. */
let isWalkable: bool = false;

/** Starts with the parent's hash; the rest is found by its header and those before. */
export function setParent(hash: usize, number: u64): void {
  store<usize>(hashes, hash);
  known = 1;
  newest = number;
  isWalkable = true;
}

/** Starts with a list of hashes of 32 bytes (RLP strings from `at` to `end`), newest first, and no others. */
export function setAncestors(at: usize, end: usize, number: u64): void {
  newest = number;
  isWalkable = false;
  for (known = 0; at < end && known < depthMax; known += 1) {
    at = takeFixed(at, end, 32);
    if (at === 0) unreachable();
    store<usize>(hashes + <usize>known * sizeof<usize>(), takenPayload);
  }
}

/** Writes the hash of the block with this number to `out`; false when it is none of the last 256. */
export function ancestorHash(number: u64, out: usize): bool {
  if (number > newest || newest - number >= depthMax) return false;
  const depth = newest - number;
  if (depth >= known && !isWalkable) return false;
  while (depth >= known) findNext();
  copy32(out, load<usize>(hashes + <usize>depth * sizeof<usize>()));
  return true;
}

/** The parent's hash is the first field of the header of the oldest block that is known. */
function findNext(): void {
  const slot = hashes + <usize>known * sizeof<usize>();
  const length = <usize>preimage(preimageKeccak, load<usize>(slot - sizeof<usize>()), 32);
  const header = allocate(length);
  takePreimage(header);
  takeList(header, header + length);
  if (takeFixed(takenPayload, header + length, 32) === 0) unreachable();
  store<usize>(slot, takenPayload);
  known += 1;
}
