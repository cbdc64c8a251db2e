/** Where a code may be jumped to: JUMPDEST instructions outside of PUSH operands (Yellow Paper, 9.4.3). */
import { allocate } from "../memory/arena.ts";
import { zeroBytes } from "../memory/bytes.ts";
import { Frame } from "./frame.ts";

const JUMPDEST: u32 = 0x5b;
const PUSH1: u32 = 0x60;

/** Bytes of the bitmap of a code, one bit a byte of code, rounded up to words. */
export function bitmapBytes(codeSize: usize): usize {
  return ((codeSize + 255) >> 8) << 5;
}

/**
 * Analyses the frame's code at its first jump. The result is kept with the code's record; that of init code is in front
 * of the frame's memory, where openInitcode left room.
 */
export function findJumpDestinations(frame: Frame): usize {
  const code = frame.codeRecord;
  const size = bitmapBytes(frame.codeSize);
  let bitmap = code ? code.jumpDestinations : frame.memoryBase - size;
  if (bitmap === 0) bitmap = allocate(size);
  if (!code || code.jumpDestinations === 0) {
    zeroBytes(bitmap, size);
    markDestinations(bitmap, frame.code, frame.codeSize);
  }
  if (code) code.jumpDestinations = bitmap;
  frame.jumpDestinations = bitmap;
  return bitmap;
}

function markDestinations(bitmap: usize, code: usize, size: usize): void {
  for (let at: usize = 0; at < size; at += 1) {
    const opcode = <u32>load<u8>(code + at);
    if (opcode === JUMPDEST) {
      const place = bitmap + (at >> 3);
      store<u8>(place, load<u8>(place) | ((<u8>1) << (<u8>at & 7)));
    } else if (opcode - PUSH1 < 32) {
      at += opcode - PUSH1 + 1;
    }
  }
}
