/** Shifts, sign extension and byte selection of words (EIP-145; Yellow Paper, appendix H). */
import { copy32 } from "../memory/bytes.ts";
import { clearWord, fitsUint64, isNegative, setLimbs, setWord } from "./word.ts";

/** out = value * 2^shift. */
export function shiftLeft(out: usize, shift: usize, value: usize): void {
  if (!fitsUint64(shift) || load<u64>(shift) > 255) return clearWord(out);
  const bits = load<u64>(shift);
  let a0 = load<u64>(value);
  let a1 = load<u64>(value, 8);
  let a2 = load<u64>(value, 16);
  let a3 = load<u64>(value, 24);
  if ((bits & 128) !== 0) {
    a3 = a1;
    a2 = a0;
    a1 = 0;
    a0 = 0;
  }
  if ((bits & 64) !== 0) {
    a3 = a2;
    a2 = a1;
    a1 = a0;
    a0 = 0;
  }
  const rest = bits & 63;
  if (rest !== 0) {
    a3 = (a3 << rest) | (a2 >> (64 - rest));
    a2 = (a2 << rest) | (a1 >> (64 - rest));
    a1 = (a1 << rest) | (a0 >> (64 - rest));
    a0 <<= rest;
  }
  setLimbs(out, a0, a1, a2, a3);
}

/** out = value / 2^shift, rounded down. */
export function shiftRight(out: usize, shift: usize, value: usize): void {
  shiftRightFilling(out, shift, value, 0);
}

/** As `shiftRight` for a value in two's complement. */
export function shiftRightArithmetic(out: usize, shift: usize, value: usize): void {
  shiftRightFilling(out, shift, value, isNegative(value) ? u64.MAX_VALUE : 0);
}

/** out = value, of which byte `index` (0 is the lowest) holds the sign. */
export function signExtend(out: usize, index: usize, value: usize): void {
  const isInside = fitsUint64(index) && load<u64>(index) < 31;
  const byte: usize = isInside ? <usize>load<u64>(index) : 31;
  copy32(out, value);
  const top = out + (byte & ~(<usize>7));
  const unused = <i64>((7 - (byte & 7)) << 3);
  const extended = (load<i64>(top) << unused) >> unused;
  store<i64>(top, extended);
  for (let limb = top + 8; limb < out + 32; limb += 8) store<i64>(limb, extended >> 63);
}

/** out = byte `index` of value; 0 is the most significant. */
export function byteOf(out: usize, index: usize, value: usize): void {
  const isInside = fitsUint64(index) && load<u64>(index) < 32;
  setWord(out, isInside ? load<u8>(value + (31 - <usize>load<u64>(index))) : 0);
}

function shiftRightFilling(out: usize, shift: usize, value: usize, fill: u64): void {
  if (!fitsUint64(shift) || load<u64>(shift) > 255) return setLimbs(out, fill, fill, fill, fill);
  const bits = load<u64>(shift);
  let a0 = load<u64>(value);
  let a1 = load<u64>(value, 8);
  let a2 = load<u64>(value, 16);
  let a3 = load<u64>(value, 24);
  if ((bits & 128) !== 0) {
    a0 = a2;
    a1 = a3;
    a2 = fill;
    a3 = fill;
  }
  if ((bits & 64) !== 0) {
    a0 = a1;
    a1 = a2;
    a2 = a3;
    a3 = fill;
  }
  const rest = bits & 63;
  if (rest !== 0) {
    a0 = (a0 >> rest) | (a1 << (64 - rest));
    a1 = (a1 >> rest) | (a2 << (64 - rest));
    a2 = (a2 >> rest) | (a3 << (64 - rest));
    a3 = (a3 >> rest) | (fill << (64 - rest));
  }
  setLimbs(out, a0, a1, a2, a3);
}
