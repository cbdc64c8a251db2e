/** Random programs: sequences of statements that mostly make sense, so that much of them runs before they fail. */
import type { Prng } from "@sequorum/testkit";
import { Assembler, type Label } from "./assembler.ts";
import { emitCall, emitPrecompileCall } from "./calls.ts";
import { emitCreation } from "./creations.ts";
import { op } from "./opcodes.ts";
import {
  pickWeighted,
  randomBytes,
  randomOffset,
  randomSize,
  randomWord,
  type Weighted,
} from "./random.ts";
import {
  askingOpcodes,
  emitAddress,
  emitValue,
  sink,
  type Surroundings,
  type Writer,
} from "./writer.ts";

type Statement = (writer: Writer) => void;

const nestingMax = 2;
/** Bytes at most of a program that another one carries. */
const nestedBytesMax = 600;

/** A random program. */
export function randomProgram(prng: Prng, around: Surroundings, nesting = 0): Uint8Array {
  const kind = prng.next();
  if (kind < 0.02) return randomBytes(prng, prng.integer(0, 80));
  const writer: Writer = {
    prng,
    code: new Assembler(),
    around,
    nested: nesting < nestingMax ? () => randomProgram(prng, around, nesting + 1) : undefined,
    depth: 0,
    budget: nesting === 0 ? prng.integer(1, 30) : prng.integer(1, 6),
  };
  while (writer.budget > 0) writeStatement(writer);
  if (prng.chance(0.6)) writeEnd(writer);
  const code = writer.code.finish();
  return nesting > 0 && code.length > nestedBytesMax ? code.subarray(0, nestedBytesMax) : code;
}

const unary = [op.ISZERO, op.NOT, op.CALLDATALOAD, op.BLOCKHASH, op.BLOBHASH];
const binary = [
  ...[op.ADD, op.MUL, op.SUB, op.DIV, op.SDIV, op.MOD, op.SMOD, op.EXP, op.SIGNEXTEND, op.LT],
  ...[op.GT, op.SLT, op.SGT, op.EQ, op.AND, op.OR, op.XOR, op.BYTE, op.SHL, op.SHR, op.SAR],
];
const ternary = [op.ADDMOD, op.MULMOD];

function writeArithmetic(writer: Writer): void {
  const { prng, code } = writer;
  const [operands, opcodes] = prng.pick([
    [1, unary],
    [2, binary],
    [2, binary],
    [2, binary],
    [2, binary],
    [3, ternary],
  ] as const);
  for (let i = 0; i < operands; i++) {
    emitValue(writer);
    writer.depth += 1;
  }
  writer.depth -= operands;
  code.emit(prng.pick<number>(opcodes));
  sink(writer);
}

function writeAsking(writer: Writer): void {
  const { prng, code } = writer;
  if (prng.chance(0.5)) {
    code.emit(prng.pick(askingOpcodes));
    return sink(writer);
  }
  emitAddress(writer);
  code.emit(prng.pick([op.BALANCE, op.EXTCODESIZE, op.EXTCODEHASH]));
  sink(writer);
}

/** Stores few values into few slots, so that every transition of a slot occurs. */
function writeStorage(writer: Writer): void {
  const { prng, code } = writer;
  const slot = prng.chance(0.95) ? BigInt(prng.integer(0, 4)) : randomWord(prng);
  const isTransient = prng.chance(0.3);
  if (prng.chance(0.35)) {
    code.push(slot);
    code.emit(isTransient ? op.TLOAD : op.SLOAD);
    return sink(writer);
  }
  if (prng.chance(0.7)) code.push(BigInt(prng.integer(0, 2)));
  else emitValue(writer);
  code.push(slot);
  code.emit(isTransient ? op.TSTORE : op.SSTORE);
}

function writeMemory(writer: Writer): void {
  const { prng, code } = writer;
  const kind = prng.integer(0, 4);
  if (kind === 0) {
    code.push(randomOffset(prng));
    code.emit(op.MLOAD);
    return sink(writer);
  }
  if (kind === 1) {
    code.push(randomSize(prng));
    code.push(randomOffset(prng));
    code.emit(op.KECCAK256);
    return sink(writer);
  }
  if (kind === 2) {
    emitValue(writer);
    code.push(randomOffset(prng));
    return code.emit(prng.pick([op.MSTORE, op.MSTORE8]));
  }
  code.push(randomSize(prng));
  code.push(randomOffset(prng));
  code.push(randomOffset(prng));
  const opcode = prng.pick([op.CALLDATACOPY, op.CODECOPY, op.MCOPY, op.MCOPY, op.EXTCODECOPY]);
  if (opcode === op.EXTCODECOPY) emitAddress(writer);
  code.emit(opcode);
}

/** Mostly within what was returned: beyond it the frame fails. */
function writeReturnDataCopy({ prng, code }: Writer): void {
  const kind = prng.next();
  if (kind < 0.5) {
    code.emit(op.RETURNDATASIZE);
    code.push(0n);
  } else if (kind < 0.9) {
    code.push(prng.chance(0.7) ? 0n : 1n);
    code.push(0n);
  } else {
    code.push(randomSize(prng));
    code.push(randomOffset(prng));
  }
  code.push(randomOffset(prng));
  code.emit(op.RETURNDATACOPY);
}

function writeLog(writer: Writer): void {
  const { prng, code } = writer;
  const topics = prng.integer(0, 4);
  for (let i = 0; i < topics; i++) {
    emitValue(writer);
    writer.depth += 1;
  }
  writer.depth -= topics;
  code.push(randomSize(prng));
  code.push(randomOffset(prng));
  code.emit(op.LOG0 + topics);
}

function writeStackPlay(writer: Writer): void {
  const { prng, code } = writer;
  const reach = prng.chance(0.02) ? 16 : Math.min(writer.depth, 16);
  if (reach === 0) return code.emit(op.JUMPDEST);
  const n = prng.integer(0, reach - 1);
  if (prng.chance(0.5)) return code.emit(op.SWAP1 + Math.max(0, n - 1));
  code.emit(op.DUP1 + n);
  sink(writer);
}

/** Many words on the stack, so that the far ones can be reached, too. */
function writeDeepStack({ prng, code }: Writer): void {
  const words = prng.integer(2, 17);
  for (let i = 0; i < words; i++) code.push(BigInt(i));
  for (let i = 0; i < 4; i++) {
    const n = prng.integer(0, Math.min(words, 16) - 1);
    code.emit(prng.chance(0.5) ? op.SWAP1 + Math.min(n, words - 2) : op.DUP1 + n);
    code.push(BigInt(prng.integer(0, 3)));
    code.emit(prng.pick([op.SSTORE, op.TSTORE, op.MSTORE]));
    code.push(0n);
  }
  for (let i = 0; i < words; i++) code.emit(op.POP);
}

/** if (value) { ... } */
function writeCondition(writer: Writer): void {
  const end = writer.code.label();
  emitValue(writer);
  if (writer.prng.chance(0.5)) writer.code.emit(op.ISZERO);
  writer.code.pushLabel(end);
  writer.code.emit(op.JUMPI);
  writeBody(writer, writer.prng.integer(1, 4));
  writer.code.place(end);
}

/** A loop of a few rounds, whose counter lies on the stack. */
function writeLoop(writer: Writer): void {
  const { prng, code } = writer;
  const start = code.label();
  code.push(BigInt(prng.chance(0.03) ? prng.integer(50, 400) : prng.integer(1, 6)));
  code.place(start);
  writer.depth += 1;
  writeBody(writer, prng.integer(1, 3));
  writer.depth -= 1;
  code.push(1n);
  code.emit(op.SWAP1, op.SUB, op.DUP1);
  code.pushLabel(start);
  code.emit(op.JUMPI, op.POP);
}

/** Statements that leave the stack as it was. */
function writeBody(writer: Writer, statements: number): void {
  const depth = writer.depth;
  for (let i = 0; i < statements; i++) writeStatement(writer);
  for (; writer.depth > depth; writer.depth--) writer.code.emit(op.POP);
}

/** A jump over bytes that never run; seldom one that lands in them or nowhere. */
function writeJump(writer: Writer): void {
  const { prng, code } = writer;
  const target: Label = code.label();
  const kind = prng.next();
  if (kind < 0.06) code.push(randomOffset(prng));
  else code.pushLabel(target);
  if (kind > 0.97) {
    code.push(1n);
    code.emit(op.ADD);
  }
  code.emit(op.JUMP);
  // pushes whose data may look like instructions
  code.emit(...randomBytes(prng, prng.integer(0, 6)));
  code.emit(...Array.from({ length: 32 }, () => op.JUMPDEST));
  code.place(target);
}

/** One word after another until the stack is full, or taken until it is empty. */
function writeFlood({ prng, code }: Writer): void {
  const start = code.label();
  code.place(start);
  code.emit(prng.chance(0.6) ? op.GAS : op.POP);
  code.pushLabel(start);
  code.emit(op.JUMP);
}

function writeRaw({ prng, code }: Writer): void {
  code.emit(...randomBytes(prng, prng.integer(1, 3)));
}

function writeEnd(writer: Writer): void {
  const { prng, code } = writer;
  const kind = prng.next();
  if (kind < 0.15) return code.emit(op.STOP);
  if (kind < 0.8) {
    code.push(randomSize(prng));
    code.push(randomOffset(prng));
    return code.emit(kind < 0.55 ? op.RETURN : op.REVERT);
  }
  if (kind < 0.93) {
    emitAddress(writer);
    return code.emit(op.SELFDESTRUCT);
  }
  code.emit(prng.chance(0.5) ? op.INVALID : prng.integer(0, 255));
}

/** if (value) { end } */
function writeConditionalEnd(writer: Writer): void {
  const { code, prng } = writer;
  const end = code.label();
  if (prng.chance(0.7)) code.push(1n);
  else emitValue(writer);
  code.pushLabel(end);
  code.emit(op.JUMPI);
  writeEnd(writer);
  code.place(end);
}

const statements: Weighted<Statement> = [
  [20, writeArithmetic],
  [8, writeAsking],
  [12, writeStorage],
  [12, writeMemory],
  [3, writeReturnDataCopy],
  [3, writeLog],
  [4, writeStackPlay],
  [1.5, writeDeepStack],
  [5, writeCondition],
  [2, writeLoop],
  [2, writeJump],
  [0.2, writeFlood],
  [0.6, writeRaw],
  [1.5, writeConditionalEnd],
  [10, emitCall],
  [3, emitPrecompileCall],
  [4, emitCreation],
];

/** Writes one statement and what it consists of. */
function writeStatement(writer: Writer): void {
  writer.budget -= 1;
  pickWeighted(writer.prng, statements)(writer);
}
