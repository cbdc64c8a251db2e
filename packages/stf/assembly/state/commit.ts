/** Writes what the block changed into the tries. */
import {
  uint64Size,
  wordSize,
  writeHash,
  writeListHeader,
  writeUint64,
  writeWord,
} from "../codec/rlp-writer.ts";
import { isZeroWord } from "../math/word.ts";
import { copy32, equalBytes } from "../memory/bytes.ts";
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
  if (!account.exists) {
    return account.stored === 0 ? trie : deleteFromTrie(trie, account.hash, keyNibbles);
  }
  if (isStored && account.code) emitCode(account.code);
  commitStorage(account.storage, isStored);
  const length = encodeAccount(account) - encoded;
  if (isStoredAs(account.stored, account.storedLength, length)) return trie;
  return insertIntoTrie(trie, account.hash, keyNibbles, encoded, length);
}

/** Sets `storageRoot`. */
function commitStorage(storage: Storage, isStored: bool): void {
  const before = storageTrie(storage);
  let trie = before;
  let isSame = true;
  for (let slot = storage.firstChanged; slot; slot = slot.nextChanged) {
    const length: usize = isZeroWord(slot.value) ? 0 : writeWord(encoded, slot.value) - encoded;
    if (isStoredAs(slot.stored, slot.storedLength, length)) continue;
    isSame = false;
    trie =
      length === 0
        ? deleteFromTrie(trie, slot.hash, keyNibbles)
        : insertIntoTrie(trie, slot.hash, keyNibbles, encoded, length);
  }
  if (isSame) copy32(storageRoot, storage.rootHash);
  else hashTrie(trie, storageRoot, isStored);
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

/** Whether the state has what is in `encoded`, so that nothing is to be written. Length 0: whether it has nothing. */
function isStoredAs(stored: usize, storedLength: usize, length: usize): bool {
  return stored === 0
    ? length === 0
    : storedLength === length && equalBytes(stored, encoded, length);
}
