/** Instructions that read or copy ranges of bytes (Yellow Paper, appendix H; EIP-211, 5656). */
import { keccak256 } from "../crypto/keccak.ts";
import { haltReturnDataOutOfBounds } from "../interface.ts";
import { fitsUint64, lessThan, loadBigEndian } from "../math/word.ts";
import { copyBytes, moveBytes, zeroBytes } from "../memory/bytes.ts";
import { Frame, halted } from "./frame.ts";
import { gasCopyWord, gasHashWord, wordCount } from "./gas.ts";
import { expandMemory, memoryAt } from "./memory.ts";
import { returnData, returnDataLength } from "./return-data.ts";

const CALLDATACOPY: usize = 0x37;
const CODECOPY: usize = 0x39;
const RETURNDATACOPY: usize = 0x3e;
const MCOPY: usize = 0x5e;

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

/** CALLDATALOAD: replaces the offset on top of the stack. */
export function loadInput(frame: Frame, sp: usize): void {
  const offset = load<u64>(sp);
  const isInside = fitsUint64(sp) && offset < frame.inputLength;
  if (isInside && offset + 32 <= frame.inputLength) {
    loadBigEndian(sp, frame.input + <usize>offset);
  } else {
    copyPadded(wordScratch, 32, sp, frame.input, frame.inputLength);
    loadBigEndian(sp, wordScratch);
  }
}

/** CALLDATACOPY, CODECOPY, RETURNDATACOPY, MCOPY. Stack: memory offset, source offset, length. */
export function copyToMemory(frame: Frame, opcode: usize, sp: usize, gas: i64): i64 {
  const isInside = opcode !== RETURNDATACOPY || isWithinReturnData(sp + 32, sp + 64);
  if (!isInside) return halted(frame, haltReturnDataOutOfBounds);
  // MCOPY also reads memory: its price is that of the farther end
  const isFromMemory = opcode === MCOPY && lessThan(sp, sp + 32);
  gas = expandMemory(frame, isFromMemory ? sp + 32 : sp, sp + 64, gas);
  if (gas < 0) return gas;
  const length = <usize>load<u64>(sp, 64);
  gas -= gasCopyWord * wordCount(length);
  if (gas < 0) return gas;
  const to = memoryAt(frame, sp, length);
  if (opcode === CALLDATACOPY) copyPadded(to, length, sp + 32, frame.input, frame.inputLength);
  else if (opcode === CODECOPY) copyPadded(to, length, sp + 32, frame.code, frame.codeSize);
  else if (opcode === MCOPY) moveBytes(to, memoryAt(frame, sp + 32, length), length);
  else copyPadded(to, length, sp + 32, returnData, returnDataLength);
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

/** Behind the return data there are no zeros: reading there fails (EIP-211). */
function isWithinReturnData(offset: usize, length: usize): bool {
  if (!fitsUint64(offset) || !fitsUint64(length)) return false;
  const size = <u64>returnDataLength;
  return load<u64>(offset) <= size && load<u64>(length) <= size - load<u64>(offset);
}
