/**
 * Digital search trees over keccak hashes: the tables of a run. A node is a whole record; one bit of the sought hash
 * chooses the child at each depth. Depth is logarithmic, and to lengthen a path by one costs an attacker twice the work.
 */
import { equal32 } from "../memory/bytes.ts";

/** What every record in a search tree begins with. */
@unmanaged
export class HashedRecord {
  hash0: u64;
  hash1: u64;
  hash2: u64;
  hash3: u64;
  /** Child by the next bit of a sought hash; 0: none. */
  zeroChild: usize;
  oneChild: usize;

  /** The hash it is found by, 32 bytes. */
  get hash(): usize {
    return changetype<usize>(this);
  }
}

/**
 * Where the pointer to the record with `hash` is, or has to be written. `link` is the address of the tree's root
 * pointer. Nobody can make two keys whose hashes agree in 64 bits; if somebody did, they would hang in a row.
 */
export function locate(link: usize, hash: usize): usize {
  let bits = load<u64>(hash);
  while (true) {
    const record = load<usize>(link);
    if (record === 0 || equal32(record, hash)) return link;
    link =
      record +
      ((bits & 1) === 0 ? offsetof<HashedRecord>("zeroChild") : offsetof<HashedRecord>("oneChild"));
    bits >>= 1;
  }
}
