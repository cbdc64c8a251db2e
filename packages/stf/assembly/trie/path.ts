/** Parts of keys: runs of nibbles, high nibble of a byte first, that may begin and end in the middle of a byte. */
import { allocate } from "../memory/arena.ts";
import { copyBytes } from "../memory/bytes.ts";
import { kindLeaf, Short } from "./node.ts";

/** The nibble at `index`. */
export function nibbleAt(bytes: usize, index: usize): usize {
  return (load<u8>(bytes + (index >> 1)) >> <u8>((~index & 1) << 2)) & 15;
}

/** The nibble of a path at `index` of it. */
export function pathNibble(node: Short, index: usize): usize {
  return nibbleAt(node.path, node.pathStart + index);
}

/** Sets a path to a part of bytes that nobody changes any more. */
export function setPath(node: Short, path: usize, start: usize, length: usize): void {
  node.path = path;
  node.pathStart = start;
  node.pathLength = length;
}

/** As `setPath`, with a copy of what it needs of `key`. */
export function setPathCopy(node: Short, key: usize, start: usize, length: usize): void {
  const size = ((start & 1) + length + 1) >> 1;
  const copy = allocate(size);
  copyBytes(copy, key + (start >> 1), size);
  setPath(node, copy, start & 1, length);
}

/** Takes `count` nibbles from the front of a path. */
export function shortenPath(node: Short, count: usize): void {
  node.pathStart += count;
  node.pathLength -= count;
}

/** How many nibbles a path and the key from nibble `depth` of `nibbles` on have in common. */
export function commonNibbles(node: Short, key: usize, depth: usize, nibbles: usize): usize {
  const path = node.path;
  const start = node.pathStart;
  const limit = min<usize>(node.pathLength, nibbles - depth);
  let count: usize = 0;
  if (((start ^ depth) & 1) === 0) {
    // both at the same half of a byte: compare bytes
    if (start & 1 && limit > 0) {
      if (nibbleAt(path, start) !== nibbleAt(key, depth)) return 0;
      count = 1;
    }
    const left = path + ((start + count) >> 1);
    const right = key + ((depth + count) >> 1);
    count += commonWholeBytes(left, right, (limit - count) >> 1) << 1;
  }
  while (count < limit && nibbleAt(path, start + count) === nibbleAt(key, depth + count))
    count += 1;
  return count;
}

function commonWholeBytes(left: usize, right: usize, size: usize): usize {
  let count: usize = 0;
  while (count + 8 <= size && load<u64>(left + count) === load<u64>(right + count)) count += 8;
  while (count < size && load<u8>(left + count) === load<u8>(right + count)) count += 1;
  return count;
}

/** Puts one nibble in front of a path. */
export function prependNibble(node: Short, nibble: usize): void {
  const bytes = makeRoomBefore(node, 1);
  setNibble(bytes, node.pathStart, nibble);
}

/** Puts the path of `front` in front of a path. */
export function prependPath(node: Short, front: Short): void {
  const count = front.pathLength;
  const bytes = makeRoomBefore(node, count);
  for (let i: usize = 0; i < count; i += 1) {
    setNibble(bytes, node.pathStart + i, pathNibble(front, i));
  }
}

/** Copies a path to where `count` more nibbles fit before it, and begins it there. They are to be set. */
function makeRoomBefore(node: Short, count: usize): usize {
  const start = node.pathStart;
  const length = node.pathLength;
  const padding = (start ^ count) & 1;
  const before = padding + count;
  const bytes = allocate((before + length + 1) >> 1);
  copyBytes(bytes + (before >> 1), node.path + (start >> 1), ((start & 1) + length + 1) >> 1);
  setPath(node, bytes, padding, count + length);
  return bytes;
}

function setNibble(bytes: usize, index: usize, nibble: usize): void {
  const at = bytes + (index >> 1);
  const byte = load<u8>(at);
  store<u8>(at, index & 1 ? (byte & 0xf0) | <u8>nibble : (byte & 0x0f) | ((<u8>nibble) << 4));
}

/** Size of a path in hex-prefix encoding (Yellow Paper, appendix C). */
export function hexPrefixSize(node: Short): usize {
  return (node.pathLength >> 1) + 1;
}

/** Writes a path in hex-prefix encoding; answers the first byte behind it. */
export function writeHexPrefix(at: usize, node: Short): usize {
  const start = node.pathStart;
  const length = node.pathLength;
  const isOdd = length & 1;
  const flags: usize = ((node.kind === kindLeaf ? 2 : 0) | isOdd) << 4;
  store<u8>(at, flags | (isOdd ? pathNibble(node, 0) : 0));
  at += 1;
  if (((start ^ length) & 1) === 0) {
    copyBytes(at, node.path + ((start + isOdd) >> 1), length >> 1);
    return at + (length >> 1);
  }
  for (let i = isOdd; i < length; i += 2) {
    store<u8>(at, (pathNibble(node, i) << 4) | pathNibble(node, i + 1));
    at += 1;
  }
  return at;
}
