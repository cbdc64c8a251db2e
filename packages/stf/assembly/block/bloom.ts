/** Bloom filter over addresses and topics of logs (Yellow Paper 4.4.1, the function M). */
import { keccak256 } from "../crypto/keccak.ts";
import { copyBytes, equalBytes, zeroBytes } from "../memory/bytes.ts";
import { bloomBytes } from "./header.ts";

/** What was hashed last at one place of a log: the next log often has the same address and event. */
@unmanaged
class Memo {
  /** Bytes hashed; 0: nothing yet. */
  length: usize;
  value0: u64;
  value1: u64;
  value2: u64;
  value3: u64;
  /** The first six bytes of the hash. */
  pairs: u64;
}

const hash: usize = memory.data(32);
/** One for the address, and one for each of the four topics. */
const memos: usize = memory.data(5 * 48);
const memosBytes: usize = 5 * 48;

/** Start of a block. */
export function resetBloom(): void {
  zeroBytes(memos, memosBytes);
}

/**
 * Adds a byte string of 32 bytes at most: three of the filter's 2,048 bits, by the low 11 bits of the first three pairs of
 * its hash. `place` is 0 for the address of a log, and from 1 on for its topics.
 */
export function addToBloom(bloom: usize, source: usize, length: usize, place: usize): void {
  let pairs = pairsOf(source, length, changetype<Memo>(memos + place * offsetof<Memo>()));
  for (let pair = 0; pair < 3; pair += 1) {
    const bit = <usize>((pairs << 8) | ((pairs >> 8) & 0xff)) & 2_047;
    const at = bloom + bloomBytes - 1 - (bit >> 3);
    store<u8>(at, load<u8>(at) | ((<u8>1) << (<u8>(bit & 7))));
    pairs >>= 16;
  }
}

/** Adds everything that is in `other`. */
export function mergeBloom(bloom: usize, other: usize): void {
  for (let i: usize = 0; i < bloomBytes; i += 8) {
    store<u64>(bloom + i, load<u64>(bloom + i) | load<u64>(other + i));
  }
}

function pairsOf(source: usize, length: usize, memo: Memo): u64 {
  const value = changetype<usize>(memo) + offsetof<Memo>("value0");
  if (memo.length === length && equalBytes(value, source, length)) return memo.pairs;
  keccak256(source, length, hash);
  memo.length = length;
  copyBytes(value, source, length);
  memo.pairs = load<u64>(hash);
  return memo.pairs;
}
