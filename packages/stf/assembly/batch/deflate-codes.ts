/**
 * Length and distance codes of DEFLATE (RFC 1951, 3.2.5). The RFC gives tables; both follow from their rule: codes
 * of one number of extra bits come in groups of four (lengths) or two (distances).
 */

/** Longest match, bytes. It has a code of its own, the last one. */
export const matchBytesMax: i32 = 258;
/** Number of length codes, 257 to 285; an index counts from 257. */
export const lengthCodes: u32 = 29;
/** Number of distance codes. */
export const distanceCodes: u32 = 30;
/** Symbol that ends a block. */
export const endOfBlock: u32 = 256;
export const blockTypeStored: u32 = 0;
export const blockTypeFixed: u32 = 1;
/** Longest stored block, bytes. */
export const storedBytesMax: usize = 65_535;

const lastLength: u32 = lengthCodes - 1;

/** Number of extra bits of a length code. */
export function lengthExtraBits(index: u32): u32 {
  return index < 8 || index === lastLength ? 0 : (index >> 2) - 1;
}

/** Smallest length of a length code. */
export function lengthBase(index: u32): u32 {
  if (index < 4) return 3 + index;
  if (index === lastLength) return matchBytesMax;
  return 3 + ((4 + (index & 3)) << ((index >> 2) - 1));
}

/** Index of the code of a length. */
export function lengthIndex(length: u32): u32 {
  if (length === matchBytesMax) return lastLength;
  const value = length - 3;
  if (value < 4) return value;
  const extra = 29 - clz<u32>(value);
  return 4 * (extra + 1) + ((value >> extra) & 3);
}

/** Number of extra bits of a distance code. */
export function distanceExtraBits(index: u32): u32 {
  return index < 4 ? 0 : (index >> 1) - 1;
}

/** Smallest distance of a distance code. */
export function distanceBase(index: u32): u32 {
  return index < 2 ? 1 + index : 1 + ((2 + (index & 1)) << ((index >> 1) - 1));
}

/** Index of the code of a distance. */
export function distanceIndex(distance: u32): u32 {
  const value = distance - 1;
  if (value < 2) return value;
  const extra = 30 - clz<u32>(value);
  return 2 * (extra + 1) + ((value >> extra) & 1);
}
