/** Recursive Length Prefix encoding (Ethereum Yellow Paper, appendix B); decoding accepts canonical input only. */
import { concatBytes } from "./bytes.ts";

/** A byte string or a list of items. */
export type RlpItem = Uint8Array | readonly RlpItem[];

/** Thrown by `rlpDecode` on anything but one canonical item. */
export class RlpError extends Error {
  constructor(reason: string) {
    super(`malformed RLP: ${reason}`);
    this.name = "RlpError";
  }
}

const depthMax = 16;

/** Encodes an item. */
export function rlpEncode(item: RlpItem): Uint8Array {
  if (item instanceof Uint8Array) {
    const first = item[0];
    if (item.length === 1 && first !== undefined && first < 0x80) return item;
    return concatBytes(header(0x80, item.length), item);
  }
  const body = joined(item.map(rlpEncode));
  return concatBytes(header(0xc0, body.length), body);
}

/** Decodes exactly one item; throws `RlpError`. */
export function rlpDecode(bytes: Uint8Array): RlpItem {
  const { item, end } = decodeAt(bytes, 0, 0);
  if (end !== bytes.length) throw new RlpError("trailing bytes");
  return item;
}

/** An unsigned integer as its shortest big-endian byte string (zero is empty). */
export function rlpUint(value: bigint): Uint8Array {
  if (value < 0n) throw new RangeError("negative integer");
  if (value === 0n) return new Uint8Array(0);
  const digits = value.toString(16);
  const padded = digits.length % 2 === 0 ? digits : `0${digits}`;
  return Uint8Array.from(padded.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** The unsigned integer of a byte string without leading zeros; throws `RlpError`. */
export function rlpToUint(item: RlpItem | undefined, bits = 256): bigint {
  if (!(item instanceof Uint8Array)) throw new RlpError("expected an integer");
  if (item[0] === 0) throw new RlpError("integer with leading zero");
  if (item.length * 8 > bits) throw new RlpError("integer too large");
  return item.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** A list can have more items than a call takes arguments. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

function header(offset: number, length: number): Uint8Array {
  if (length < 56) return Uint8Array.of(offset + length);
  const size = rlpUint(BigInt(length));
  return concatBytes(Uint8Array.of(offset + 55 + size.length), size);
}

function decodeAt(bytes: Uint8Array, at: number, depth: number): { item: RlpItem; end: number } {
  const first = bytes[at];
  if (first === undefined) throw new RlpError("unexpected end");
  if (depth > depthMax) throw new RlpError("nested too deep");
  if (first < 0x80) return { item: bytes.subarray(at, at + 1), end: at + 1 };
  const isList = first >= 0xc0;
  const { start, end } = payloadRange(bytes, at, isList ? 0xc0 : 0x80);
  if (!isList) {
    const item = bytes.subarray(start, end);
    if (item.length === 1 && (item[0] ?? 0) < 0x80) throw new RlpError("single byte with prefix");
    return { item, end };
  }
  const items: RlpItem[] = [];
  for (let position = start; position < end; ) {
    const next = decodeAt(bytes.subarray(0, end), position, depth + 1);
    items.push(next.item);
    position = next.end;
  }
  return { item: items, end };
}

function payloadRange(
  bytes: Uint8Array,
  at: number,
  offset: number,
): { start: number; end: number } {
  const short = (bytes[at] ?? 0) - offset;
  let start = at + 1;
  let length = short;
  if (short > 55) {
    const size = bytes.subarray(start, start + short - 55);
    if (size.length !== short - 55) throw new RlpError("unexpected end");
    if (size[0] === 0 || size.length > 6) throw new RlpError("length not canonical");
    length = size.reduce((value, byte) => value * 256 + byte, 0);
    if (length < 56) throw new RlpError("length not canonical");
    start += size.length;
  }
  if (start + length > bytes.length) throw new RlpError("unexpected end");
  return { start, end: start + length };
}
