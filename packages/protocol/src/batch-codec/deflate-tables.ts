/** Constants of the DEFLATE format that both directions share. RFC 1951, 3.2.5 and 3.2.6. */

/** Matches reach at most this far back, in bytes (RFC 1951, 3.2.1). */
export const windowBytes = 32_768;
/** Longest match, in bytes. */
export const matchBytesMax = 258;
/** Longest stored block, in bytes (16-bit LEN). */
export const storedBytesMax = 65_535;

export const blockTypeStored = 0;
export const blockTypeFixed = 1;
export const endOfBlock = 256;

/** Length codes 257..285: smallest length and number of extra bits. */
export const lengthBase: readonly number[] = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
  163, 195, 227, 258,
];
export const lengthExtraBits: readonly number[] = [
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
];
/** Distance codes 0..29: smallest distance and number of extra bits. */
export const distanceBase: readonly number[] = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049,
  3073, 4097, 6145, 8193, 12289, 16385, 24577,
];
export const distanceExtraBits: readonly number[] = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];

/** The table entry, which must exist. */
export function at(table: readonly number[] | Uint8Array | Int32Array, index: number): number {
  return table[index] ?? 0;
}

/** Last index of a base table whose entry is <= value. */
export function codeIndex(bases: readonly number[], value: number): number {
  let index = bases.length - 1;
  while (at(bases, index) > value) index -= 1;
  return index;
}
