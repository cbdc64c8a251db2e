import assert from "node:assert/strict";
import { test } from "node:test";
import { type RlpItem, rlpDecode } from "@sequorum/protocol";
import * as codes from "../../assembly/interface.ts";
import { contract, environment, machine, other, sender } from "./evm-comparison.ts";
import { type Account, hex } from "./evm-harness.ts";
import { assemble } from "./evm-oracle.ts";

const word = (address: string) => BigInt(`0x${address}`);
const number = (item: RlpItem | undefined) =>
  item instanceof Uint8Array ? Number(`0x0${hex(item)}`) : Number.NaN;

/** Runs the code of `contract`; a trace is taken when `memory` says whether it has the memory. */
function run(code: Uint8Array, options: { memory?: boolean; callee?: Uint8Array; gas?: bigint }) {
  const callee = { code: options.callee ?? new Uint8Array() };
  const world = new Map<string, Account>([
    [sender, {}],
    [contract, { code }],
    [other, callee],
  ]);
  machine.prepare(world, environment);
  const isTraced = options.memory !== undefined;
  if (isTraced) machine.module.call("trace", options.memory ? 1 : 0);
  const outcome = machine.run({
    kind: "call",
    gas: options.gas ?? 100_000n,
    caller: sender,
    recipient: contract,
    value: 0n,
    input: new Uint8Array(),
    warm: [],
  });
  if (isTraced) machine.module.call("endTrace");
  const steps = machine.emitted.map(({ kind, content }) => {
    assert.equal(kind, codes.outputTraceStep);
    const fields = rlpDecode(content);
    assert.ok(Array.isArray(fields) && fields.length === 9);
    const [depth, pc, opcode, gas, cost, refund, stack, memory, halt] = fields;
    assert.ok(Array.isArray(stack) && memory instanceof Uint8Array);
    return {
      step: [depth, pc, opcode, gas, cost, refund].map(number),
      stack: stack.map(number),
      memory: hex(memory),
      halt: number(halt),
    };
  });
  return { outcome, steps };
}

test("a trace names each instruction with the gas before it, its cost and the stack before it", () => {
  const code = assemble("7 0 MSTORE 5 0 SSTORE 0 0 SSTORE GAS POP STOP");
  const { steps } = run(code, { memory: true });
  assert.deepEqual(
    steps.map(({ step, stack }) => [...step, ...stack]),
    [
      [1, 0, 0x60, 100_000, 3, 0],
      [1, 2, 0x5f, 99_997, 2, 0, 7],
      [1, 3, 0x52, 99_995, 6, 0, 7, 0],
      [1, 4, 0x60, 99_989, 3, 0],
      [1, 6, 0x5f, 99_986, 2, 0, 5],
      [1, 7, 0x55, 99_984, 22_100, 0, 5, 0],
      [1, 8, 0x5f, 77_884, 2, 0],
      [1, 9, 0x5f, 77_882, 2, 0, 0],
      [1, 10, 0x55, 77_880, 100, 0, 0, 0],
      [1, 11, 0x5a, 77_780, 2, 19_900],
      [1, 12, 0x50, 77_778, 2, 19_900, 77_778],
      [1, 13, 0x00, 77_776, 0, 19_900],
    ],
  );
  assert.ok(steps.every(({ halt }) => halt === 0));
  assert.deepEqual(
    steps.map(({ memory }) => memory.length / 2),
    [0, 0, 0, ...new Array<number>(9).fill(32)],
  );
  assert.equal(steps[3]?.memory, "07".padStart(64, "0"));
  assert.ok(run(code, { memory: false }).steps.every(({ memory }) => memory === ""));
});

test("a traced call costs what it hands on; the callee's steps are one deeper", () => {
  const code = assemble(`0 0 0 0 0 ${word(other)} 5000 CALL STOP`);
  const { steps } = run(code, { memory: false, callee: assemble("1 2 ADD STOP") });
  assert.deepEqual(
    steps.map(({ step: [depth, , opcode, , cost] }) => [depth, opcode, cost]),
    [
      ...new Array(5).fill([1, 0x5f, 2]),
      [1, 0x73, 3],
      [1, 0x61, 3],
      [1, 0xf1, 2_600 + 5_000],
      [2, 0x60, 3],
      [2, 0x60, 3],
      [2, 0x01, 3],
      [2, 0x00, 0],
      [1, 0x00, 0],
    ],
  );
  assert.deepEqual(steps.at(-1)?.stack, [1]);
});

test("the last step of a frame that fails says why", () => {
  const reasons: readonly (readonly [string, number])[] = [
    ["1 2 INVALID", codes.haltBadInstruction],
    ["ADD", codes.haltStackUnderflow],
    ["7 JUMP", codes.haltBadJump],
    ["1 0 0 RETURNDATACOPY", codes.haltReturnDataOutOfBounds],
    ["1 1000000 MSTORE", codes.haltOutOfGas],
    ["GAS JUMPDEST GAS GAS POP POP 1 JUMP", codes.haltOutOfGas],
    [new Array(1_025).fill("0").join(" "), codes.haltStackOverflow],
  ];
  for (const [program, halt] of reasons) {
    const { steps, outcome } = run(assemble(program), { memory: false, gas: 10_000n });
    assert.equal(outcome.halt, halt, program);
    assert.equal(steps.at(-1)?.halt, halt, program);
    assert.ok(steps.slice(0, -1).every((step) => step.halt === 0));
  }
  const { steps } = run(assemble("7 JUMP"), { memory: false });
  assert.deepEqual(steps.at(-1)?.step, [1, 2, 0x56, 99_997, 8, 0]);
});

test("a message runs the same with and without a trace, and the trace ends when it is stopped", () => {
  const loop = assemble("200 JUMPDEST 1 SWAP1 SUB DUP1 2 JUMPI GAS 0 MSTORE 32 0 RETURN");
  const calling = assemble(`0 0 0 0 0 ${word(other)} GAS CALL 0 MSTORE 32 0 RETURN`);
  for (const [code, callee] of [
    [loop, loop],
    [calling, loop],
    [calling, assemble("0 0 REVERT")],
    [calling, assemble("INVALID")],
  ] as const) {
    const plain = run(code, { callee });
    assert.deepEqual(run(code, { callee, memory: true }).outcome, plain.outcome);
    assert.equal(plain.steps.length, 0);
    assert.deepEqual(run(code, { callee }).outcome, plain.outcome);
  }
});
