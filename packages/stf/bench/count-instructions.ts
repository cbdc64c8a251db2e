/**
 * Makes a module count the instructions that it executes: a global is increased at the start of every basic block by the
 * number of the block's instructions. block, loop, else, end and nop are no instructions: they come to nothing when the
 * module is compiled. A trap within a block counts the whole block.
 */
import { readImmediates } from "../scripts/check-module.ts";
import { Reader } from "../scripts/wasm-module.ts";

/** Export of the counter, a mutable global of type i64. */
export const counterExport = "instructions";

const section = { import: 2, global: 6, export: 7, code: 10 } as const;
const i64 = 0x7e;
const globalKind = 3;
const opcode = {
  else: 0x05,
  end: 0x0b,
  globalGet: 0x23,
  globalSet: 0x24,
  i64Const: 0x42,
  i64Add: 0x7c,
};
/** unreachable, loop, if, else, end, br, br_if, br_table, return: a basic block ends with each. */
const lastOpcodes = new Set([0x00, 0x03, 0x04, 0x05, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f]);
/** nop, block, loop, else, end. */
const freeOpcodes = new Set([0x01, 0x02, 0x03, 0x05, 0x0b]);
const nestingOpcodes = new Set([0x02, 0x03, 0x04]);

/** The module with the counter. It has a global section and an export section, and imports no globals. */
export function countInstructions(wasm: Uint8Array): Uint8Array {
  const reader = new Reader(wasm);
  const out: Uint8Array[] = [reader.bytes(8)];
  let counter = -1;
  while (!reader.isAtEnd) {
    const id = reader.byte();
    const content = reader.bytes(reader.unsigned());
    if (id === section.global) counter = new Reader(content).unsigned();
    const changed = changeSection(id, content, counter);
    out.push(Uint8Array.of(id), unsigned(changed.length), changed);
  }
  return Buffer.concat(out);
}

function changeSection(id: number, content: Uint8Array, counter: number): Uint8Array {
  if (id === section.global) {
    return withItem(content, [i64, 1, opcode.i64Const, 0, opcode.end]);
  }
  if (id === section.export) {
    const name = Buffer.from(counterExport);
    return withItem(content, [name.length, ...name, globalKind, ...unsigned(counter)]);
  }
  return id === section.code ? countBodies(content, counter) : content;
}

/** A vector with one more item. */
function withItem(vector: Uint8Array, item: readonly number[]): Uint8Array {
  const reader = new Reader(vector);
  const count = reader.unsigned();
  return Buffer.concat([unsigned(count + 1), vector.subarray(reader.at), Uint8Array.from(item)]);
}

function countBodies(content: Uint8Array, counter: number): Uint8Array {
  const reader = new Reader(content);
  const bodies = reader.vector(() => countBody(reader.bytes(reader.unsigned()), counter));
  const sized = bodies.flatMap((body) => [unsigned(body.length), body]);
  return Buffer.concat([unsigned(bodies.length), ...sized]);
}

function countBody(body: Uint8Array, counter: number): Uint8Array {
  const reader = new Reader(body);
  reader.vector(() => [reader.unsigned(), reader.byte()]); // locals
  const out: Uint8Array[] = [body.subarray(0, reader.at)];
  let [blockStart, instructions, depth] = [reader.at, 0, 1];
  while (depth > 0) {
    const code = reader.byte();
    readImmediates(code, reader);
    if (!freeOpcodes.has(code)) instructions += 1;
    if (nestingOpcodes.has(code)) depth += 1;
    if (code === opcode.end) depth -= 1;
    if (!lastOpcodes.has(code)) continue;
    if (instructions > 0) out.push(increase(counter, instructions));
    out.push(body.subarray(blockStart, reader.at));
    [blockStart, instructions] = [reader.at, 0];
  }
  return Buffer.concat(out);
}

function increase(counter: number, by: number): Uint8Array {
  const index = unsigned(counter);
  return Uint8Array.from([
    ...[opcode.globalGet, ...index, opcode.i64Const, ...signed(by), opcode.i64Add],
    ...[opcode.globalSet, ...index],
  ]);
}

/** Unsigned LEB128. */
function unsigned(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  do {
    const low = left % 128;
    left = Math.floor(left / 128);
    bytes.push(left === 0 ? low : low + 128);
  } while (left > 0);
  return Uint8Array.from(bytes);
}

/** Signed LEB128 of a number that is not negative: its highest bit of seven must be clear. */
function signed(value: number): Uint8Array {
  const bytes = unsigned(value);
  const last = bytes.at(-1) ?? 0;
  if (last < 0x40) return bytes;
  return Uint8Array.from([...bytes.subarray(0, -1), last + 128, 0]);
}
