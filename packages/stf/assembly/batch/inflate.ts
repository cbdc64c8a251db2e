/**
 * Strict DEFLATE decoder (RFC 1951) for what the batch encoder writes: stored and fixed-Huffman blocks. Output never
 * exceeds its bound, and nothing may follow the final block.
 */
import {
  faultStreamMalformed,
  faultStreamTooLong,
  faultStreamTrailingBytes,
  faultStreamTruncated,
} from "../interface.ts";
import { copyBytes } from "../memory/bytes.ts";
import {
  bitsToByte,
  bytePointer,
  bytesLeft,
  openBits,
  peekBits,
  reverseBits,
  takeBits,
} from "./bit-reader.ts";
import {
  blockTypeFixed,
  blockTypeStored,
  distanceBase,
  distanceCodes,
  distanceExtraBits,
  endOfBlock,
  lengthBase,
  lengthCodes,
  lengthExtraBits,
} from "./deflate-codes.ts";

/** The first fault; it sticks. */
let fault: i32 = 0;
let output: usize = 0;
let outputTop: usize = 0;
let outputEnd: usize = 0;

/** Writes the plain bytes of a stream to `destination`, at most `lengthMax`. Answers the fault or 0. */
export function inflate(data: usize, length: usize, destination: usize, lengthMax: usize): i32 {
  openBits(data, length);
  fault = 0;
  output = destination;
  outputTop = destination;
  outputEnd = destination + lengthMax;
  let isFinal = false;
  while (!isFinal && fault === 0) {
    isFinal = readBits(1) !== 0;
    const blockType = readBits(2);
    if (fault !== 0) break;
    if (blockType === blockTypeStored) readStoredBlock();
    else if (blockType === blockTypeFixed) readFixedBlock();
    else fail(faultStreamMalformed);
  }
  if (bytesLeft() !== 0) fail(faultStreamTrailingBytes);
  return fault;
}

/** How many bytes `inflate` wrote. */
export function inflatedLength(): usize {
  return outputTop - output;
}

function readStoredBlock(): void {
  readBits(bitsToByte());
  const length: usize = readBits(16);
  const complement = readBits(16);
  if (fault !== 0) return;
  if (length !== (complement ^ 0xffff)) return fail(faultStreamMalformed);
  if (length > bytesLeft()) return fail(faultStreamTruncated);
  if (length > outputEnd - outputTop) return fail(faultStreamTooLong);
  copyBytes(outputTop, bytePointer(), length);
  outputTop += length;
  takeBits((<u64>length) << 3);
}

function readFixedBlock(): void {
  while (fault === 0) {
    const symbol = readFixedSymbol();
    if (fault !== 0 || symbol === endOfBlock) return;
    if (symbol > endOfBlock) copyMatch(symbol - 257);
    else if (outputTop === outputEnd) fail(faultStreamTooLong);
    else {
      store<u8>(outputTop, symbol);
      outputTop += 1;
    }
  }
}

function copyMatch(lengthIndex: u32): void {
  if (lengthIndex >= lengthCodes) return fail(faultStreamMalformed);
  const length: usize = lengthBase(lengthIndex) + readBits(lengthExtraBits(lengthIndex));
  const distanceIndex = reverseBits(readBits(5), 5);
  if (distanceIndex >= distanceCodes) return fail(faultStreamMalformed);
  const distance: usize = distanceBase(distanceIndex) + readBits(distanceExtraBits(distanceIndex));
  if (fault !== 0) return;
  if (distance > outputTop - output) return fail(faultStreamMalformed);
  if (length > outputEnd - outputTop) return fail(faultStreamTooLong);
  // Byte by byte: a match may overlap itself.
  for (const end = outputTop + length; outputTop < end; outputTop += 1) {
    store<u8>(outputTop, load<u8>(outputTop - distance));
  }
}

/** RFC 1951, 3.2.6: the code's first bits tell how long it is. */
function readFixedSymbol(): u32 {
  const nine = reverseBits(<u32>peekBits(9), 9);
  if (nine < 0x60) {
    readBits(7);
    return 256 + (nine >> 2);
  }
  if (nine < 0x190) {
    readBits(8);
    return nine < 0x180 ? (nine >> 1) - 0x30 : 280 + (nine >> 1) - 0xc0;
  }
  readBits(9);
  return 144 + nine - 0x190;
}

function readBits(count: u32): u32 {
  const bits = <u32>peekBits(count);
  if (takeBits(count)) return bits;
  fail(faultStreamTruncated);
  return 0;
}

function fail(code: i32): void {
  if (fault === 0) fault = code;
}
