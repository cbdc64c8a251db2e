/**
 * 256-bit integers ("words"): 32 bytes at a pointer, four u64, least significant first. Unsigned unless the name says
 * otherwise; all arithmetic is modulo 2^256 (Yellow Paper, appendix H). `out` may be one of the operands.
 */

/** out = low. */
export function setWord(out: usize, low: u64): void {
  setLimbs(out, low, 0, 0, 0);
}

/** out = 0. */
export function clearWord(out: usize): void {
  setLimbs(out, 0, 0, 0, 0);
}

/** Writes four limbs, least significant first. */
export function setLimbs(out: usize, limb0: u64, limb1: u64, limb2: u64, limb3: u64): void {
  store<u64>(out, limb0);
  store<u64>(out, limb1, 8);
  store<u64>(out, limb2, 16);
  store<u64>(out, limb3, 24);
}

/** a = 0. */
export function isZeroWord(a: usize): bool {
  return (load<u64>(a) | load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) === 0;
}

/** Whether a < 2^64, so that its value is `load<u64>(a)`. */
export function fitsUint64(a: usize): bool {
  return (load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) === 0;
}

/** a = b. */
export function equalWords(a: usize, b: usize): bool {
  return (
    ((load<u64>(a) ^ load<u64>(b)) |
      (load<u64>(a, 8) ^ load<u64>(b, 8)) |
      (load<u64>(a, 16) ^ load<u64>(b, 16)) |
      (load<u64>(a, 24) ^ load<u64>(b, 24))) ===
    0
  );
}

/** a < b. */
export function lessThan(a: usize, b: usize): bool {
  if (load<u64>(a, 24) !== load<u64>(b, 24)) return load<u64>(a, 24) < load<u64>(b, 24);
  if (load<u64>(a, 16) !== load<u64>(b, 16)) return load<u64>(a, 16) < load<u64>(b, 16);
  if (load<u64>(a, 8) !== load<u64>(b, 8)) return load<u64>(a, 8) < load<u64>(b, 8);
  return load<u64>(a) < load<u64>(b);
}

/** a < b as two's complement. */
export function signedLessThan(a: usize, b: usize): bool {
  const aIsNegative = isNegative(a);
  return aIsNegative !== isNegative(b) ? aIsNegative : lessThan(a, b);
}

/** a < 0 as two's complement. */
export function isNegative(a: usize): bool {
  return load<i64>(a, 24) < 0;
}

/** out = -a. */
export function negateWord(out: usize, a: usize): void {
  setLimbs(out, ~load<u64>(a), ~load<u64>(a, 8), ~load<u64>(a, 16), ~load<u64>(a, 24));
  let i: usize = 0;
  do {
    store<u64>(out + i, load<u64>(out + i) + 1);
    if (load<u64>(out + i) !== 0) return;
    i += 8;
  } while (i < 32);
}

/** out = a + b; true when it wrapped. */
export function addWords(out: usize, a: usize, b: usize): bool {
  let x = load<u64>(a);
  const sum0 = x + load<u64>(b);
  let carry: u64 = u64(sum0 < x);
  x = load<u64>(a, 8);
  let y = load<u64>(b, 8) + carry;
  const sum1 = x + y;
  carry = u64(y < carry) | u64(sum1 < x);
  x = load<u64>(a, 16);
  y = load<u64>(b, 16) + carry;
  const sum2 = x + y;
  carry = u64(y < carry) | u64(sum2 < x);
  x = load<u64>(a, 24);
  y = load<u64>(b, 24) + carry;
  const sum3 = x + y;
  carry = u64(y < carry) | u64(sum3 < x);
  setLimbs(out, sum0, sum1, sum2, sum3);
  return carry !== 0;
}

/** out = a - b; true when it wrapped (a < b). */
export function subtractWords(out: usize, a: usize, b: usize): bool {
  let x = load<u64>(a);
  let y = load<u64>(b);
  const difference0 = x - y;
  let borrow: u64 = u64(x < y);
  x = load<u64>(a, 8);
  y = load<u64>(b, 8);
  const difference1 = x - y - borrow;
  borrow = u64(x < y) | (u64(x === y) & borrow);
  x = load<u64>(a, 16);
  y = load<u64>(b, 16);
  const difference2 = x - y - borrow;
  borrow = u64(x < y) | (u64(x === y) & borrow);
  x = load<u64>(a, 24);
  y = load<u64>(b, 24);
  const difference3 = x - y - borrow;
  borrow = u64(x < y) | (u64(x === y) & borrow);
  setLimbs(out, difference0, difference1, difference2, difference3);
  return borrow !== 0;
}

/** Number of bits of a without leading zeros; 0 for 0. */
export function bitLength(a: usize): i32 {
  for (let i: i32 = 3; i > 0; i -= 1) {
    const limb = load<u64>(a + ((<usize>i) << 3));
    if (limb !== 0) return (i << 6) + 64 - <i32>clz<u64>(limb);
  }
  return 64 - <i32>clz<u64>(load<u64>(a));
}

/** Number of bytes of a without leading zeros; 0 for 0. */
export function byteLength(a: usize): i32 {
  return (bitLength(a) + 7) >> 3;
}

/** out = the 32 bytes at `source`, most significant first. */
export function loadBigEndian(out: usize, source: usize): void {
  const limb3 = bswap<u64>(load<u64>(source));
  const limb2 = bswap<u64>(load<u64>(source, 8));
  const limb1 = bswap<u64>(load<u64>(source, 16));
  const limb0 = bswap<u64>(load<u64>(source, 24));
  setLimbs(out, limb0, limb1, limb2, limb3);
}

/** out = the `length` (at most 32) bytes at `source`, most significant first; `out` does not overlap them. */
export function loadBigEndianBytes(out: usize, source: usize, length: usize): void {
  clearWord(out);
  for (let i: usize = 0; i < length; i += 1) {
    store<u8>(out + (length - 1 - i), load<u8>(source + i));
  }
}

/** Writes a as 32 bytes, most significant first. */
export function storeBigEndian(destination: usize, a: usize): void {
  setLimbs(
    destination,
    bswap<u64>(load<u64>(a, 24)),
    bswap<u64>(load<u64>(a, 16)),
    bswap<u64>(load<u64>(a, 8)),
    bswap<u64>(load<u64>(a)),
  );
}

/** out = the address at `address` (20 bytes) as an integer. */
export function loadAddress(out: usize, address: usize): void {
  const limb2: u64 = bswap<u32>(load<u32>(address));
  const limb1 = bswap<u64>(load<u64>(address, 4));
  const limb0 = bswap<u64>(load<u64>(address, 12));
  setLimbs(out, limb0, limb1, limb2, 0);
}

/** Writes the low 160 bits of a as an address (20 bytes). */
export function storeAddress(destination: usize, a: usize): void {
  const limb0 = load<u64>(a);
  const limb1 = load<u64>(a, 8);
  store<u32>(destination, bswap<u32>(<u32>load<u64>(a, 16)));
  store<u64>(destination, bswap<u64>(limb1), 4);
  store<u64>(destination, bswap<u64>(limb0), 12);
}
