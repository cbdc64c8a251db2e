/** Tries of numbered items: transactions, receipts, withdrawals of a block (Yellow Paper, 4.4.3). */
import { writeUint64 } from "../codec/rlp-writer.ts";
import { insertIntoTrie } from "./insert.ts";

const listKey: usize = memory.data(9);

/** Sets item `index`, whose key is its RLP; answers the new root. */
export function insertIntoList(root: usize, index: u64, item: usize, itemLength: usize): usize {
  const nibbles = (<i32>(writeUint64(listKey, index) - listKey)) << 1;
  return insertIntoTrie(root, listKey, nibbles, item, itemLength);
}
