/** Storage of accounts: one record for each slot that was used, to the end of the run. */
import { readItem, readWord, RlpItem } from "../codec/rlp-reader.ts";
import { keccak256 } from "../crypto/keccak.ts";
import { equalWords, storeBigEndian } from "../math/word.ts";
import { allocateZeroed } from "../memory/arena.ts";
import { copy32, zeroBytes } from "../memory/bytes.ts";
import { emptyRootHash } from "../trie/hash.ts";
import { findInTrie, foundLength, openTrie } from "../trie/trie.ts";
import { Account, readAccount } from "./account.ts";
import { HashedRecord, locate } from "./search-tree.ts";
import { currentTransaction } from "./stamp.ts";

/** A slot, found by the hash of its key. */
@unmanaged
export class Slot extends HashedRecord {
  key0: u64;
  key1: u64;
  key2: u64;
  key3: u64;
  value0: u64;
  value1: u64;
  value2: u64;
  value3: u64;
  original0: u64;
  original1: u64;
  original2: u64;
  original3: u64;
  transient0: u64;
  transient1: u64;
  transient2: u64;
  transient3: u64;
  storage: Storage;
  /** Whether the value was read from the state; transient storage does not need it. */
  isRead: bool;
  /** Whether it is in the list of what the block may have changed. */
  isChanged: bool;
  /** Transaction in which it is warm (EIP-2929). */
  warmIn: u32;
  /** Transaction that the original value is of; in any other it is the value itself. */
  originalIn: u32;
  /** Transaction that the transient value is of; in any other it is 0. */
  transientIn: u32;
  /** Transaction that listed it as accessed. */
  accessedIn: u32;
  nextAccessed: Slot;
  nextChanged: Slot;

  /** Word. */
  get key(): usize {
    return changetype<usize>(this) + offsetof<Slot>("key0");
  }

  /** Word: the value now. */
  get value(): usize {
    return changetype<usize>(this) + offsetof<Slot>("value0");
  }

  /** Word: the value at the start of the transaction (EIP-2200). */
  get original(): usize {
    return this.originalIn === currentTransaction
      ? changetype<usize>(this) + offsetof<Slot>("original0")
      : this.value;
  }
}

/** What an account stores. An account that is destroyed gets a new one, so no slot of before is found again. */
@unmanaged
export class Storage {
  /** Hash of the trie's root before the block. */
  rootHash0: u64;
  rootHash1: u64;
  rootHash2: u64;
  rootHash3: u64;
  account: Account;
  /** Whether `trie` is set. */
  isOpen: bool;
  /** The trie with that root. */
  trie: usize;
  /** Root of the search tree of slots. */
  slots: usize;
  firstChanged: Slot;

  /** Hash. */
  get rootHash(): usize {
    return changetype<usize>(this);
  }
}

/** Recently used slots by their key. Only a shorter way to the search trees. */
const cacheEntries: usize = 1024;
const cache: usize = memory.data(4096);

const keyScratch: usize = memory.data(32);
const item = changetype<RlpItem>(memory.data(offsetof<RlpItem>()));

/** Start of a run. */
export function resetStorage(): void {
  zeroBytes(cache, cacheEntries * sizeof<usize>());
}

/** Empty storage. */
export function newStorage(account: Account): Storage {
  const storage = changetype<Storage>(allocateZeroed(offsetof<Storage>()));
  copy32(storage.rootHash, emptyRootHash);
  storage.account = account;
  return storage;
}

/** The slot of a key (a word), read from the state. */
export function slotAt(account: Account, key: usize): Slot {
  const slot = slotRecord(account.storage, key);
  readSlot(slot);
  return slot;
}

/**
 * As `slotAt`, but the value may not have been read yet: until the gas for that is paid, only whether the slot is warm
 * can be asked.
 */
export function slotRecord(storage: Storage, key: usize): Slot {
  const low = load<u64>(key);
  const cacheIndex =
    (<usize>(low ^ (low >> 32)) ^ (changetype<usize>(storage) >> 3)) % cacheEntries;
  const cacheSlot = cache + cacheIndex * sizeof<usize>();
  const cached = changetype<Slot>(load<usize>(cacheSlot));
  if (cached && cached.storage === storage && equalWords(cached.key, key)) return cached;
  storeBigEndian(keyScratch, key);
  keccak256(keyScratch, 32, keyScratch);
  const link = locate(changetype<usize>(storage) + offsetof<Storage>("slots"), keyScratch);
  if (load<usize>(link) === 0) store<usize>(link, changetype<usize>(newSlot(storage, key)));
  store<usize>(cacheSlot, load<usize>(link));
  return changetype<Slot>(load<usize>(link));
}

/** Reads a slot's value from the state unless that has been done. */
export function readSlot(slot: Slot): void {
  if (slot.isRead) return;
  slot.isRead = true;
  const stored = findInTrie(storageTrie(slot.storage), slot.hash, 64);
  if (stored === 0) return;
  if (!readItem(stored, stored + foundLength, item)) unreachable();
  if (!readWord(item, slot.value)) unreachable();
}

/** The trie of a storage before the run; 0 when it is empty. */
export function storageTrie(storage: Storage): usize {
  if (!storage.isOpen) {
    readAccount(storage.account);
    storage.isOpen = true;
    storage.trie = openTrie(storage.rootHash);
  }
  return storage.trie;
}

/** The record of the key whose hash is in `keyScratch`. */
function newSlot(storage: Storage, key: usize): Slot {
  const slot = changetype<Slot>(allocateZeroed(offsetof<Slot>()));
  copy32(slot.hash, keyScratch);
  copy32(slot.key, key);
  slot.storage = storage;
  return slot;
}
