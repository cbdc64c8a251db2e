/** Writer of RLP (Yellow Paper, appendix B). Each function answers the first byte behind what it wrote. */
import { copyAddress, copy32, copyBytes } from "../memory/bytes.ts";
import { byteLength } from "../math/word.ts";

/** Encoded size of a byte string. */
export function bytesSize(source: usize, length: usize): usize {
  if (length === 1 && load<u8>(source) < 0x80) return 1;
  return prefixSize(length) + length;
}

/** Encoded size of an integer. */
export function uint64Size(value: u64): usize {
  return value < 0x80 ? 1 : 1 + uint64Bytes(value);
}

/** Encoded size of a word as an integer. */
export function wordSize(word: usize): usize {
  const length = byteLength(word);
  return length <= 1 && load<u64>(word) < 0x80 ? 1 : 1 + <usize>length;
}

/** Size of the prefix of a list whose items take `payloadLength` bytes. */
export function listHeaderSize(payloadLength: usize): usize {
  return prefixSize(payloadLength);
}

/** Writes a byte string. */
export function writeBytes(at: usize, source: usize, length: usize): usize {
  if (length === 1 && load<u8>(source) < 0x80) {
    store<u8>(at, load<u8>(source));
    return at + 1;
  }
  const start = writePrefix(at, length, 0x80);
  copyBytes(start, source, length);
  return start + length;
}

/** Writes an integer in as few bytes as possible. */
export function writeUint64(at: usize, value: u64): usize {
  if (value === 0) {
    store<u8>(at, 0x80);
    return at + 1;
  }
  if (value < 0x80) {
    store<u8>(at, value);
    return at + 1;
  }
  const length = uint64Bytes(value);
  store<u8>(at, 0x80 + length);
  return writeBigEndian(at + 1, value, length);
}

/** Writes a word as an integer in as few bytes as possible. */
export function writeWord(at: usize, word: usize): usize {
  const length = <usize>byteLength(word);
  if (length <= 8) return writeUint64(at, load<u64>(word));
  store<u8>(at, 0x80 + length);
  for (let i: usize = 0; i < length; i += 1) {
    store<u8>(at + 1 + i, load<u8>(word + (length - 1 - i)));
  }
  return at + 1 + length;
}

/** Writes 32 bytes. */
export function writeHash(at: usize, hash: usize): usize {
  store<u8>(at, 0xa0);
  copy32(at + 1, hash);
  return at + 33;
}

/** Writes 20 bytes. */
export function writeAddress(at: usize, address: usize): usize {
  store<u8>(at, 0x94);
  copyAddress(at + 1, address);
  return at + 21;
}

/** Writes the prefix of a list whose items take `payloadLength` bytes. */
export function writeListHeader(at: usize, payloadLength: usize): usize {
  return writePrefix(at, payloadLength, 0xc0);
}

function prefixSize(length: usize): usize {
  return length <= 55 ? 1 : 1 + uint64Bytes(length);
}

function writePrefix(at: usize, length: usize, offset: usize): usize {
  if (length <= 55) {
    store<u8>(at, offset + length);
    return at + 1;
  }
  const lengthBytes = uint64Bytes(length);
  store<u8>(at, offset + 55 + lengthBytes);
  return writeBigEndian(at + 1, length, lengthBytes);
}

function writeBigEndian(at: usize, value: u64, length: usize): usize {
  const end = at + length;
  for (let position = end; position > at; value >>= 8) {
    position -= 1;
    store<u8>(position, value);
  }
  return end;
}

function uint64Bytes(value: u64): usize {
  return <usize>(71 - clz<u64>(value)) >> 3;
}
