/**
 * LZ77 as the batch encoder does it (packages/protocol, deflate.ts): greedy, over hash chains. Its choices are part of
 * the batch format, so every constant here is.
 */
import { allocate, allocateZeroed } from "../memory/arena.ts";
import { matchBytesMax } from "./deflate-codes.ts";

/** Matches reach at most this far back, bytes (RFC 1951, 3.2.1). */
const windowBytes: usize = 32_768;
/** Candidates tried for one match, newest first. */
const chainLengthMax: i32 = 32;
const hashBits: u32 = 15;
const matchBytesMin: i32 = 3;
/** A match of three bytes from farther away costs more bits than three literals. */
const shortMatchDistanceMax: usize = 4_096;

const pointerBytes: usize = sizeof<usize>();

let data: usize = 0;
/** By hash: the newest position, or 0. */
let heads: usize = 0;
/** By position: the one before with the same hash, or 0. */
let previous: usize = 0;

/** Distance of the last match found. */
export let matchDistance: usize = 0;

/** Starts over with the `length` bytes at `start`; nothing is remembered yet. */
export function openMatcher(start: usize, length: usize): void {
  data = start;
  heads = allocateZeroed(pointerBytes << hashBits);
  previous = allocate(pointerBytes * length);
  matchDistance = 0;
}

/**
 * Length of the longest earlier occurrence of the bytes at `position`, of equal ones the nearest; 0 when there is none
 * worth a match. It does not run past `end`.
 */
export function findMatch(position: usize, end: usize): i32 {
  const limit = <i32>min<usize>(matchBytesMax, end - position);
  let best = 0;
  if (limit < matchBytesMin) return best;
  let candidate = load<usize>(headOf(position));
  for (let tries = 0; tries < chainLengthMax && candidate !== 0; tries += 1) {
    const distance = position - candidate;
    if (distance > windowBytes) break;
    // A candidate that differs where the best one ended is no longer than it.
    if (load<u8>(candidate + best) === load<u8>(position + best)) {
      const length = equalLength(candidate, position, limit);
      if (length > best && isWorthIt(length, distance)) {
        best = length;
        matchDistance = distance;
      }
      if (length === limit) break;
    }
    candidate = load<usize>(previousOf(candidate));
  }
  return best;
}

/** Makes `position` a candidate of later matches. The last two are never asked for, so what follows them is no matter. */
export function rememberPosition(position: usize): void {
  const head = headOf(position);
  store<usize>(previousOf(position), load<usize>(head));
  store<usize>(head, position);
}

function isWorthIt(length: i32, distance: usize): bool {
  return length > matchBytesMin || (length === matchBytesMin && distance <= shortMatchDistanceMax);
}

function headOf(position: usize): usize {
  const three = bswap<u32>(load<u32>(position)) >> 8;
  return heads + pointerBytes * ((three * 0x9e3779b1) >> (32 - hashBits));
}

function previousOf(position: usize): usize {
  return previous + pointerBytes * (position - data);
}

function equalLength(a: usize, b: usize, limit: i32): i32 {
  let length = 0;
  while (length + 8 <= limit) {
    const difference = load<u64>(a + length) ^ load<u64>(b + length);
    if (difference !== 0) return length + (<i32>ctz<u64>(difference) >> 3);
    length += 8;
  }
  while (length < limit && load<u8>(a + length) === load<u8>(b + length)) length += 1;
  return length;
}
