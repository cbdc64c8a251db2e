/** Statements that call other code. */
import { op } from "./opcodes.ts";
import { precompileInput } from "./precompile-inputs.ts";
import { emitAddress, sink, type Writer } from "./writer.ts";
import { pickWeighted, randomOffset, randomSize, randomWord } from "./random.ts";

/** A call of any kind; what it answers stays, is dropped or is stored. */
export function emitCall(writer: Writer): void {
  const { prng, code } = writer;
  const opcode = prng.pick([op.CALL, op.CALL, op.CALLCODE, op.DELEGATECALL, op.STATICCALL]);
  emitWindow(writer);
  emitWindow(writer);
  if (opcode === op.CALL || opcode === op.CALLCODE) emitAmount(writer);
  emitAddress(writer);
  emitGas(writer);
  code.emit(opcode);
  sink(writer);
}

/** A call of a precompile with an input that it mostly accepts. */
export function emitPrecompileCall(writer: Writer): void {
  const { prng, code } = writer;
  const number = pickWeighted(prng, precompileWeights);
  const input = precompileInput(prng, number);
  const data = code.data(input);
  const at = BigInt(prng.integer(0, 64));
  code.push(BigInt(input.length));
  code.pushLabel(data);
  code.push(at);
  code.emit(op.CODECOPY);
  const opcode = prng.pick([op.CALL, op.CALLCODE, op.DELEGATECALL, op.STATICCALL]);
  code.push(BigInt(prng.integer(0, 96)));
  code.push(prng.chance(0.5) ? at : randomOffset(prng));
  code.push(BigInt(input.length));
  code.push(at);
  if (opcode === op.CALL || opcode === op.CALLCODE) emitAmount(writer);
  code.push(BigInt(number));
  if (prng.chance(0.8)) code.emit(op.GAS);
  else code.push(BigInt(prng.integer(0, 10_000)));
  code.emit(opcode);
  sink(writer);
}

/** Costly ones seldom. */
const precompileWeights: readonly (readonly [number, number])[] = [
  [3, 1],
  [3, 2],
  [3, 3],
  [3, 4],
  [3, 5],
  [2, 6],
  [2, 7],
  [0.3, 8],
  [3, 9],
  [0.3, 10],
];

/** Size and offset of a window in memory. */
function emitWindow({ prng, code }: Writer): void {
  if (prng.chance(0.4)) {
    code.push(0n);
    code.push(prng.chance(0.9) ? 0n : randomWord(prng));
    return;
  }
  code.push(randomSize(prng));
  code.push(randomOffset(prng));
}

/** Mostly nothing, sometimes a little, seldom more than there is. */
function emitAmount({ prng, code }: Writer): void {
  const kind = prng.next();
  if (kind < 0.6) code.push(0n);
  else if (kind < 0.9) code.push(BigInt(prng.integer(1, 100)));
  else if (kind < 0.95) code.emit(op.SELFBALANCE);
  else code.push(randomWord(prng));
}

/** All of it, a little, the stipend, or any word. */
function emitGas({ prng, code }: Writer): void {
  const kind = prng.next();
  if (kind < 0.5) code.emit(op.GAS);
  else if (kind < 0.8) code.push(BigInt(prng.integer(0, 30_000)));
  else if (kind < 0.9) code.push(BigInt(prng.pick([0, 2_299, 2_300, 2_301])));
  else code.push(randomWord(prng));
}
