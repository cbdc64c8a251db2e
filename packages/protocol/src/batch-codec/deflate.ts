/**
 * Deterministic DEFLATE encoder (RFC 1951): equal input gives equal bytes on every machine.
 * Its choices are part of the batch format, so they are few: greedy LZ77 over hash chains, one
 * block a segment, fixed Huffman codes or stored, whichever is shorter. Integers only.
 */
import type { BitWriter } from "./bit-writer.ts";
import {
  alignToByte,
  finishedBytes,
  newBitWriter,
  writeBits,
  writeBytes,
  writeCode,
} from "./bit-writer.ts";
import {
  at,
  blockTypeFixed,
  blockTypeStored,
  codeIndex,
  distanceBase,
  distanceExtraBits,
  endOfBlock,
  lengthBase,
  lengthExtraBits,
  matchBytesMax,
  storedBytesMax,
  windowBytes,
} from "./deflate-tables.ts";
import { joinedBytes } from "./joined-bytes.ts";

/** Candidates tried for one match, newest first. */
const chainLengthMax = 32;
const hashBits = 15;
const matchBytesMin = 3;
/** A match of three bytes from farther away costs more bits than three literals. */
const shortMatchDistanceMax = 4_096;

/** What LZ77 found: a literal (`length` 0, `value` the byte) or a match (`value` the distance). */
type Tokens = {
  readonly lengths: Int32Array;
  readonly values: Int32Array;
  readonly count: number;
  readonly bits: number;
};
type Matcher = {
  readonly data: Uint8Array;
  readonly head: Int32Array;
  readonly previous: Int32Array;
};

const empty = new Uint8Array(0);

/**
 * One raw DEFLATE stream of the segments in order, then of `tail`, which is known not to compress and is stored
 * without a search. An empty segment writes no block.
 */
export function deflate(segments: readonly Uint8Array[], tail: Uint8Array = empty): Uint8Array {
  const written = segments.filter((segment) => segment.length > 0);
  if (written.length === 0 && tail.length === 0) return Uint8Array.of(0x03, 0x00);
  const data = joinedBytes(written);
  const matcher = {
    data,
    head: new Int32Array(1 << hashBits).fill(-1),
    previous: new Int32Array(data.length),
  };
  const writer = newBitWriter(data.length + tail.length + 64);
  let start = 0;
  for (const [index, segment] of written.entries()) {
    const end = start + segment.length;
    const final = index === written.length - 1 && tail.length === 0 ? 1 : 0;
    const tokens = findTokens(matcher, start, end);
    if (tokens.bits < storedBits(segment.length)) writeFixedBlock(writer, tokens, final);
    else writeStoredBlocks(writer, segment, final);
    start = end;
  }
  writeStoredBlocks(writer, tail, 1);
  return finishedBytes(writer);
}

/** LZ77 over [start, end): a match may begin in an earlier segment, never run past the end. */
function findTokens(matcher: Matcher, start: number, end: number): Tokens {
  const lengths = new Int32Array(end - start);
  const values = new Int32Array(end - start);
  let count = 0;
  let bits = 0;
  let position = start;
  while (position < end) {
    const { length, distance } = longestMatch(matcher, position, end);
    lengths[count] = length;
    values[count] = length === 0 ? at(matcher.data, position) : distance;
    bits += length === 0 ? literalBits(at(matcher.data, position)) : matchBits(length, distance);
    count += 1;
    const next = position + Math.max(length, 1);
    for (; position < next; position += 1) remember(matcher, position);
  }
  return { lengths, values, count, bits: bits + 7 };
}

/** Longest earlier occurrence of the bytes at `position`; of equal ones the nearest. */
function longestMatch(
  matcher: Matcher,
  position: number,
  end: number,
): { length: number; distance: number } {
  const { data, head, previous } = matcher;
  const limit = Math.min(matchBytesMax, end - position);
  let best = { length: 0, distance: 0 };
  if (limit < matchBytesMin) return best;
  let candidate = at(head, hashAt(data, position));
  for (let tries = 0; tries < chainLengthMax && candidate >= 0; tries += 1) {
    const distance = position - candidate;
    if (distance > windowBytes) break;
    let length = 0;
    while (length < limit && data[candidate + length] === data[position + length]) length += 1;
    const worthIt =
      length > matchBytesMin || (length === matchBytesMin && distance <= shortMatchDistanceMax);
    if (worthIt && length > best.length) best = { length, distance };
    if (length === limit) break;
    candidate = at(previous, candidate);
  }
  return best;
}

function remember(matcher: Matcher, position: number): void {
  if (position + matchBytesMin > matcher.data.length) return;
  const hash = hashAt(matcher.data, position);
  matcher.previous[position] = at(matcher.head, hash);
  matcher.head[hash] = position;
}

function hashAt(data: Uint8Array, position: number): number {
  const three = (at(data, position) << 16) | (at(data, position + 1) << 8) | at(data, position + 2);
  return Math.imul(three, 0x9e3779b1) >>> (32 - hashBits);
}

function literalBits(byte: number): number {
  return byte < 144 ? 8 : 9;
}

function matchBits(length: number, distance: number): number {
  const lengthIndex = codeIndex(lengthBase, length);
  const lengthCodeBits = lengthIndex < 23 ? 7 : 8;
  const distanceExtra = at(distanceExtraBits, codeIndex(distanceBase, distance));
  return lengthCodeBits + at(lengthExtraBits, lengthIndex) + 5 + distanceExtra;
}

/** Cost of stored blocks without their alignment, which depends on what stands before them. */
function storedBits(length: number): number {
  return 8 * length + 32 * Math.ceil(length / storedBytesMax);
}

function writeFixedBlock(writer: BitWriter, tokens: Tokens, final: number): void {
  writeBits(writer, final | (blockTypeFixed << 1), 3);
  for (let index = 0; index < tokens.count; index += 1) {
    const length = at(tokens.lengths, index);
    if (length === 0) writeSymbol(writer, at(tokens.values, index));
    else writeMatch(writer, length, at(tokens.values, index));
  }
  writeSymbol(writer, endOfBlock);
}

function writeMatch(writer: BitWriter, length: number, distance: number): void {
  const lengthIndex = codeIndex(lengthBase, length);
  writeSymbol(writer, 257 + lengthIndex);
  writeBits(writer, length - at(lengthBase, lengthIndex), at(lengthExtraBits, lengthIndex));
  const distanceIndex = codeIndex(distanceBase, distance);
  writeCode(writer, distanceIndex, 5);
  writeBits(
    writer,
    distance - at(distanceBase, distanceIndex),
    at(distanceExtraBits, distanceIndex),
  );
}

/** RFC 1951, 3.2.6: the fixed literal/length code. */
function writeSymbol(writer: BitWriter, symbol: number): void {
  if (symbol < 144) writeCode(writer, 0x30 + symbol, 8);
  else if (symbol < 256) writeCode(writer, 0x190 + symbol - 144, 9);
  else if (symbol < 280) writeCode(writer, symbol - 256, 7);
  else writeCode(writer, 0xc0 + symbol - 280, 8);
}

function writeStoredBlocks(writer: BitWriter, segment: Uint8Array, final: number): void {
  for (let start = 0; start < segment.length; start += storedBytesMax) {
    const part = segment.subarray(start, start + storedBytesMax);
    const isLast = start + part.length === segment.length;
    writeBits(writer, (isLast ? final : 0) | (blockTypeStored << 1), 3);
    alignToByte(writer);
    writeBits(writer, part.length, 16);
    writeBits(writer, part.length ^ 0xffff, 16);
    writeBytes(writer, part);
  }
}
