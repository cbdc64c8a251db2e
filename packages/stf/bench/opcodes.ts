/**
 * Nanoseconds for each instruction of small loops, in the module and in ethereumjs, as processor time so that other
 * work on the machine counts little: `node packages/stf/bench/opcodes.ts`.
 */
import { environment, machine } from "../test/assembly/evm-comparison.ts";
import type { MessageInput } from "../test/assembly/evm-harness.ts";
import { assemble, runOnOracle } from "../test/assembly/evm-oracle.ts";

const sender = "aa".repeat(20);
const contract = "bb".repeat(20);
const rounds = 500_000;
const oracleRounds = 5_000;

/** Bodies of a loop: the counter is on top of the stack before and after. */
const bodies: Readonly<Record<string, string>> = {
  nothing: "",
  "PUSH32 PUSH20 POP": `${2n ** 256n - 1n} POP ${2n ** 160n - 1n} POP`,
  "DUP SWAP POP": "DUP1 DUP1 DUP2 SWAP2 DUP3 SWAP1 POP POP POP POP",
  "ADD AND LT ISZERO": "DUP1 DUP1 ADD DUP2 AND DUP2 LT ISZERO POP",
  "MUL DIV MOD": "DUP1 DUP1 MUL 7 SWAP1 DIV 5 SWAP1 MOD POP",
  "MULMOD of 256 bits": `${2n ** 255n - 19n} DUP2 NOT DUP1 MULMOD POP`,
  "MLOAD MSTORE CALLDATALOAD": "DUP1 32 MSTORE 32 MLOAD POP DUP1 CALLDATALOAD POP",
  "KECCAK256 of 64 bytes": "64 0 KECCAK256 POP",
  "SLOAD, warm": "5 SLOAD POP",
};

for (const [name, body] of Object.entries(bodies)) {
  const loop = assemble(`JUMPDEST 1 SWAP1 SUB ${body} DUP1 5 JUMPI`);
  const instructions = count(loop);
  const mine: number[] = [];
  for (let i = 0; i < 5; i += 1) {
    const { world, message } = setUp(rounds, loop);
    machine.prepare(world, environment);
    mine.push(cpuNanoseconds(() => machine.run(message)));
  }
  const { world, message } = setUp(oracleRounds, loop);
  await runOnOracle(world, environment, message);
  const startedAt = process.cpuUsage().user;
  await runOnOracle(world, environment, message);
  const oracle = (process.cpuUsage().user - startedAt) * 1_000;
  const each = Math.min(...mine) / rounds / instructions;
  const eachOracle = oracle / oracleRounds / instructions;
  const first = (mine[0] ?? 0) / rounds / instructions;
  process.stdout.write(
    `${name.padEnd(26)} ${each.toFixed(1)} ns (first run ${first.toFixed(1)}), ethereumjs ${eachOracle.toFixed(0)} ns: ${(eachOracle / each).toFixed(0)}x\n`,
  );
}

function setUp(counter: number, loop: Uint8Array) {
  const code = Uint8Array.of(0x63, ...uint32(counter), ...loop);
  const world = new Map([
    [sender, { balance: 1n }],
    [contract, { code }],
  ]);
  const message: MessageInput = {
    kind: "call",
    gas: 10n ** 12n,
    caller: sender,
    recipient: contract,
    value: 0n,
    input: new Uint8Array(64),
    warm: [],
  };
  return { world, message };
}

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Instructions in a program without jumps inside. */
function count(program: Uint8Array): number {
  let instructions = 0;
  for (let at = 0; at < program.length; at += 1) {
    const opcode = program[at] ?? 0;
    if (opcode >= 0x60 && opcode < 0x80) at += opcode - 0x5f;
    instructions += 1;
  }
  return instructions;
}

function cpuNanoseconds(run: () => unknown): number {
  const startedAt = process.cpuUsage().user;
  run();
  return (process.cpuUsage().user - startedAt) * 1_000;
}
