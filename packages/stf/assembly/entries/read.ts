/** The entry `read`: an account, some of its slots, and the proofs of both (EIP-1186). */
import {
  takeFixed,
  takeList,
  takenPayload,
  takenUint64,
  takeUint64,
  takeWord,
} from "../codec/rlp-fields.ts";
import { writeHash, writeUint64, writeWord } from "../codec/rlp-writer.ts";
import { keccak256 } from "../crypto/keccak.ts";
import { exitDone, outputAccount, outputSlot } from "../interface.ts";
import { clearWord, storeBigEndian } from "../math/word.ts";
import { emptyCodeHash } from "../state/code.ts";
import { emptyRootHash } from "../trie/hash.ts";
import { findInTrie, foundLength, openTrie, visitPath } from "../trie/trie.ts";
import { emitList, outputStart } from "./output.ts";
import { resetRun } from "./reset.ts";
import { openTask, taskEnd } from "./task.ts";

const keyNibbles: i32 = 64;

const hashedKey: usize = memory.data(32);
const balance: usize = memory.data(32);
const slotKey: usize = memory.data(32);
const value: usize = memory.data(32);

/** Task: [state root, address, [slot...], with proof]. Proof nodes come directly after what they prove, topmost first. */
export function read(): i32 {
  resetRun();
  let at = takeFixed(openTask(), taskEnd, 32);
  const accounts = openTrie(takenPayload);
  at = takeFixed(at, taskEnd, 20);
  const address = takenPayload;
  const slotsEnd = takeList(at, taskEnd);
  const slots = takenPayload;
  if (takeUint64(slotsEnd, taskEnd) !== taskEnd) unreachable();
  const withProof = takenUint64 !== 0;
  keccak256(address, 20, hashedKey);
  const storageRoot = readAccount(accounts);
  if (withProof) visitPath(accounts, hashedKey, keyNibbles);
  const storage = openTrie(storageRoot);
  for (at = slots; at < slotsEnd; ) {
    at = takeWord(at, slotsEnd, slotKey);
    if (at === 0) unreachable();
    readSlot(storage);
    if (withProof) visitPath(storage, hashedKey, keyNibbles);
  }
  return exitDone;
}

/** Output: [exists, nonce, balance, storage root, code hash]. Answers the storage root. */
function readAccount(accounts: usize): usize {
  const found = findInTrie(accounts, hashedKey, keyNibbles);
  let nonce: u64 = 0;
  let storageRoot = emptyRootHash;
  let codeHash = emptyCodeHash;
  clearWord(balance);
  if (found !== 0) {
    const end = takeList(found, found + foundLength);
    let at = takeUint64(takenPayload, end);
    nonce = takenUint64;
    at = takeWord(at, end, balance);
    at = takeFixed(at, end, 32);
    storageRoot = takenPayload;
    if (takeFixed(at, end, 32) !== end) unreachable();
    codeHash = takenPayload;
  }
  let at = writeUint64(outputStart, found === 0 ? 0 : 1);
  at = writeUint64(at, nonce);
  at = writeWord(at, balance);
  at = writeHash(at, storageRoot);
  emitList(outputAccount, writeHash(at, codeHash));
  return storageRoot;
}

/** Output: [key, value]. */
function readSlot(storage: usize): void {
  storeBigEndian(hashedKey, slotKey);
  keccak256(hashedKey, 32, hashedKey);
  const found = findInTrie(storage, hashedKey, keyNibbles);
  clearWord(value);
  if (found !== 0 && takeWord(found, found + foundLength, value) === 0) unreachable();
  emitList(outputSlot, writeWord(writeWord(outputStart, slotKey), value));
}
