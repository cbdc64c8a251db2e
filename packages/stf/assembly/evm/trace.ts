/**
 * Structured trace (EIP-3155). Each executed instruction is emitted as RLP [depth, pc, opcode, gas before, cost, refund
 * counter, [stack, bottom first], memory before, halt]; memory is empty unless asked for. A step is written when its
 * instruction begins and emitted when its cost is known.
 */
import { writeBytes, writeListHeader, writeUint64, writeWord } from "../codec/rlp-writer.ts";
import { emit } from "../host.ts";
import { haltOutOfGas, outputTraceStep } from "../interface.ts";
import { allocate } from "../memory/arena.ts";
import { copyBytes } from "../memory/bytes.ts";
import { refundCounter } from "../state/refund.ts";
import { Frame } from "./frame.ts";
import { activateOpcodes, instructionFault, staticGas } from "./opcode-table.ts";

/** Room for what is neither stack nor memory. */
const fieldBytes: usize = 256;
const wordBytesMax: usize = 33;

/** Whether instructions are traced. */
export let isTracing: bool = false;

let hasMemory: bool = false;
/** Whether there is a step that is not emitted yet. */
let isPending: bool = false;
let depth: u64 = 0;
let pc: u64 = 0;
let opcode: usize = 0;
let gasBefore: i64 = 0;
let refund: i64 = 0;
/** Stack and memory of the step, as RLP, and a place as large to put the whole step. */
let content: usize = 0;
let contentLength: usize = 0;
let contentCapacity: usize = 0;

/** Start of a run: no trace. */
export function resetTrace(): void {
  isTracing = false;
  hasMemory = false;
  isPending = false;
  contentCapacity = 0;
}

/** Traces from now on, until `stopTrace`. */
export function startTrace(withMemory: bool): void {
  isTracing = true;
  hasMemory = withMemory;
  isPending = false;
  activateOpcodes(false);
}

/** Traces no more. */
export function stopTrace(): void {
  isTracing = false;
  activateOpcodes(true);
}

/**
 * Stands for the check of an instruction while tracing: writes its step, takes its static price, and answers the gas
 * left, negative when it cannot be executed.
 */
export function traceInstruction(frame: Frame, at: usize, sp: usize, gas: i64): i64 {
  if (isPending) endTraceStep(gas);
  opcode = <usize>load<u8>(at);
  depth = <u64>frame.depth + 1;
  pc = <u64>(at - frame.code);
  gasBefore = gas;
  refund = refundCounter();
  writeContent(frame, sp);
  isPending = true;
  const gasAfter = gas - staticGas(opcode);
  const fault = instructionFault(opcode, gasAfter, frame.stackBase - sp);
  if (fault === 0) return gasAfter;
  frame.halt = fault;
  return gasAfter < 0 ? gasAfter : -1;
}

/** Emits the step that waits for its cost; `gas` is what the frame has left after the instruction. */
export function endTraceStep(gas: i64): void {
  emitStep(gas, 0);
}

/** Emits the step of an instruction that made the frame fail. */
export function failTraceStep(gas: i64, halt: i32): void {
  emitStep(halt === haltOutOfGas ? gas : gasBefore - staticGas(opcode), halt);
}

function emitStep(gas: i64, halt: i32): void {
  if (!isPending) return;
  isPending = false;
  const scratch = content + contentCapacity;
  let end = scratch;
  end = writeUint64(end, depth);
  end = writeUint64(end, pc);
  end = writeUint64(end, opcode);
  end = writeUint64(end, gasBefore);
  end = writeUint64(end, gasBefore - gas);
  end = writeUint64(end, refund);
  copyBytes(end, content, contentLength);
  end = writeUint64(end + contentLength, halt);
  const length = end - scratch;
  const start = writeListHeader(end, length);
  copyBytes(start, scratch, length);
  emit(outputTraceStep, end, start + length - end);
}

/** Writes the stack, bottom first, and the memory as RLP. */
function writeContent(frame: Frame, sp: usize): void {
  const stackBase = frame.stackBase;
  const words = (stackBase - sp) >> 5;
  const memoryLength = hasMemory ? frame.memorySize : 0;
  reserve(words * wordBytesMax + memoryLength + fieldBytes);
  const payload = content + 16;
  let end = payload;
  for (let word = stackBase - 32; word >= sp; word -= 32) end = writeWord(end, word);
  const length = end - payload;
  const start = writeListHeader(content, length);
  copyBytes(start, payload, length);
  end = writeBytes(start + length, frame.memoryBase, memoryLength);
  contentLength = end - content;
}

/** Makes `content` hold at least `size` bytes, and three times that in all. */
function reserve(size: usize): void {
  if (size <= contentCapacity) return;
  contentCapacity = size << 1;
  content = allocate(contentCapacity * 3 + 2 * fieldBytes);
}
