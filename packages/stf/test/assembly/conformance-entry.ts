/** Test entry of the conformance suites for RLP and tries: what no entry of the module shows by itself. */
import { RlpItem, readItem } from "../../assembly/codec/rlp-reader.ts";
import {
  bytesSize,
  listHeaderSize,
  writeBytes,
  writeListHeader,
} from "../../assembly/codec/rlp-writer.ts";
import { allocate, resetArena } from "../../assembly/memory/arena.ts";
import { copyBytes } from "../../assembly/memory/bytes.ts";
import { deleteFromTrie } from "../../assembly/trie/delete.ts";
import { hashTrie } from "../../assembly/trie/hash.ts";
import { insertIntoTrie } from "../../assembly/trie/insert.ts";
import { resetTrie } from "../../assembly/trie/trie.ts";

export { allocate, deleteFromTrie, hashTrie, insertIntoTrie };

/** A description is a sequence of items: 0 or 1 (list), u32 length of what follows, bytes or the descriptions of the items. */
const headBytes: usize = 5;

export function begin(): void {
  resetArena();
  resetTrie();
}

/** Describes exactly one canonical item; answers the length of the description, or -1. */
export function decodeRlp(source: usize, length: usize, out: usize): i32 {
  const end = source + length;
  const behind = describe(source, end, out);
  return behind === 0 || itemEnd !== end ? -1 : <i32>(behind - out);
}

let itemEnd: usize = 0;

function describe(at: usize, end: usize, out: usize): usize {
  const item = changetype<RlpItem>(allocate(offsetof<RlpItem>()));
  if (!readItem(at, end, item)) return 0;
  store<u8>(out, <u8>item.isList);
  let behind = out + headBytes;
  if (item.isList) {
    const payloadEnd = item.payload + item.length;
    for (let next = item.payload; next < payloadEnd; next = itemEnd) {
      behind = describe(next, payloadEnd, behind);
      if (behind === 0) return 0;
    }
  } else {
    copyBytes(behind, item.payload, item.length);
    behind += item.length;
  }
  store<u32>(out, <u32>(behind - out - headBytes), 1);
  itemEnd = item.end;
  return behind;
}

/** Writes the RLP of a description; answers its length. */
export function encodeRlp(description: usize, out: usize): usize {
  return write(description, out) - out;
}

function write(description: usize, out: usize): usize {
  const start = description + headBytes;
  const length = <usize>load<u32>(description, 1);
  if (load<u8>(description) === 0) return writeBytes(out, start, length);
  out = writeListHeader(out, sizeOfItems(start, start + length));
  for (let at = start; at < start + length; at += headBytes + <usize>load<u32>(at, 1)) {
    out = write(at, out);
  }
  return out;
}

function sizeOfItems(at: usize, end: usize): usize {
  let size: usize = 0;
  for (; at < end; at += headBytes + <usize>load<u32>(at, 1)) size += sizeOf(at);
  return size;
}

function sizeOf(description: usize): usize {
  const start = description + headBytes;
  const length = <usize>load<u32>(description, 1);
  if (load<u8>(description) === 0) return bytesSize(start, length);
  const payload = sizeOfItems(start, start + length);
  return listHeaderSize(payload) + payload;
}
