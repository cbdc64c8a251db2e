/** What a run made the virtual machine do: a fuzzer that never gets somewhere proves nothing there. */
import type { VM } from "@ethereumjs/vm";
import { definedOpcodes, op, opcodeName } from "./opcodes.ts";

/** How often something happened, by name. */
export type Coverage = Map<string, number>;

/** Instructions that a block or call may take. Some programs with gas for more would take the oracle days. */
export const instructionsMax = 1_000_000;

/** A block or call takes more than `instructionsMax`. */
export class TooLong extends Error {}

/** Name under which the cases are counted that were abandoned as too long. */
export const abandoned = "case abandoned";

/** Halts of the oracle that must be reached, in its words. */
const halts: readonly string[] = [
  "success",
  "revert",
  "out of gas",
  "stack underflow",
  "stack overflow",
  "invalid JUMP",
  "invalid opcode",
  "static state change",
  "value out of range",
  "create collision",
  "invalid bytecode deployed",
  "code size to deposit exceeds maximum code size",
];

const opcodeNames = Array.from({ length: 256 }, (_, opcode) => `opcode ${opcodeName(opcode)}`);

/**
 * Counts what the machine executes. Instructions are counted when they run, also those that then fail. One too many
 * throws `TooLong`.
 */
export function observe(vm: VM, coverage: Coverage): void {
  const evm = vm.evm as unknown as {
    _opcodeMap: ({ opHandler: (...values: unknown[]) => unknown } | undefined)[];
    _precompiles: Map<string, (...values: unknown[]) => unknown>;
  };
  let instructions = 0;
  for (const [opcode, entry] of evm._opcodeMap.entries()) {
    if (entry === undefined) continue;
    const { opHandler } = entry;
    const name = opcodeNames[opcode] ?? "opcode";
    const counting = (...values: unknown[]) => {
      count(coverage, name);
      instructions += 1;
      if (instructions > instructionsMax) throw new TooLong();
      return opHandler(...values);
    };
    evm._opcodeMap[opcode] = { ...entry, opHandler: counting }; // undefined ones share an entry
  }
  for (const [address, run] of evm._precompiles) {
    const name = `precompile ${Number.parseInt(address, 16)}`;
    evm._precompiles.set(address, (...values) => {
      count(coverage, name);
      return run(...values);
    });
  }
  vm.evm.events?.on(
    "afterMessage",
    (result: { execResult: { exceptionError?: { error: string } } }) => {
      const error = result.execResult.exceptionError?.error ?? "success";
      count(coverage, `halt ${error.replace(/ at .*/, "")}`);
    },
  );
}

/** Adds one. */
export function count(coverage: Coverage, name: string, by = 1): void {
  coverage.set(name, (coverage.get(name) ?? 0) + by);
}

/** Everything that should have happened at least `countMin` times and has not. */
export function unreached(coverage: Coverage, countMin: number): string[] {
  // INVALID counts as a halt: the oracle ends before it would run it
  const wanted = [
    ...definedOpcodes
      .filter((opcode) => opcode !== op.INVALID)
      .map((opcode) => `opcode ${opcodeName(opcode)}`),
    ...Array.from({ length: 10 }, (_, i) => `precompile ${i + 1}`),
    ...halts.map((halt) => `halt ${halt}`),
  ];
  return wanted.filter((name) => (coverage.get(name) ?? 0) < countMin);
}

/** The rarest of what happened, and how much there was in all. */
export function describeCoverage(coverage: Coverage): string[] {
  const groups = ["opcode", "precompile", "halt", "fault"];
  return groups.map((group) => {
    const entries = [...coverage].filter(([name]) => name.startsWith(`${group} `));
    const sorted = entries.sort(([, a], [, b]) => a - b);
    const shown = group === "opcode" ? sorted.slice(0, 8) : sorted;
    const total = entries.reduce((sum, [, times]) => sum + times, 0);
    const list = shown
      .map(([name, times]) => `${name.slice(group.length + 1)} ${times}`)
      .join(", ");
    return `${group}s: ${entries.length} kinds, ${total} times; ${group === "opcode" ? "rarest: " : ""}${list}`;
  });
}
