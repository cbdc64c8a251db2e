/**
 * A set of hashes in little memory that may hold too much, never too little (B. H. Bloom, "Space/time trade-offs in hash
 * coding with allowable errors", 1970). For pruning that is the safe side: what is taken for marked is kept.
 */

/** A set of 32-byte hashes. */
export type HashFilter = {
  add(hash: Uint8Array): void;
  /** True for all that was added, and for about one in a thousand of what was not. */
  has(hash: Uint8Array): boolean;
  readonly sizeBytes: number;
};

/** With 16 bits an entry and 6 places in use, (1 - e^(-6/16))^6 = 0.1 % of other hashes seem to be in the set. */
const bitsPerEntry = 16;
const placesPerHash = 6;
const bitsMin = 1 << 16;
/** 512 MiB, enough for 268 million entries; above it more garbage is kept. */
const bitsMax = 2 ** 32;

/**
 * Makes an empty set for about `entries` hashes. Its places depend on `salt` (at least 4 bytes): what one set keeps by
 * chance another does not, and nobody can make contents that always stay.
 */
export function createHashFilter(entries: number, salt: Uint8Array): HashFilter {
  let bits = bitsMin;
  while (bits < bitsMax && bits < entries * bitsPerEntry) bits *= 2;
  const words = new Uint32Array(bits / 32);
  const shift = 32 - Math.log2(bits);
  const seed = new DataView(salt.buffer, salt.byteOffset, salt.byteLength).getUint32(0, true) | 1;
  /** The hash is uniform already; multiplying by an odd number and taking the high bits applies the salt. */
  const placeOf = (hash: DataView, i: number): number => {
    const mixed = Math.imul(hash.getInt32(4 * i, true) ^ seed, seed);
    return (mixed ^ (mixed >>> 15)) >>> shift;
  };
  return {
    sizeBytes: bits / 8,
    add(hash) {
      const view = viewOf(hash);
      for (let i = 0; i < placesPerHash; i++) {
        const place = placeOf(view, i);
        words[place >>> 5] = (words[place >>> 5] ?? 0) | (1 << (place & 31));
      }
    },
    has(hash) {
      const view = viewOf(hash);
      for (let i = 0; i < placesPerHash; i++) {
        const place = placeOf(view, i);
        if (((words[place >>> 5] ?? 0) & (1 << (place & 31))) === 0) return false;
      }
      return true;
    },
  };
}

function viewOf(hash: Uint8Array): DataView {
  return new DataView(hash.buffer, hash.byteOffset, hash.byteLength);
}
