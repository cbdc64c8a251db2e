/** Frames: one for each message whose code runs (the machine state of Yellow Paper, 9.4.1), one behind the other. */
import { haltOutOfGas } from "../interface.ts";
import { allocate } from "../memory/arena.ts";
import { frameMemoryRegion, stackBytes, stackRegion } from "../memory/layout.ts";
import { Account } from "../state/account.ts";
import { Code } from "../state/code.ts";

/**
 * A running message. What it was given stays where its caller has it: the caller's stack and memory do not change while
 * it waits.
 */
@unmanaged
export class Frame {
  /** The frame that waits for this one; 0: none. */
  parent: Frame;
  /** The record for the next depth; 0: not made yet. */
  child: Frame;
  /** 0 for the transaction's own message. */
  depth: i32;

  // Machine state; the interpreter keeps pc, sp and gas in locals while the frame runs.
  /** Pointer to the next instruction. */
  pc: usize;
  /** Pointer to the top word; the stack grows downwards. */
  sp: usize;
  gas: i64;
  /** Where the stack begins: the value of `sp` when it is empty. */
  stackBase: usize;
  memoryBase: usize;
  /** Bytes, a multiple of 32. */
  memorySize: usize;
  /** Gas that the memory has cost. */
  memoryGas: i64;

  /** The code, followed by at least 33 zero bytes. */
  code: usize;
  /** Bytes. */
  codeSize: usize;
  /** One bit a byte of code (jump-destinations.ts); 0: not analysed yet. */
  jumpDestinations: usize;
  /** The code's record in the state; 0: init code, which is in the frame's part of the frame memory. */
  codeRecord: Code;

  /** The account on whose behalf the code runs. */
  account: Account;
  /** Address. */
  caller: usize;
  /** Word, wei. */
  value: usize;
  input: usize;
  inputLength: usize;
  isStatic: bool;
  isCreation: bool;
  /** State to which the frame's failure returns. */
  checkpoint: usize;

  /** Why an instruction fails, when it is not for want of gas. */
  halt: i32;
  /** What the frame returns. */
  output: usize;
  outputLength: usize;

  // Of the call or creation that the frame waits for.
  /** Where in its memory the output goes; nothing goes anywhere for a creation. */
  returnTo: usize;
  returnLengthMax: usize;
}

/** In place of a frame where there is none. */
export const noFrame: Frame = changetype<Frame>(0);

let firstFrame: Frame = changetype<Frame>(0);

/** Start of a run. */
export function resetFrames(): void {
  firstFrame = changetype<Frame>(0);
}

/** A frame below `parent` (0: the first of a transaction), with empty stack and memory. The rest is the caller's to set. */
export function openFrame(parent: Frame): Frame {
  const frame = frameBelow(parent);
  frame.memorySize = 0;
  frame.memoryGas = 0;
  frame.sp = frame.stackBase;
  frame.halt = haltOutOfGas;
  // a pointer that nobody set, near the end of the address space, would make copying nothing go round
  frame.output = 0;
  frame.outputLength = 0;
  frame.memoryBase = freeMemory(parent);
  return frame;
}

/** Where the frame memory behind `frame` (0: all of it) is not used. */
export function freeMemory(frame: Frame): usize {
  return frame ? frame.memoryBase + frame.memorySize : frameMemoryRegion;
}

/** Fails the instruction for another reason than gas; answers what its handler has to answer. */
export function halted(frame: Frame, halt: i32): i64 {
  frame.halt = halt;
  return -1;
}

function frameBelow(parent: Frame): Frame {
  const known = parent ? parent.child : firstFrame;
  if (known) return known;
  const frame = changetype<Frame>(allocate(offsetof<Frame>()));
  frame.parent = parent;
  frame.child = noFrame;
  frame.depth = parent ? parent.depth + 1 : 0;
  frame.stackBase = stackRegion + <usize>(frame.depth + 1) * stackBytes;
  if (parent) parent.child = frame;
  else firstFrame = frame;
  return frame;
}
