/**
 * Instructions on the words on top of the stack, the frequent ones with short ways for small numbers. Each result takes
 * the place of the deepest operand. The interpreter is their only caller, so they become part of its loop.
 */
import {
  addModulo,
  divideWords,
  multiplyModulo,
  remainderWords,
  signedDivideWords,
  signedRemainderWords,
} from "../math/word-division.ts";
import { multiplyWords } from "../math/word-product.ts";
import { byteOf, shiftRightArithmetic, signExtend } from "../math/word-shift.ts";
import { fitsUint64, lessThan, setLimbs, setWord, signedLessThan } from "../math/word.ts";

/** ADD. */
export function add(sp: usize): void {
  const x0 = load<u64>(sp);
  const x1 = load<u64>(sp, 8);
  const x2 = load<u64>(sp, 16);
  const sum0 = x0 + load<u64>(sp, 32);
  const carry0 = u64(sum0 < x0);
  const part1 = x1 + load<u64>(sp, 40);
  const sum1 = part1 + carry0;
  const carry1 = u64(part1 < x1) | u64(sum1 < carry0);
  const part2 = x2 + load<u64>(sp, 48);
  const sum2 = part2 + carry1;
  const carry2 = u64(part2 < x2) | u64(sum2 < carry1);
  const sum3 = load<u64>(sp, 24) + load<u64>(sp, 56) + carry2;
  setLimbs(sp + 32, sum0, sum1, sum2, sum3);
}

/** SUB: the top minus the one below. */
export function subtract(sp: usize): void {
  const x0 = load<u64>(sp);
  const x1 = load<u64>(sp, 8);
  const x2 = load<u64>(sp, 16);
  const y0 = load<u64>(sp, 32);
  const y1 = load<u64>(sp, 40);
  const y2 = load<u64>(sp, 48);
  const borrow0 = u64(x0 < y0);
  const part1 = x1 - y1;
  const borrow1 = u64(x1 < y1) | u64(part1 < borrow0);
  const part2 = x2 - y2;
  const borrow2 = u64(x2 < y2) | u64(part2 < borrow1);
  const difference3 = load<u64>(sp, 24) - load<u64>(sp, 56) - borrow2;
  setLimbs(sp + 32, x0 - y0, part1 - borrow0, part2 - borrow1, difference3);
}

/** MUL. */
export function multiply(sp: usize): void {
  const x = load<u64>(sp);
  const y = load<u64>(sp, 32);
  const isSmall = areSmall(sp) && (x | y) >> 32 === 0;
  if (isSmall) setWord(sp + 32, x * y);
  else multiplyWords(sp + 32, sp, sp + 32);
}

/** DIV. */
export function divide(sp: usize): void {
  const y = load<u64>(sp, 32);
  if (areSmall(sp) && y !== 0) store<u64>(sp, load<u64>(sp) / y, 32);
  else divideWords(sp + 32, sp, sp + 32);
}

/** MOD. */
export function remainder(sp: usize): void {
  const y = load<u64>(sp, 32);
  if (areSmall(sp) && y !== 0) store<u64>(sp, load<u64>(sp) % y, 32);
  else remainderWords(sp + 32, sp, sp + 32);
}

/** LT. */
export function isLess(sp: usize): void {
  const result = areSmall(sp) ? load<u64>(sp) < load<u64>(sp, 32) : lessThan(sp, sp + 32);
  setWord(sp + 32, u64(result));
}

/** GT. */
export function isGreater(sp: usize): void {
  const result = areSmall(sp) ? load<u64>(sp) > load<u64>(sp, 32) : lessThan(sp + 32, sp);
  setWord(sp + 32, u64(result));
}

/** AND. */
export function and(sp: usize): void {
  store<u64>(sp, load<u64>(sp) & load<u64>(sp, 32), 32);
  store<u64>(sp, load<u64>(sp, 8) & load<u64>(sp, 40), 40);
  store<u64>(sp, load<u64>(sp, 16) & load<u64>(sp, 48), 48);
  store<u64>(sp, load<u64>(sp, 24) & load<u64>(sp, 56), 56);
}

/** OR. */
export function or(sp: usize): void {
  store<u64>(sp, load<u64>(sp) | load<u64>(sp, 32), 32);
  store<u64>(sp, load<u64>(sp, 8) | load<u64>(sp, 40), 40);
  store<u64>(sp, load<u64>(sp, 16) | load<u64>(sp, 48), 48);
  store<u64>(sp, load<u64>(sp, 24) | load<u64>(sp, 56), 56);
}

/** XOR. */
export function xor(sp: usize): void {
  store<u64>(sp, load<u64>(sp) ^ load<u64>(sp, 32), 32);
  store<u64>(sp, load<u64>(sp, 8) ^ load<u64>(sp, 40), 40);
  store<u64>(sp, load<u64>(sp, 16) ^ load<u64>(sp, 48), 48);
  store<u64>(sp, load<u64>(sp, 24) ^ load<u64>(sp, 56), 56);
}

/** NOT. */
export function not(sp: usize): void {
  setLimbs(sp, ~load<u64>(sp), ~load<u64>(sp, 8), ~load<u64>(sp, 16), ~load<u64>(sp, 24));
}

/** SWAP: exchanges the top with another word. */
export function swap(sp: usize, other: usize): void {
  const limb0 = load<u64>(sp);
  const limb1 = load<u64>(sp, 8);
  const limb2 = load<u64>(sp, 16);
  const limb3 = load<u64>(sp, 24);
  setLimbs(sp, load<u64>(other), load<u64>(other, 8), load<u64>(other, 16), load<u64>(other, 24));
  setLimbs(other, limb0, limb1, limb2, limb3);
}

/** PUSH20. */
export function pushAddress(sp: usize, address: usize): void {
  const limb0 = bswap<u64>(load<u64>(address, 12));
  const limb1 = bswap<u64>(load<u64>(address, 4));
  setLimbs(sp, limb0, limb1, bswap<u32>(load<u32>(address)), 0);
}

/** PUSH9 to PUSH31: the `length` bytes that end at `end`. */
export function pushBytes(sp: usize, end: usize, length: usize): void {
  // what is in front of the operand is read with its uppermost limb and masked away
  const mask = u64.MAX_VALUE >> <u64>((64 - (length << 3)) & 63);
  const limb1 = bswap<u64>(load<u64>(end - 16));
  const limb2 = bswap<u64>(load<u64>(end - 24));
  const limb3 = bswap<u64>(load<u64>(end - 32));
  store<u64>(sp, bswap<u64>(load<u64>(end - 8)));
  store<u64>(sp, length < 16 ? limb1 & mask : limb1, 8);
  store<u64>(sp, length <= 16 ? 0 : length < 24 ? limb2 & mask : limb2, 16);
  store<u64>(sp, length <= 24 ? 0 : limb3 & mask, 24);
}

/** The less frequent instructions on two words. */
export function compute(opcode: usize, sp: usize): void {
  const below = sp + 32;
  switch (<u32>opcode) {
    case 0x05: // SDIV
      return signedDivideWords(below, sp, below);
    case 0x07: // SMOD
      return signedRemainderWords(below, sp, below);
    case 0x0b: // SIGNEXTEND
      return signExtend(below, sp, below);
    case 0x12: // SLT
      return setWord(below, u64(signedLessThan(sp, below)));
    case 0x13: // SGT
      return setWord(below, u64(signedLessThan(below, sp)));
    case 0x1a: // BYTE
      return byteOf(below, sp, below);
    default: // SAR (EIP-145)
      return shiftRightArithmetic(below, sp, below);
  }
}

/** ADDMOD and MULMOD. */
export function computeModulo(opcode: usize, sp: usize): void {
  const modulus = sp + 64;
  if (opcode === 0x08) addModulo(modulus, sp, sp + 32, modulus);
  else multiplyModulo(modulus, sp, sp + 32, modulus);
}

/** Whether both words on top are below 2^64. */
function areSmall(sp: usize): bool {
  return fitsUint64(sp) && fitsUint64(sp + 32);
}
