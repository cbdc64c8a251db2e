import { test } from "node:test";
import fc from "fast-check";
import { compare, contract, other, sender } from "./evm-comparison.ts";
import { assemble } from "./evm-oracle.ts";

const word = (address: string) => BigInt(`0x${address}`);
const numbers = fc.oneof(
  { weight: 6, arbitrary: fc.bigInt(0n, 70n) },
  { weight: 2, arbitrary: fc.constantFrom(word(other), word(contract), word(sender), 4n, 2n) },
  { weight: 1, arbitrary: fc.bigInt(0n, 2n ** 64n) },
  { weight: 1, arbitrary: fc.bigInt(0n, 2n ** 256n - 1n) },
);
// bytes, weighted towards what is defined; every jump of a chosen kind finds a destination now and then
const parts = fc.oneof(
  { weight: 10, arbitrary: numbers },
  { weight: 10, arbitrary: fc.integer({ min: 0, max: 0x5f }).map(byte) },
  { weight: 4, arbitrary: fc.integer({ min: 0x80, max: 0x8f }).map(byte) },
  { weight: 3, arbitrary: fc.integer({ min: 0x90, max: 0x9f }).map(byte) },
  { weight: 1, arbitrary: fc.integer({ min: 0xa0, max: 0xff }).map(byte) },
  { weight: 2, arbitrary: fc.constant("JUMPDEST") },
  { weight: 1, arbitrary: fc.constant("GAS") },
  { weight: 2, arbitrary: calls() },
);
const programs = fc
  .array(parts, { minLength: 1, maxLength: 60 })
  .map((program) => assemble(...Array.from({ length: 8 }, (_, i) => i * 9), ...program));

test("random programs that call each other", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ code: programs, callee: programs }),
      fc.record({ gas: fc.bigInt(1_000n, 400_000n), value: fc.bigInt(0n, 3n) }),
      fc.constantFrom("call", "staticCall", "creation"),
      fc.uint8Array({ maxLength: 70 }),
      async ({ code, callee }, { gas, value }, kind, input) => {
        const accounts = new Map([
          [other, { code: callee, balance: 5n, storage: new Map([[9n, 18n]]) }],
        ]);
        const storage = new Map([
          [0n, 1n],
          [9n, 2n],
        ] as const);
        const given = {
          code,
          accounts,
          storage,
          gas,
          kind,
          value: kind === "staticCall" ? 0n : value,
        } as const;
        await compare("random", kind === "creation" ? given : { ...given, input });
      },
    ),
    { numRuns: Number(process.env["EVM_RUNS"] ?? 300) },
  );
});

function byte(value: number): string {
  return `x${value.toString(16).padStart(2, "0")}`;
}

function calls() {
  return fc
    .record({
      kind: fc.constantFrom("CALL", "CALLCODE", "DELEGATECALL", "STATICCALL"),
      to: fc.constantFrom(other, contract, sender, "02".padStart(40, "0"), "04".padStart(40, "0")),
      value: fc.bigInt(0n, 2n),
      length: fc.bigInt(0n, 70n),
    })
    .map(({ kind, to, value, length }) => {
      const amount = kind === "CALL" || kind === "CALLCODE" ? `${value} ` : "";
      return `${length} 3 ${length} 1 ${amount}${word(to)} GAS ${kind}`;
    });
}
