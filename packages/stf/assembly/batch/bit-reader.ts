/** Bits of a DEFLATE stream, least significant first (RFC 1951, 3.1.1). At least 8 readable bytes follow the stream. */

let stream: usize = 0;
/** Length of the stream, in bits. */
let streamBits: u64 = 0;
let position: u64 = 0;

/** Stands before the first bit of `length` bytes. */
export function openBits(data: usize, length: usize): void {
  stream = data;
  streamBits = (<u64>length) << 3;
  position = 0;
}

/** The next `count` (0..48) bits, not taken. Bits behind the end are undefined: `takeBits` tells. */
export function peekBits(count: i32): u64 {
  const bits = load<u64>(stream + <usize>(position >> 3)) >> (position & 7);
  return bits & (((<u64>1) << count) - 1);
}

/** Takes `count` bits; false, and nothing is taken, when fewer are left. */
export function takeBits(count: u64): bool {
  if (count > streamBits - position) return false;
  position += count;
  return true;
}

/** Takes `count` (0..48) bits if they are `bits`. */
export function expectBits(bits: u64, count: i32): bool {
  return peekBits(count) === bits && takeBits(count);
}

/** How many bits are left in the current byte. */
export function bitsToByte(): i32 {
  return <i32>(-position & 7);
}

/** Whole bytes left. */
export function bytesLeft(): usize {
  return <usize>((streamBits - position) >> 3);
}

/** Where the next byte is; only on a byte boundary. */
export function bytePointer(): usize {
  return stream + <usize>(position >> 3);
}

/** The low `count` (1..16) bits of `code` in reverse: Huffman codes are packed most significant bit first. */
export function reverseBits(code: u32, count: u32): u32 {
  code = ((code >> 1) & 0x5555) | ((code & 0x5555) << 1);
  code = ((code >> 2) & 0x3333) | ((code & 0x3333) << 2);
  code = ((code >> 4) & 0x0f0f) | ((code & 0x0f0f) << 4);
  return (((code >> 8) | (code << 8)) & 0xffff) >> (16 - count);
}
