/**
 * Division of words: Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D, with 32-bit digits, because 64 by 32
 * bits is what one instruction divides. A divisor of 0 gives 0 (Yellow Paper, appendix H).
 */
import { copy32, zeroBytes } from "../memory/bytes.ts";
import {
  addWords,
  clearWord,
  fitsUint64,
  isNegative,
  isZeroWord,
  lessThan,
  negateWord,
  setWord,
  subtractWords,
} from "./word.ts";
import { multiplyFull } from "./word-product.ts";

/** Dividend, then remainder: up to 16 digits and one that normalising needs. */
const dividend: usize = memory.data(72);
const divisor: usize = memory.data(32);
const quotient: usize = memory.data(72);
const left: usize = memory.data(32);
const right: usize = memory.data(32);

/** out = a / b, rounded down. */
export function divideWords(out: usize, a: usize, b: usize): void {
  if (fitsUint64(b)) {
    const small = load<u64>(b);
    if (small === 0) return clearWord(out);
    if (fitsUint64(a)) return setWord(out, load<u64>(a) / small);
  }
  if (lessThan(a, b)) return clearWord(out);
  loadDividend(a);
  divideDigits(8, b);
  copy32(out, quotient);
}

/** out = a mod b. */
export function remainderWords(out: usize, a: usize, b: usize): void {
  if (fitsUint64(b)) {
    const small = load<u64>(b);
    if (small === 0) return clearWord(out);
    if (fitsUint64(a)) return setWord(out, load<u64>(a) % small);
  }
  if (lessThan(a, b)) return copy32(out, a);
  loadDividend(a);
  divideDigits(8, b);
  copy32(out, dividend);
}

/** out = a / b in two's complement, rounded towards 0; -2^255 / -1 = -2^255. */
export function signedDivideWords(out: usize, a: usize, b: usize): void {
  const isResultNegative = isNegative(a) !== isNegative(b);
  absolute(left, a);
  absolute(right, b);
  divideWords(out, left, right);
  if (isResultNegative) negateWord(out, out);
}

/** out = a mod b in two's complement, with the sign of a. */
export function signedRemainderWords(out: usize, a: usize, b: usize): void {
  const isResultNegative = isNegative(a);
  absolute(left, a);
  absolute(right, b);
  remainderWords(out, left, right);
  if (isResultNegative) negateWord(out, out);
}

/** out = (a + b) mod m, without wrapping in between. */
export function addModulo(out: usize, a: usize, b: usize, m: usize): void {
  if (isZeroWord(m)) return clearWord(out);
  if (lessThan(a, m) && lessThan(b, m)) {
    const isOver = addWords(left, a, b) || !lessThan(left, m);
    if (isOver) subtractWords(left, left, m);
    return copy32(out, left);
  }
  zeroBytes(dividend, 72);
  store<u32>(dividend, u32(addWords(dividend, a, b)), 32);
  divideDigits(9, m);
  copy32(out, dividend);
}

/** out = (a * b) mod m, without wrapping in between. */
export function multiplyModulo(out: usize, a: usize, b: usize, m: usize): void {
  if (isZeroWord(m)) return clearWord(out);
  multiplyFull(dividend, a, b);
  divideDigits(16, m);
  copy32(out, dividend);
}

function absolute(out: usize, a: usize): void {
  if (isNegative(a)) negateWord(out, a);
  else copy32(out, a);
}

function loadDividend(a: usize): void {
  copy32(dividend, a);
}

/** Divides the first `length` digits of `dividend` by b, not 0: `quotient`, and the remainder in `dividend`. */
function divideDigits(length: i32, b: usize): void {
  zeroBytes(quotient, 72);
  let digits = 8;
  while (load<u32>(b + ((<usize>digits - 1) << 2)) === 0) digits -= 1;
  while (length > digits && digit(dividend, length - 1) === 0) length -= 1;
  if (digits === 1) return divideByDigit(length, load<u32>(b));
  const shift = clz<u32>(load<u32>(b + ((<usize>digits - 1) << 2)));
  copy32(divisor, b);
  shiftDigitsLeft(divisor, digits, shift);
  setDigit(dividend, length, 0);
  shiftDigitsLeft(dividend, length + 1, shift);
  for (let j = length - digits; j >= 0; j -= 1) {
    setDigit(quotient, j, divideStep(dividend + ((<usize>j) << 2), digits));
  }
  shiftDigitsRight(digits, shift);
  // what is above the remainder is 0 by now
}

function divideByDigit(length: i32, by: u64): void {
  let rest: u64 = 0;
  for (let j = length - 1; j >= 0; j -= 1) {
    const value = (rest << 32) | digit(dividend, j);
    setDigit(quotient, j, value / by);
    setDigit(dividend, j, 0);
    rest = value % by;
  }
  setDigit(dividend, 0, rest);
}

/** One digit of the quotient; subtracts its product with the divisor from the digits at `at` (D3 to D6). */
function divideStep(at: usize, digits: i32): u64 {
  const top = (digit(at, digits) << 32) | digit(at, digits - 1);
  const first = digit(divisor, digits - 1);
  let estimate = top / first;
  let rest = top % first;
  while (
    estimate > 0xffffffff ||
    estimate * digit(divisor, digits - 2) > ((rest << 32) | digit(at, digits - 2))
  ) {
    estimate -= 1;
    rest += first;
    if (rest > 0xffffffff) break;
  }
  let borrow: i64 = 0;
  let carry: u64 = 0;
  for (let i = 0; i < digits; i += 1) {
    carry += estimate * digit(divisor, i);
    const difference = <i64>digit(at, i) - <i64>(carry & 0xffffffff) + borrow;
    setDigit(at, i, difference);
    borrow = difference >> 32;
    carry >>= 32;
  }
  const difference = <i64>digit(at, digits) - <i64>carry + borrow;
  setDigit(at, digits, difference);
  if (difference >= 0) return estimate;
  addBack(at, digits);
  return estimate - 1;
}

function addBack(at: usize, digits: i32): void {
  let carry: u64 = 0;
  for (let i = 0; i < digits; i += 1) {
    carry += digit(at, i) + digit(divisor, i);
    setDigit(at, i, carry);
    carry >>= 32;
  }
  setDigit(at, digits, digit(at, digits) + carry);
}

function shiftDigitsLeft(at: usize, digits: i32, shift: u32): void {
  let carry: u64 = 0;
  for (let i = 0; i < digits; i += 1) {
    const value = (digit(at, i) << shift) | carry;
    setDigit(at, i, value);
    carry = value >> 32;
  }
}

/** Undoes the normalising shift on the remainder's digits. */
function shiftDigitsRight(digits: i32, shift: u32): void {
  for (let i = 0; i < digits; i += 1) {
    const value = (digit(dividend, i + 1) << 32) | digit(dividend, i);
    setDigit(dividend, i, value >> shift);
  }
  for (let i = digits; i < 8; i += 1) setDigit(dividend, i, 0);
}

function digit(at: usize, index: i32): u64 {
  return load<u32>(at + ((<usize>index) << 2));
}

function setDigit(at: usize, index: i32, value: u64): void {
  store<u32>(at + ((<usize>index) << 2), <u32>value);
}
