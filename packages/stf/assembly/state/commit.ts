/**
 * Writes what the block may have changed into the tries. A value that is what the trie has, and a deletion of what it
 * has not, change no node (insertIntoTrie, deleteFromTrie).
 */
import {
  uint64Size,
  wordSize,
  writeHash,
  writeListHeader,
  writeUint64,
  writeWord,
} from "../codec/rlp-writer.ts";
import { isZeroWord } from "../math/word.ts";
import { copy32 } from "../memory/bytes.ts";
import { deleteFromTrie } from "../trie/delete.ts";
import { hashTrie } from "../trie/hash.ts";
import { insertIntoTrie } from "../trie/insert.ts";
import { Account, accountsTrie } from "./account.ts";
import { firstChangedAccount } from "./changes.ts";
import { emitCode } from "./code.ts";
import { Storage, storageTrie } from "./slot.ts";

/** Nibbles of a hash. */
const keyNibbles: i32 = 64;
/** The list of a nonce, a balance and two hashes is shorter than this. */
const encoded: usize = memory.data(128);
const storageRoot: usize = memory.data(32);

/**
 * Root hash of the state with all changes, into 32 bytes at `out`. Hands new codes and new nodes to the host when
 * `isStored`. At most once in a run, as the last thing done with the state.
 */
export function commitState(out: usize, isStored: bool): void {
  let trie = accountsTrie;
  for (let account = firstChangedAccount; account; account = account.nextChanged) {
    trie = commitAccount(trie, account, isStored);
  }
  hashTrie(trie, out, isStored);
}

/** The trie of accounts with the account as it is now. */
function commitAccount(trie: usize, account: Account, isStored: bool): usize {
  if (!account.exists) return deleteFromTrie(trie, account.hash, keyNibbles);
  if (isStored && account.code) emitCode(account.code);
  commitStorage(account.storage, isStored);
  const length = encodeAccount(account) - encoded;
  return insertIntoTrie(trie, account.hash, keyNibbles, encoded, length);
}

/** Sets `storageRoot`. */
function commitStorage(storage: Storage, isStored: bool): void {
  if (!storage.firstChanged) return copy32(storageRoot, storage.rootHash);
  let trie = storageTrie(storage);
  for (let slot = storage.firstChanged; slot; slot = slot.nextChanged) {
    const length: usize = isZeroWord(slot.value) ? 0 : writeWord(encoded, slot.value) - encoded;
    trie = insertIntoTrie(trie, slot.hash, keyNibbles, encoded, length);
  }
  hashTrie(trie, storageRoot, isStored);
}

/** Writes the account into `encoded` (Yellow Paper, 4.1); answers the first byte behind it. */
function encodeAccount(account: Account): usize {
  const payload = uint64Size(account.nonce) + wordSize(account.balance) + 33 + 33;
  let at = writeListHeader(encoded, payload);
  at = writeUint64(at, account.nonce);
  at = writeWord(at, account.balance);
  at = writeHash(at, storageRoot);
  return writeHash(at, account.codeHash);
}
