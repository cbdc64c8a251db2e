/**
 * Lengths and gas of precompile 5 (EIP-198, EIP-2565). The input is three lengths of 32 bytes, then base, exponent,
 * modulus; what is missing at its end is zeros. Lengths may be anything below 2^256, so gas is computed in words.
 */
import { divideWords } from "../math/word-division.ts";
import { multiplyWords } from "../math/word-product.ts";
import {
  addWords,
  bitLength,
  fitsUint64,
  isZeroWord,
  lessThan,
  loadBigEndian,
  loadBigEndianBytes,
  setLimbs,
  setWord,
} from "../math/word.ts";
import { copyPadded } from "./copy-instructions.ts";

const gasMin: i64 = 200;
const headerBytes: usize = 96;

const baseLength: usize = memory.data(32);
const exponentLength: usize = memory.data(32);
const modulusLength: usize = memory.data(32);
const offset: usize = memory.data(32);
const bytesScratch: usize = memory.data(32);
const complexity: usize = memory.data(32);
const iterations: usize = memory.data(32);

/** What the input costs; the highest i64 when it is that or more. */
export function exponentiationGas(input: usize, length: usize): i64 {
  readLengths(input, length);
  const longer = lessThan(baseLength, modulusLength) ? modulusLength : baseLength;
  if (isZeroWord(longer)) return gasMin;
  if (!fitsUint64(longer) || !fitsUint64(exponentLength)) return i64.MAX_VALUE;
  const longerBytes = load<u64>(longer);
  setWord(complexity, (longerBytes >> 3) + u64((longerBytes & 7) !== 0));
  multiplyWords(complexity, complexity, complexity);
  countIterations(input, length);
  // below 2^122 times below 2^68: no overflow
  multiplyWords(complexity, complexity, iterations);
  setWord(iterations, 3);
  divideWords(complexity, complexity, iterations);
  if (!fitsUint64(complexity) || load<i64>(complexity) < 0) return i64.MAX_VALUE;
  return max(gasMin, load<i64>(complexity));
}

/** Whether the output is empty whatever else the input says. */
export function hasNoModulus(input: usize, length: usize): bool {
  readLengths(input, length);
  return isZeroWord(modulusLength);
}

/** Length of the whole input by its own lengths, of an input whose gas was paid and that has a modulus. */
export function exponentiationInputBytes(input: usize, length: usize): usize {
  readLengths(input, length);
  const total = load<u64>(baseLength) + load<u64>(exponentLength) + load<u64>(modulusLength);
  // each length is bounded by the gas, which is below 2^63; what no memory can hold must not be cut to what it can
  if (total >> 31 !== 0) unreachable();
  return headerBytes + <usize>total;
}

function readLengths(input: usize, length: usize): void {
  readWordAt(baseLength, 0, input, length);
  readWordAt(exponentLength, 32, input, length);
  readWordAt(modulusLength, 64, input, length);
}

function readWordAt(out: usize, position: u64, input: usize, length: usize): void {
  setWord(offset, position);
  copyPadded(bytesScratch, 32, offset, input, length);
  loadBigEndian(out, bytesScratch);
}

/** Iterations by EIP-2565: bits of the exponent behind its first, judged by its first 32 bytes; at least 1. */
function countIterations(input: usize, length: usize): void {
  const bytes = load<u64>(exponentLength);
  const headBytes = <usize>min<u64>(bytes, 32);
  setWord(offset, headerBytes);
  addWords(offset, offset, baseLength);
  copyPadded(bytesScratch, headBytes, offset, input, length);
  loadBigEndianBytes(iterations, bytesScratch, headBytes);
  const headBits = max(bitLength(iterations), 1) - 1;
  const tailBytes = bytes - headBytes;
  setLimbs(iterations, tailBytes << 3, tailBytes >> 61, 0, 0);
  setWord(offset, headBits);
  addWords(iterations, iterations, offset);
  if (isZeroWord(iterations)) setWord(iterations, 1);
}
