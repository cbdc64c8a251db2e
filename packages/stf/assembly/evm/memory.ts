/** Memory of a frame (Yellow Paper, 9.4.1 and appendix H): grows by words, costs gas, starts as zeros. */
import { zeroBytes } from "../memory/bytes.ts";
import { frameMemoryEnd } from "../memory/layout.ts";
import { fitsUint64, isZeroWord } from "../math/word.ts";
import { Frame } from "./frame.ts";
import { memoryGas, outOfGas } from "./gas.ts";

/**
 * Makes the frame's memory reach `length` bytes from `offset` (words) and charges for it; afterwards both fit into
 * usize, unless `length` is 0, when `offset` may be anything. Answers the gas left.
 */
export function expandMemory(frame: Frame, offset: usize, length: usize, gas: i64): i64 {
  if (isZeroWord(length)) return gas;
  if (!fitsUint64(offset) || !fitsUint64(length)) return outOfGas;
  return expandTo(frame, load<u64>(offset), load<u64>(length), gas);
}

/** As `expandMemory` for a length that the instruction sets. */
export function expandMemoryFor(frame: Frame, offset: usize, length: u64, gas: i64): i64 {
  return fitsUint64(offset) ? expandTo(frame, load<u64>(offset), length, gas) : outOfGas;
}

/** Count of the offsets, from 0 on, at which 32 bytes are inside the memory. */
export function wordOffsets(frame: Frame): u64 {
  return <u64>max(frame.memorySize, 31) - 31;
}

/**
 * Pointer to what is at `offset` (a word) after `expandMemory` with `length`; without a length the offset means nothing.
 */
export function memoryAt(frame: Frame, offset: usize, length: usize): usize {
  return length === 0 ? frame.memoryBase : frame.memoryBase + <usize>load<u64>(offset);
}

function expandTo(frame: Frame, offset: u64, length: u64, gas: i64): i64 {
  const isHuge = (offset | length) >> 36 !== 0;
  const end = offset + length;
  if (!isHuge && end <= frame.memorySize) return gas;
  // 2^36 bytes cost 2^53 gas, which no block has: such a frame may neither continue nor fail with an answer
  if (isHuge) return gas < (<i64>1) << 53 ? outOfGas : unreachable();
  const words = (end + 31) >> 5;
  const cost = memoryGas(words);
  const gasLeft = gas - (cost - frame.memoryGas);
  if (gasLeft < 0) return gasLeft;
  const size = words << 5;
  if (<u64>frame.memoryBase + size > <u64>frameMemoryEnd) return unreachable();
  frame.memoryGas = cost;
  zeroBytes(frame.memoryBase + frame.memorySize, <usize>size - frame.memorySize);
  frame.memorySize = <usize>size;
  return gasLeft;
}
