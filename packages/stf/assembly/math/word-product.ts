/** Products of words, from 64 x 64 bits to 128 by four 32-bit products. */
import { bitLength, fitsUint64, isZeroWord, setLimbs, setWord } from "./word.ts";
import { zeroBytes } from "../memory/bytes.ts";

/** Upper 64 bits of the last `multiplyAdd`. */
let high: u64 = 0;
const product: usize = memory.data(64);

/** out = a * b. */
export function multiplyWords(out: usize, a: usize, b: usize): void {
  const a0 = load<u64>(a);
  const b0 = load<u64>(b);
  if (fitsUint64(a) && fitsUint64(b)) {
    const low = multiplyAdd(a0, b0, 0, 0);
    setLimbs(out, low, high, 0, 0);
    return;
  }
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  const b1 = load<u64>(b, 8);
  const b2 = load<u64>(b, 16);
  const limb0 = multiplyAdd(a0, b0, 0, 0);
  let limb1 = multiplyAdd(a1, b0, high, 0);
  let limb2 = multiplyAdd(a2, b0, high, 0);
  let limb3 = load<u64>(a, 24) * b0 + high;
  limb1 = multiplyAdd(a0, b1, limb1, 0);
  limb2 = multiplyAdd(a1, b1, limb2, high);
  limb3 += a2 * b1 + high;
  limb2 = multiplyAdd(a0, b2, limb2, 0);
  limb3 += a1 * b2 + high;
  limb3 += a0 * load<u64>(b, 24);
  setLimbs(out, limb0, limb1, limb2, limb3);
}

/** out = a * b; true when the product is 2^256 or more. */
export function multiplyOverflows(out: usize, a: usize, b: usize): bool {
  multiplyFull(product, a, b);
  setLimbs(
    out,
    load<u64>(product),
    load<u64>(product, 8),
    load<u64>(product, 16),
    load<u64>(product, 24),
  );
  return !isZeroWord(product + 32);
}

/** Writes a * b as 64 bytes, least significant first; `out` overlaps neither. */
export function multiplyFull(out: usize, a: usize, b: usize): void {
  zeroBytes(out, 64);
  for (let i: usize = 0; i < 32; i += 8) {
    const limb = load<u64>(b + i);
    if (limb === 0) continue;
    let carry: u64 = 0;
    for (let j: usize = 0; j < 32; j += 8) {
      const at = out + i + j;
      store<u64>(at, multiplyAdd(load<u64>(a + j), limb, load<u64>(at), carry));
      carry = high;
    }
    store<u64>(out + i, carry, 32);
  }
}

/** out = base ^ exponent, by squaring. */
export function exponentiate(out: usize, base: usize, exponent: usize): void {
  setWord(product, 1);
  for (let bit = bitLength(exponent) - 1; bit >= 0; bit -= 1) {
    multiplyWords(product, product, product);
    const limb = load<u64>(exponent + ((<usize>bit >> 6) << 3));
    if (((limb >> (<u64>bit & 63)) & 1) !== 0) multiplyWords(product, product, base);
  }
  setLimbs(
    out,
    load<u64>(product),
    load<u64>(product, 8),
    load<u64>(product, 16),
    load<u64>(product, 24),
  );
}

/** Low 64 bits of a * b + c + d, which never exceeds 128 bits; the upper ones go to `high`. */
function multiplyAdd(a: u64, b: u64, c: u64, d: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >> 32);
  const other = aLow * bHigh + (middle & 0xffffffff);
  let upper = aHigh * bHigh + (middle >> 32) + (other >> 32);
  let result = (other << 32) | (low & 0xffffffff);
  result += c;
  upper += u64(result < c);
  result += d;
  upper += u64(result < d);
  high = upper;
  return result;
}
