/** Test entry of trie/: the functions themselves, and room for their arguments. */
import { allocate, resetArena } from "../../assembly/memory/arena.ts";
import { stackRegion } from "../../assembly/memory/layout.ts";
import { deleteFromTrie } from "../../assembly/trie/delete.ts";
import { hashTrie } from "../../assembly/trie/hash.ts";
import { insertIntoTrie } from "../../assembly/trie/insert.ts";
import { insertIntoList } from "../../assembly/trie/list.ts";
import {
  findInTrie,
  foundLength,
  openTrie,
  resetTrie,
  visitPath,
} from "../../assembly/trie/trie.ts";

export {
  deleteFromTrie,
  findInTrie,
  hashTrie,
  insertIntoList,
  insertIntoTrie,
  openTrie,
  visitPath,
};

/** Begins a run; answers room for a key (64 bytes), a hash (32 bytes) and a value. */
export function begin(valueBytesMax: usize): usize {
  resetArena();
  resetTrie();
  return allocate(64 + 32 + valueBytesMax);
}

export function lengthFound(): usize {
  return foundLength;
}

export function firstRegion(): usize {
  return stackRegion;
}
