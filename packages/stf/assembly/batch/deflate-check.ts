/**
 * Whether a stream is the one that the batch encoder makes (packages/protocol, deflate.ts): its segments are deflated
 * again, and what would be written is compared with what is there.
 */
import {
  bitsToByte,
  bytesLeft,
  expectBits,
  openBits,
  peekBits,
  reverseBits,
  takeBits,
} from "./bit-reader.ts";
import {
  blockTypeFixed,
  blockTypeStored,
  distanceBase,
  distanceExtraBits,
  distanceIndex,
  endOfBlock,
  lengthBase,
  lengthExtraBits,
  lengthIndex,
  storedBytesMax,
} from "./deflate-codes.ts";
import { findMatch, matchDistance, openMatcher, rememberPosition } from "./match-finder.ts";

/** The code being composed: `codeBits`, first bit lowest, of which there are `codeLength`. */
let codeBits: u64 = 0;
let codeLength: u32 = 0;

/** Stands before the stream that `inflate` accepted; `searchedLength` of its `plain` bytes are compressed segments. */
export function openDeflateCheck(
  data: usize,
  length: usize,
  plain: usize,
  searchedLength: usize,
): void {
  openBits(data, length);
  openMatcher(plain, searchedLength);
}

/** Whether the segment [start, end), not empty, comes next: with fixed codes or stored, whichever is shorter. */
export function isSegmentNext(start: usize, end: usize, isFinal: bool): bool {
  const header = <u64>isFinal | (blockTypeFixed << 1);
  const isFixed = expectBits(header, 3);
  let bits: u64 = 7;
  let position = start;
  while (position < end) {
    const length = findMatch(position, end);
    if (length === 0) composeSymbol(load<u8>(position));
    else composeMatch(length, <u32>matchDistance);
    bits += codeLength;
    if (isFixed && !expectBits(codeBits, codeLength)) return false;
    const next = position + max<i32>(length, 1);
    for (; position < next; position += 1) rememberPosition(position);
  }
  if (bits < storedBits(end - start) !== isFixed) return false;
  return isFixed ? expectBits(0, 7) : isStoredNext(end - start, isFinal);
}

/** Whether stored blocks of together `length` bytes come next. Their bytes are what was inflated. */
export function isStoredNext(length: usize, isFinal: bool): bool {
  while (length > 0) {
    const part = min<usize>(length, storedBytesMax);
    length -= part;
    const header = <u64>(isFinal && length === 0) | (blockTypeStored << 1);
    if (!expectBits(header, 3) || !expectBits(0, bitsToByte())) return false;
    if (!expectBits(part | ((part ^ 0xffff) << 16), 32)) return false;
    if (!takeBits((<u64>part) << 3)) return false;
  }
  return true;
}

/** Whether nothing comes but zero bits up to the next byte. */
export function isEndNext(): bool {
  return bytesLeft() === 0 && peekBits(bitsToByte()) === 0;
}

/** Cost of stored blocks without their alignment, which depends on what stands before them. */
function storedBits(length: usize): u64 {
  return 8 * <u64>length + 32 * <u64>((length + storedBytesMax - 1) / storedBytesMax);
}

function composeMatch(length: u32, distance: u32): void {
  const lengthCode = lengthIndex(length);
  composeSymbol(endOfBlock + 1 + lengthCode);
  compose(length - lengthBase(lengthCode), lengthExtraBits(lengthCode));
  const distanceCode = distanceIndex(distance);
  compose(reverseBits(distanceCode, 5), 5);
  compose(distance - distanceBase(distanceCode), distanceExtraBits(distanceCode));
}

/** Begins a code with a symbol of the fixed literal/length code (RFC 1951, 3.2.6). */
function composeSymbol(symbol: u32): void {
  codeBits = 0;
  codeLength = 0;
  if (symbol < 144) composeCode(0x30 + symbol, 8);
  else if (symbol < 256) composeCode(0x190 + symbol - 144, 9);
  else if (symbol < 280) composeCode(symbol - 256, 7);
  else composeCode(0xc0 + symbol - 280, 8);
}

function composeCode(code: u32, count: u32): void {
  compose(reverseBits(code, count), count);
}

function compose(bits: u32, count: u32): void {
  codeBits |= (<u64>bits) << codeLength;
  codeLength += count;
}
