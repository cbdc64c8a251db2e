/**
 * Reads the items of a list one after another. Each function answers the first byte behind the item it took, or 0 when
 * the item is missing or of another kind; a 0 given as place comes back as 0, so a row of fields is checked once, at its end.
 */
import { readItem, RlpItem, readUint64, readWord, rlpUint64 } from "./rlp-reader.ts";

const item = changetype<RlpItem>(memory.data(offsetof<RlpItem>()));

/** First byte of the content that was taken last; 0 for an absent optional item. */
export let takenPayload: usize = 0;
/** Length of the content that was taken last, bytes. */
export let takenLength: usize = 0;
/** What the last successful `takeUint64` read. */
export let takenUint64: u64 = 0;

/** An integer below 2^64, into `takenUint64`. */
export function takeUint64(at: usize, end: usize): usize {
  if (at === 0 || !readItem(at, end, item) || !readUint64(item)) return 0;
  takenUint64 = rlpUint64;
  return item.end;
}

/** An integer below 2^256, into the word `out`. */
export function takeWord(at: usize, end: usize, out: usize): usize {
  return at !== 0 && readItem(at, end, item) && readWord(item, out) ? item.end : 0;
}

/** A byte string of any length. */
export function takeBytes(at: usize, end: usize): usize {
  return takeItem(at, end, false);
}

/** A byte string of `length` bytes. */
export function takeFixed(at: usize, end: usize, length: usize): usize {
  const next = takeItem(at, end, false);
  return takenLength === length ? next : 0;
}

/** A byte string of `length` bytes, or an empty one: then `takenPayload` is 0. */
export function takeOptional(at: usize, end: usize, length: usize): usize {
  const next = takeItem(at, end, false);
  if (takenLength === length) return next;
  takenPayload = 0;
  return takenLength === 0 ? next : 0;
}

/** A list; `takenPayload` is its first item, `takenLength` the length of all of them. */
export function takeList(at: usize, end: usize): usize {
  return takeItem(at, end, true);
}

function takeItem(at: usize, end: usize, isList: bool): usize {
  if (at === 0 || !readItem(at, end, item) || item.isList !== isList) return 0;
  takenPayload = item.payload;
  takenLength = item.length;
  return item.end;
}
