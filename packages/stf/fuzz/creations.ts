/** Statements that create contracts, and the init codes that they run. */
import type { Prng } from "@sequorum/testkit";
import { Assembler } from "./assembler.ts";
import { op } from "./opcodes.ts";
import { sink, type Writer } from "./writer.ts";
import { randomBytes, randomWord } from "./random.ts";

/** Creates a contract from init code in the data of this one, and perhaps calls it. */
export function emitCreation(writer: Writer): void {
  const { prng, code, nested } = writer;
  if (nested === undefined) return code.emit(op.JUMPDEST);
  const init = randomInitCode(prng, nested);
  const data = code.data(init);
  code.push(BigInt(init.length));
  code.pushLabel(data);
  code.push(0n);
  code.emit(op.CODECOPY);
  const isSalted = prng.chance(0.5);
  if (isSalted) code.push(prng.chance(0.9) ? BigInt(prng.integer(0, 1)) : randomWord(prng));
  code.push(prng.chance(0.03) ? BigInt(prng.integer(49_151, 49_153)) : BigInt(init.length));
  code.push(prng.chance(0.97) ? 0n : BigInt(prng.integer(1, 40)));
  code.push(prng.chance(0.7) ? 0n : BigInt(prng.integer(1, 50)));
  code.emit(isSalted ? op.CREATE2 : op.CREATE);
  if (prng.chance(0.5)) emitCallOfCreated(writer);
  sink(writer);
}

/** Calls the address on top of the stack, which stays there. */
function emitCallOfCreated({ prng, code }: Writer): void {
  const opcode = prng.pick([op.CALL, op.DELEGATECALL, op.STATICCALL]);
  const arguments_ = opcode === op.CALL ? 5 : 4;
  for (let i = 0; i < arguments_; i++) code.emit(op.PUSH0);
  code.emit(op.DUP1 + arguments_, op.GAS, opcode, op.POP);
}

/** Init code: mostly one that deploys a program. */
export function randomInitCode(prng: Prng, nested: () => Uint8Array): Uint8Array {
  const kind = prng.next();
  if (kind < 0.6) return deploying(nested(), prng);
  if (kind < 0.75) return nested();
  if (kind < 0.8) return returning(prng.integer(0, 40));
  if (kind < 0.83) return returning(prng.integer(24_575, 24_577));
  if (kind < 0.88) return deploying(Uint8Array.of(0xef, ...randomBytes(prng, 3)), prng);
  if (kind < 0.93) return Uint8Array.of(op.PUSH0, op.SELFDESTRUCT);
  if (kind < 0.96) return Uint8Array.of(op.CALLER, op.SELFDESTRUCT);
  return new Uint8Array(0);
}

/** Stores something, then returns the code. */
function deploying(runtime: Uint8Array, prng: Prng): Uint8Array {
  const code = new Assembler();
  if (prng.chance(0.2)) {
    code.push(BigInt(prng.integer(0, 2)));
    code.push(BigInt(prng.integer(0, 2)));
    code.emit(prng.pick([op.SSTORE, op.TSTORE]));
  }
  const data = code.data(runtime);
  code.push(BigInt(runtime.length));
  code.pushLabel(data);
  code.push(0n);
  code.emit(op.CODECOPY);
  code.push(BigInt(runtime.length));
  code.push(0n);
  code.emit(op.RETURN);
  return code.finish();
}

/** Returns so many zeros. */
function returning(size: number): Uint8Array {
  const code = new Assembler();
  code.push(BigInt(size));
  code.push(0n);
  code.emit(op.RETURN);
  return code.finish();
}
