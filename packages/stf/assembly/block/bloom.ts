/** Bloom filter over addresses and topics of logs (Yellow Paper 4.4.1, the function M). */
import { keccak256 } from "../crypto/keccak.ts";
import { bloomBytes } from "./header.ts";

const hash: usize = memory.data(32);

/** Adds a byte string: three of the filter's 2,048 bits, by the low 11 bits of the first three pairs of the hash. */
export function addToBloom(bloom: usize, source: usize, length: usize): void {
  keccak256(source, length, hash);
  for (let pair: usize = 0; pair < 6; pair += 2) {
    const bit = (((<usize>load<u8>(hash + pair)) << 8) | load<u8>(hash + pair, 1)) & 2_047;
    const at = bloom + bloomBytes - 1 - (bit >> 3);
    store<u8>(at, load<u8>(at) | ((<u8>1) << (<u8>(bit & 7))));
  }
}

/** Adds everything that is in `other`. */
export function mergeBloom(bloom: usize, other: usize): void {
  for (let i: usize = 0; i < bloomBytes; i += 8) {
    store<u64>(bloom + i, load<u64>(bloom + i) | load<u64>(other + i));
  }
}
