/** Accounts: one record each, from its first use to the end of the run (Yellow Paper, 4.1). */
import { readItem, readUint64, readWord, RlpItem, rlpUint64 } from "../codec/rlp-reader.ts";
import { keccak256 } from "../crypto/keccak.ts";
import { precompileNumber } from "../evm/precompiles.ts";
import { isZeroWord } from "../math/word.ts";
import { allocateZeroed } from "../memory/arena.ts";
import { copy32, copyAddress, equal32, equalAddresses, zeroBytes } from "../memory/bytes.ts";
import { emptyRootHash } from "../trie/hash.ts";
import { findInTrie, foundLength, openTrie } from "../trie/trie.ts";
import { Code, codeByHash, emptyCodeHash } from "./code.ts";
import { HashedRecord, locate } from "./search-tree.ts";
import { newStorage, Slot, Storage } from "./slot.ts";

/** An account, found by the hash of its address. One that does not exist has nonce 0, balance 0, no code. */
@unmanaged
export class Account extends HashedRecord {
  nonce: u64;
  balance0: u64;
  balance1: u64;
  balance2: u64;
  balance3: u64;
  codeHash0: u64;
  codeHash1: u64;
  codeHash2: u64;
  codeHash3: u64;
  address0: u64;
  address1: u64;
  address2: u32;
  /** Whether the state has it: an empty account may exist (EIP-161). */
  exists: bool;
  /** Whether it was read from the state. */
  isRead: bool;
  /** Whether it is in the list of what the block may have changed. */
  isChanged: bool;
  /** Whether it is a precompile, which is warm from the start of every transaction (EIP-2929). */
  isPrecompile: bool;
  /** Whether it is in the block's list of senders. */
  isSender: bool;
  /** Its code, once somebody asked for it; 0 before. */
  code: Code;
  storage: Storage;
  /** Transaction in which it is warm (EIP-2929). */
  warmIn: u32;
  /** Transaction that created it (EIP-6780). */
  createdIn: u32;
  /** Transaction at whose end it is destroyed. */
  destructedIn: u32;
  /** Transaction of the access list that `nextAccessed` and the two slots are about. */
  accessedIn: u32;
  nextAccessed: Account;
  firstAccessedSlot: Slot;
  lastAccessedSlot: Slot;
  nextChanged: Account;
  nextSender: Account;

  /** Word, wei. */
  get balance(): usize {
    return changetype<usize>(this) + offsetof<Account>("balance0");
  }

  /** Hash. */
  get codeHash(): usize {
    return changetype<usize>(this) + offsetof<Account>("codeHash0");
  }

  /** 20 bytes. */
  get address(): usize {
    return changetype<usize>(this) + offsetof<Account>("address0");
  }
}

/** Recently used accounts by a byte of their address. Only a shorter way to the search tree. */
const cacheEntries: usize = 256;
const cache: usize = memory.data(1024);

const accountsLink: usize = memory.data(8);
const hashScratch: usize = memory.data(32);
const fields = changetype<RlpItem>(memory.data(offsetof<RlpItem>()));
const field = changetype<RlpItem>(memory.data(offsetof<RlpItem>()));

/** The trie of accounts as it was before the run. */
export let accountsTrie: usize = 0;

/** Start of a run on the state with this root hash. */
export function resetAccounts(stateRoot: usize): void {
  zeroBytes(cache, cacheEntries * sizeof<usize>());
  store<usize>(accountsLink, 0);
  accountsTrie = openTrie(stateRoot);
}

/** The account of an address, read from the state. */
export function accountAt(address: usize): Account {
  const account = accountRecord(address);
  readAccount(account);
  return account;
}

/**
 * As `accountAt`, but nothing may have been read yet: until the gas for that is paid, only whether the account is warm
 * can be asked.
 */
export function accountRecord(address: usize): Account {
  const cacheSlot = cache + <usize>load<u8>(address, 19) * sizeof<usize>();
  const cached = changetype<Account>(load<usize>(cacheSlot));
  if (cached && equalAddresses(cached.address, address)) return cached;
  keccak256(address, 20, hashScratch);
  const link = locate(accountsLink, hashScratch);
  if (load<usize>(link) === 0) store<usize>(link, changetype<usize>(newAccount(address)));
  store<usize>(cacheSlot, load<usize>(link));
  return changetype<Account>(load<usize>(link));
}

/** Reads an account from the state unless that has been done. */
export function readAccount(account: Account): void {
  if (account.isRead) return;
  account.isRead = true;
  const stored = findInTrie(accountsTrie, account.hash, 64);
  if (stored !== 0) decodeAccount(account, stored, foundLength);
}

/** The account's code. */
export function codeOf(account: Account): Code {
  if (!account.code) account.code = codeByHash(account.codeHash);
  return account.code;
}

/** EIP-161: no nonce, no balance, no code. So is an account that does not exist. */
export function isEmptyAccount(account: Account): bool {
  return account.nonce === 0 && isZeroWord(account.balance) && !hasCode(account);
}

/** Whether it has code or has ever sent or created something. */
export function hasCodeOrNonce(account: Account): bool {
  return account.nonce !== 0 || hasCode(account);
}

/** Whether its code is not empty. */
export function hasCode(account: Account): bool {
  return !equal32(account.codeHash, emptyCodeHash);
}

/** Whether nothing may be created at this address: it has a nonce, code (EIP-684) or storage (EIP-7610). */
export function isCollision(account: Account): bool {
  return hasCodeOrNonce(account) || !equal32(account.storage.rootHash, emptyRootHash);
}

/** Makes an account one that does not exist: no nonce, balance, code, storage. */
export function eraseAccount(account: Account): void {
  account.exists = false;
  account.nonce = 0;
  zeroBytes(account.balance, 32);
  copy32(account.codeHash, emptyCodeHash);
  account.code = changetype<Code>(0);
  account.storage = newStorage(account);
}

/** A record of the address whose hash is in `hashScratch`. */
function newAccount(address: usize): Account {
  const account = changetype<Account>(allocateZeroed(offsetof<Account>()));
  copy32(account.hash, hashScratch);
  copyAddress(account.address, address);
  account.isPrecompile = precompileNumber(address) !== 0;
  eraseAccount(account);
  return account;
}

/** Takes the fields from RLP: nonce, balance, storage root, code hash. */
function decodeAccount(account: Account, at: usize, length: usize): void {
  const end = at + length;
  if (!readItem(at, end, fields) || !fields.isList || fields.end !== end) unreachable();
  account.exists = true;
  if (!readItem(fields.payload, end, field) || !readUint64(field)) unreachable();
  account.nonce = rlpUint64;
  if (!readItem(field.end, end, field) || !readWord(field, account.balance)) unreachable();
  if (!readItem(field.end, end, field) || field.isList || field.length !== 32) unreachable();
  copy32(account.storage.rootHash, field.payload);
  if (!readItem(field.end, end, field) || field.isList || field.length !== 32) unreachable();
  copy32(account.codeHash, field.payload);
}
