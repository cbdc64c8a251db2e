/** Instructions that read or copy ranges of bytes (Yellow Paper, appendix H; EIP-211, 5656). */
import { keccak256 } from "../crypto/keccak.ts";
import { haltReturnDataOutOfBounds } from "../interface.ts";
import { fitsUint64, lessThan, loadBigEndian } from "../math/word.ts";
import { copyBytes, moveBytes, zeroBytes } from "../memory/bytes.ts";
import { Frame, halted } from "./frame.ts";
import { gasCopyWord, gasHashWord, wordCount } from "./gas.ts";
import { expandMemory, memoryAt } from "./memory.ts";
import { returnData, returnDataLength } from "./return-data.ts";

const wordScratch: usize = memory.data(32);

/** KECCAK256. Stack: offset, length (replaced). Handlers answer the gas left, negative on failure. */
export function hashMemory(frame: Frame, sp: usize, gas: i64): i64 {
  gas = expandMemory(frame, sp, sp + 32, gas);
  if (gas < 0) return gas;
  const length = <usize>load<u64>(sp, 32);
  gas -= gasHashWord * wordCount(length);
  if (gas < 0) return gas;
  keccak256(memoryAt(frame, sp, length), length, wordScratch);
  loadBigEndian(sp + 32, wordScratch);
  return gas;
}

/** CALLDATALOAD of what is not wholly inside the input: replaces the offset on top of the stack. */
export function loadInputEnd(frame: Frame, sp: usize): void {
  copyPadded(wordScratch, 32, sp, frame.input, frame.inputLength);
  loadBigEndian(sp, wordScratch);
}

/** CALLDATACOPY. Stack: memory offset, input offset, length. */
export function copyInput(frame: Frame, sp: usize, gas: i64): i64 {
  return copyToMemory(frame, sp, gas, frame.input, frame.inputLength);
}

/** CODECOPY. Stack: memory offset, code offset, length. */
export function copyCode(frame: Frame, sp: usize, gas: i64): i64 {
  return copyToMemory(frame, sp, gas, frame.code, frame.codeSize);
}

/** RETURNDATACOPY. Stack: memory offset, data offset, length. There is no padding (EIP-211). */
export function copyReturnData(frame: Frame, sp: usize, gas: i64): i64 {
  if (!isWithinReturnData(sp + 32, sp + 64)) return halted(frame, haltReturnDataOutOfBounds);
  return copyToMemory(frame, sp, gas, returnData, returnDataLength);
}

/** MCOPY. Stack: destination, source, length. */
export function copyMemory(frame: Frame, sp: usize, gas: i64): i64 {
  const farther = lessThan(sp, sp + 32) ? sp + 32 : sp;
  gas = expandMemory(frame, farther, sp + 64, gas);
  if (gas < 0) return gas;
  const length = <usize>load<u64>(sp, 64);
  gas -= gasCopyWord * wordCount(length);
  if (gas < 0) return gas;
  moveBytes(memoryAt(frame, sp, length), memoryAt(frame, sp + 32, length), length);
  return gas;
}

/** Fills `destination` from `offset` (a word) of the source on; behind the source's end are zeros. */
export function copyPadded(
  destination: usize,
  length: usize,
  offset: usize,
  source: usize,
  sourceLength: usize,
): void {
  const isInside = fitsUint64(offset) && load<u64>(offset) < <u64>sourceLength;
  const from = isInside ? <usize>load<u64>(offset) : sourceLength;
  const copied = min(length, sourceLength - from);
  copyBytes(destination, source + from, copied);
  zeroBytes(destination + copied, length - copied);
}

function copyToMemory(frame: Frame, sp: usize, gas: i64, source: usize, sourceLength: usize): i64 {
  gas = expandMemory(frame, sp, sp + 64, gas);
  if (gas < 0) return gas;
  const length = <usize>load<u64>(sp, 64);
  gas -= gasCopyWord * wordCount(length);
  if (gas < 0) return gas;
  copyPadded(memoryAt(frame, sp, length), length, sp + 32, source, sourceLength);
  return gas;
}

function isWithinReturnData(offset: usize, length: usize): bool {
  if (!fitsUint64(offset) || !fitsUint64(length)) return false;
  const size = <u64>returnDataLength;
  return load<u64>(offset) <= size && load<u64>(length) <= size - load<u64>(offset);
}
