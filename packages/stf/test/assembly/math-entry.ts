/** Test entry of math/, crypto/ and codec/: operands and results are at fixed places of a buffer. */
import {
  readItem,
  readUint64,
  RlpItem,
  readWord,
  rlpUint64,
} from "../../assembly/codec/rlp-reader.ts";
import * as writer from "../../assembly/codec/rlp-writer.ts";
import { keccak256 } from "../../assembly/crypto/keccak.ts";
import * as division from "../../assembly/math/word-division.ts";
import * as product from "../../assembly/math/word-product.ts";
import * as shift from "../../assembly/math/word-shift.ts";
import * as word from "../../assembly/math/word.ts";
import { moveBytes } from "../../assembly/memory/bytes.ts";

const region: usize = memory.data(65536);
const item = changetype<RlpItem>(memory.data(offsetof<RlpItem>()));

export function buffer(): usize {
  return region;
}

/** Operation by number on words at a, b, c; the result goes to `out`; answers carry or truth. */
export function operate(operation: i32, out: usize, a: usize, b: usize, c: usize): u32 {
  switch (operation) {
    case 0:
      return u32(word.addWords(out, a, b));
    case 1:
      return u32(word.subtractWords(out, a, b));
    case 2:
      product.multiplyWords(out, a, b);
      return 0;
    case 3:
      division.divideWords(out, a, b);
      return 0;
    case 4:
      division.remainderWords(out, a, b);
      return 0;
    case 5:
      division.signedDivideWords(out, a, b);
      return 0;
    case 6:
      division.signedRemainderWords(out, a, b);
      return 0;
    case 7:
      division.addModulo(out, a, b, c);
      return 0;
    case 8:
      division.multiplyModulo(out, a, b, c);
      return 0;
    case 9:
      product.exponentiate(out, a, b);
      return 0;
    case 10:
      shift.signExtend(out, a, b);
      return 0;
    case 11:
      shift.byteOf(out, a, b);
      return 0;
    case 12:
      shift.shiftLeft(out, a, b);
      return 0;
    case 13:
      shift.shiftRight(out, a, b);
      return 0;
    case 14:
      shift.shiftRightArithmetic(out, a, b);
      return 0;
    case 15:
      return u32(product.multiplyOverflows(out, a, b));
    case 16:
      word.negateWord(out, a);
      return 0;
    default:
      return unreachable();
  }
}

/** Bits: a < b, signed a < b, a = b, a = 0, a < 2^64; then the length of a in bits. */
export function compare(a: usize, b: usize): u32 {
  return (
    u32(word.lessThan(a, b)) |
    (u32(word.signedLessThan(a, b)) << 1) |
    (u32(word.equalWords(a, b)) << 2) |
    (u32(word.isZeroWord(a)) << 3) |
    (u32(word.fitsUint64(a)) << 4) |
    ((<u32>word.bitLength(a)) << 8)
  );
}

export function fromBigEndian(out: usize, source: usize, length: usize): void {
  if (length === 32) word.loadBigEndian(out, source);
  else word.loadBigEndianBytes(out, source, length);
}

export function toBigEndian(destination: usize, a: usize): void {
  word.storeBigEndian(destination, a);
}

export function fromAddress(out: usize, address: usize): void {
  word.loadAddress(out, address);
}

export function toAddress(destination: usize, a: usize): void {
  word.storeAddress(destination, a);
}

export function hash(source: usize, length: usize, out: usize): void {
  keccak256(source, length, out);
}

export function move(destination: usize, source: usize, length: usize): void {
  moveBytes(destination, source, length);
}

/** Whether [at, end) is exactly one canonical item, its lists inside likewise. */
export function isCanonical(at: usize, end: usize): bool {
  return (
    readItem(at, end, item) && item.end === end && (!item.isList || areItems(item.payload, end))
  );
}

function areItems(at: usize, end: usize): bool {
  while (at < end) {
    if (!readItem(at, end, item)) return false;
    const itemEnd = item.end;
    if (item.isList && !areItems(item.payload, itemEnd)) return false;
    at = itemEnd;
  }
  return true;
}

/** The integer in [at, end), or 2^64 - 1 when it is none. */
export function integerOf(at: usize, end: usize): u64 {
  return readItem(at, end, item) && readUint64(item) ? rlpUint64 : u64.MAX_VALUE;
}

export function wordOf(at: usize, end: usize, out: usize): bool {
  return readItem(at, end, item) && readWord(item, out);
}

export function encodeBytes(at: usize, source: usize, length: usize): usize {
  const end = writer.writeBytes(at, source, length);
  return end - at === writer.bytesSize(source, length) ? end : 0;
}

export function encodeUint64(at: usize, value: u64): usize {
  const end = writer.writeUint64(at, value);
  return end - at === writer.uint64Size(value) ? end : 0;
}

export function encodeWord(at: usize, a: usize): usize {
  const end = writer.writeWord(at, a);
  return end - at === writer.wordSize(a) ? end : 0;
}

export function encodeListHeader(at: usize, length: usize): usize {
  const end = writer.writeListHeader(at, length);
  return end - at === writer.listHeaderSize(length) ? end : 0;
}
