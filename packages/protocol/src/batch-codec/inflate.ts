/**
 * Strict DEFLATE decoder (RFC 1951) for what `deflate` writes: stored and fixed-Huffman blocks.
 * Dynamic blocks are refused, output never exceeds the caller's bound, and nothing may follow the
 * final block. Integers only; no recursion; one output buffer.
 */
import {
  at,
  blockTypeFixed,
  blockTypeStored,
  distanceBase,
  distanceExtraBits,
  endOfBlock,
  lengthBase,
  lengthExtraBits,
} from "./deflate-tables.ts";

/** Why a stream was refused. */
export type InflateRejection =
  | "STREAM_TRUNCATED"
  | "STREAM_MALFORMED"
  | "STREAM_TOO_LONG"
  | "STREAM_TRAILING_BYTES";

export type InflateResult =
  | { readonly type: "inflated"; readonly bytes: Uint8Array }
  | { readonly type: "rejected"; readonly code: InflateRejection };

/** `bit` counts from the start of the stream; `failed` is the first fault and sticks. */
type Reader = { readonly bytes: Uint8Array; bit: number; failed: InflateRejection | "" };
type Output = { bytes: Uint8Array; length: number; readonly lengthMax: number };

/** The plain bytes of one raw DEFLATE stream, at most `lengthMax` of them. */
export function inflate(stream: Uint8Array, lengthMax: number): InflateResult {
  const reader: Reader = { bytes: stream, bit: 0, failed: "" };
  const output: Output = {
    bytes: new Uint8Array(Math.min(lengthMax, stream.length * 4 + 64)),
    length: 0,
    lengthMax,
  };
  let final = 0;
  while (final === 0 && reader.failed === "") {
    final = readBits(reader, 1);
    const blockType = readBits(reader, 2);
    if (reader.failed !== "") break;
    if (blockType === blockTypeStored) readStoredBlock(reader, output);
    else if (blockType === blockTypeFixed) readFixedBlock(reader, output);
    else fail(reader, "STREAM_MALFORMED");
  }
  if (reader.failed === "" && (reader.bit + 7) >> 3 !== stream.length) {
    fail(reader, "STREAM_TRAILING_BYTES");
  }
  if (reader.failed !== "") return { type: "rejected", code: reader.failed };
  return { type: "inflated", bytes: output.bytes.slice(0, output.length) };
}

function readStoredBlock(reader: Reader, output: Output): void {
  reader.bit = ((reader.bit + 7) >> 3) << 3;
  const length = readBits(reader, 16);
  const complement = readBits(reader, 16);
  if (reader.failed !== "") return;
  if (length !== (complement ^ 0xffff)) return fail(reader, "STREAM_MALFORMED");
  const start = reader.bit >> 3;
  if (start + length > reader.bytes.length) return fail(reader, "STREAM_TRUNCATED");
  if (!reserve(output, length)) return fail(reader, "STREAM_TOO_LONG");
  output.bytes.set(reader.bytes.subarray(start, start + length), output.length);
  output.length += length;
  reader.bit += length << 3;
}

function readFixedBlock(reader: Reader, output: Output): void {
  while (reader.failed === "") {
    const symbol = readFixedSymbol(reader);
    if (reader.failed !== "" || symbol === endOfBlock) return;
    if (symbol > endOfBlock) copyMatch(reader, output, symbol - 257);
    else if (!reserve(output, 1)) fail(reader, "STREAM_TOO_LONG");
    else {
      output.bytes[output.length] = symbol;
      output.length += 1;
    }
  }
}

function copyMatch(reader: Reader, output: Output, lengthIndex: number): void {
  if (lengthIndex >= lengthBase.length) return fail(reader, "STREAM_MALFORMED");
  const length = at(lengthBase, lengthIndex) + readBits(reader, at(lengthExtraBits, lengthIndex));
  const distanceIndex = readCodeBits(reader, 0, 5);
  if (distanceIndex >= distanceBase.length) return fail(reader, "STREAM_MALFORMED");
  const distance =
    at(distanceBase, distanceIndex) + readBits(reader, at(distanceExtraBits, distanceIndex));
  if (reader.failed !== "") return;
  if (distance > output.length) return fail(reader, "STREAM_MALFORMED");
  if (!reserve(output, length)) return fail(reader, "STREAM_TOO_LONG");
  for (let index = 0; index < length; index += 1) {
    output.bytes[output.length] = at(output.bytes, output.length - distance);
    output.length += 1;
  }
}

/** RFC 1951, 3.2.6: the code's first seven bits tell how long it is. */
function readFixedSymbol(reader: Reader): number {
  const seven = readCodeBits(reader, 0, 7);
  if (seven < 0x18) return 256 + seven;
  const eight = readCodeBits(reader, seven, 1);
  if (eight < 0xc0) return eight - 0x30;
  if (eight < 0xc8) return 280 + eight - 0xc0;
  return 144 + readCodeBits(reader, eight, 1) - 0x190;
}

/** Appends `count` bits to a Huffman code, which is packed most significant bit first. */
function readCodeBits(reader: Reader, code: number, count: number): number {
  let extended = code;
  for (let index = 0; index < count; index += 1) extended = (extended << 1) | readBits(reader, 1);
  return extended;
}

function readBits(reader: Reader, count: number): number {
  if (reader.bit + count > reader.bytes.length << 3) {
    fail(reader, "STREAM_TRUNCATED");
    return 0;
  }
  let value = 0;
  for (let index = 0; index < count; index += 1) {
    value |= ((at(reader.bytes, reader.bit >> 3) >> (reader.bit & 7)) & 1) << index;
    reader.bit += 1;
  }
  return value;
}

function fail(reader: Reader, code: InflateRejection): void {
  if (reader.failed === "") reader.failed = code;
}

/** Makes room for `count` more bytes; false when the bound forbids them. */
function reserve(output: Output, count: number): boolean {
  const needed = output.length + count;
  if (needed > output.lengthMax) return false;
  if (needed > output.bytes.length) {
    const grown = new Uint8Array(
      Math.min(output.lengthMax, Math.max(needed, output.bytes.length * 2)),
    );
    grown.set(output.bytes.subarray(0, output.length));
    output.bytes = grown;
  }
  return true;
}
