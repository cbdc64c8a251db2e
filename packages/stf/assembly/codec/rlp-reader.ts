/** Strict reader of RLP (Yellow Paper, appendix B): every byte string has one encoding and no other is accepted. */
import { loadBigEndianBytes } from "../math/word.ts";

/** What `readItem` found. */
@unmanaged
export class RlpItem {
  /** First byte of the content. */
  payload: usize;
  /** Length of the content, bytes. */
  length: usize;
  /** First byte behind the item. */
  end: usize;
  isList: bool;
}

/** What the last successful `readUint64` read. */
export let rlpUint64: u64 = 0;

/** Reads the item at `at`, which must end by `end`. False when it is truncated or not canonical. */
export function readItem(at: usize, end: usize, item: RlpItem): bool {
  if (at >= end) return false;
  const prefix: usize = load<u8>(at);
  if (prefix < 0x80) return setItem(item, at, 1, false);
  const isList = prefix >= 0xc0;
  const short = prefix - (isList ? 0xc0 : 0x80);
  if (short <= 55) {
    if (short > end - at - 1) return false;
    if (!isList && short === 1 && load<u8>(at + 1) < 0x80) return false;
    return setItem(item, at + 1, short, isList);
  }
  return readLongItem(at, end, item, short - 55, isList);
}

/** Reads `item` as an integer below 2^64 without leading zeros into `rlpUint64`. */
export function readUint64(item: RlpItem): bool {
  const length = item.length;
  if (item.isList || length > 8) return false;
  let value: u64 = 0;
  for (let i: usize = 0; i < length; i += 1) {
    value = (value << 8) | load<u8>(item.payload + i);
  }
  rlpUint64 = value;
  return length === 0 || load<u8>(item.payload) !== 0;
}

/** Reads `item` as an integer below 2^256 without leading zeros into the word `out`. */
export function readWord(item: RlpItem, out: usize): bool {
  const length = item.length;
  if (item.isList || length > 32) return false;
  if (length > 0 && load<u8>(item.payload) === 0) return false;
  loadBigEndianBytes(out, item.payload, length);
  return true;
}

function readLongItem(
  at: usize,
  end: usize,
  item: RlpItem,
  lengthBytes: usize,
  isList: bool,
): bool {
  // more than 4 bytes of length cannot be in a memory of 4 GiB
  if (lengthBytes > 4 || lengthBytes > end - at - 1) return false;
  let length: u64 = 0;
  for (let i: usize = 1; i <= lengthBytes; i += 1) length = (length << 8) | load<u8>(at + i);
  if (load<u8>(at + 1) === 0 || length <= 55) return false;
  const payload = at + 1 + lengthBytes;
  if (length > <u64>(end - payload)) return false;
  return setItem(item, payload, <usize>length, isList);
}

function setItem(item: RlpItem, payload: usize, length: usize, isList: bool): bool {
  item.payload = payload;
  item.length = length;
  item.end = payload + length;
  item.isList = isList;
  return true;
}
