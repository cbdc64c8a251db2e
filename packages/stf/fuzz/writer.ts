/** A program being written, and what most statements begin and end with. */
import type { Prng } from "@sequorum/testkit";
import type { Assembler } from "./assembler.ts";
import { op } from "./opcodes.ts";
import { randomOffset, randomWord } from "./random.ts";

/** What a program can know of the world around it. */
export type Surroundings = {
  readonly contracts: readonly bigint[];
  /** Accounts without code, existing or not. */
  readonly others: readonly bigint[];
};

/** A program being written. */
export type Writer = {
  readonly prng: Prng;
  readonly code: Assembler;
  readonly around: Surroundings;
  /** Another program, for this one to carry; undefined when programs are nested deep enough. */
  readonly nested: (() => Uint8Array) | undefined;
  /** Words that statements have left on the stack. */
  depth: number;
  /** Statements that may still be written. */
  budget: number;
};

/** Pushes a value: a constant, or something that the program can ask for. */
export function emitValue(writer: Writer): void {
  const { prng, code } = writer;
  const kind = prng.next();
  if (kind < 0.65) return code.push(randomWord(prng), prng.chance(0.05) ? 32 : 0);
  if (kind < 0.75 && writer.depth > 0) {
    return code.emit(op.DUP1 + prng.integer(0, Math.min(writer.depth, 16) - 1));
  }
  if (kind < 0.85) return code.emit(prng.pick(askingOpcodes));
  code.push(randomOffset(prng));
  code.emit(prng.pick([op.CALLDATALOAD, op.CALLDATALOAD, op.SLOAD, op.TLOAD, op.BLOCKHASH]));
}

/** Pushes an address of the surroundings; seldom one with dirty upper bytes, or any word. */
export function emitAddress(writer: Writer): void {
  const { prng, code, around } = writer;
  const kind = prng.next();
  if (kind < 0.5) return code.push(prng.pick(around.contracts));
  if (kind < 0.75) return code.push(prng.pick(around.others));
  if (kind < 0.8)
    return code.push(prng.pick(around.contracts) + ((randomWord(prng) << 160n) % (1n << 256n)));
  if (kind < 0.87) return code.push(BigInt(prng.integer(0, 12)));
  if (kind < 0.97) return code.emit(prng.pick([op.ADDRESS, op.CALLER, op.ORIGIN, op.COINBASE]));
  code.push(randomWord(prng));
}

/** Instructions that push what they are asked for. */
export const askingOpcodes: readonly number[] = [
  ...[op.ADDRESS, op.ORIGIN, op.CALLER, op.CALLVALUE, op.CALLDATASIZE, op.CODESIZE, op.GASPRICE],
  ...[
    op.RETURNDATASIZE,
    op.RETURNDATASIZE,
    op.RETURNDATASIZE,
    op.COINBASE,
    op.TIMESTAMP,
    op.NUMBER,
    op.PREVRANDAO,
    op.GASLIMIT,
  ],
  ...[op.CHAINID, op.SELFBALANCE, op.BASEFEE, op.BLOBBASEFEE, op.PC, op.MSIZE, op.GAS],
];

/** Ends a statement that pushed one word, which is dropped, stored, or stays on the stack. */
export function sink(writer: Writer): void {
  const { prng, code } = writer;
  const kind = prng.next();
  if (kind < 0.3 && writer.depth < 20) {
    writer.depth += 1;
    return;
  }
  if (kind < 0.5) return code.emit(op.POP);
  if (kind < 0.8) {
    code.push(BigInt(prng.integer(0, 8)));
    return code.emit(prng.pick([op.SSTORE, op.SSTORE, op.TSTORE]));
  }
  code.push(randomOffset(prng));
  code.emit(prng.chance(0.8) ? op.MSTORE : op.MSTORE8);
}
