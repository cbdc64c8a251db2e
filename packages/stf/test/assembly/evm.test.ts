import { test } from "node:test";
import { compare, compareAtLimits, other, sender } from "./evm-comparison.ts";
import { assemble } from "./evm-oracle.ts";

const top = 2n ** 256n - 1n;
const words = [
  0n,
  1n,
  2n,
  3n,
  31n,
  32n,
  255n,
  256n,
  2n ** 32n,
  2n ** 64n - 1n,
  2n ** 64n,
  2n ** 128n + 7n,
  2n ** 255n,
  2n ** 255n - 1n,
  top - 1n,
  top,
];
const small = (address: number) => address.toString(16).padStart(40, "0");
/** Offsets in memory. */
const places = [
  0n,
  1n,
  31n,
  32n,
  33n,
  1_000n,
  23_456n,
  500_000n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 40n,
  2n ** 63n,
  2n ** 64n - 1n,
  2n ** 64n,
  top,
];
/** Ends a program with the top word as output. */
const answer = "0 MSTORE 32 0 RETURN";

test("arithmetic and comparison of words around every limit", async () => {
  const names =
    "ADD MUL SUB DIV SDIV MOD SMOD EXP SIGNEXTEND LT GT SLT SGT EQ AND OR XOR BYTE SHL SHR SAR";
  for (const name of names.split(" ")) {
    for (const x of words) {
      // every y in one program, results added up with a factor, so that each of them matters
      const parts = words.flatMap((y) => [y, x, name, "SWAP1", 31, "MUL ADD"]);
      await compare(`${name} ${x}`, { code: assemble(0, ...parts, answer) });
    }
  }
});

test("operations on one and on three words", async () => {
  for (const name of ["ISZERO", "NOT"]) {
    for (const x of words) await compare(name, { code: assemble(x, name, answer) });
  }
  for (const name of ["ADDMOD", "MULMOD"]) {
    for (const x of words) {
      const parts = words.flatMap((y) =>
        [0n, 1n, 7n, 2n ** 64n, 2n ** 200n + 1n, top].flatMap((m) => [
          m,
          y,
          x,
          name,
          "SWAP1",
          31,
          "MUL ADD",
        ]),
      );
      await compare(`${name} ${x}`, { code: assemble(0, ...parts, answer) });
    }
  }
});

test("pushes of every length, also cut off by the end of the code", async () => {
  const operand = Array.from(
    { length: 32 },
    (_, i) => `x${(i * 7 + 129).toString(16).padStart(2, "0").slice(-2)}`,
  );
  for (let length = 1; length <= 32; length += 1) {
    const push = [`PUSH${length}`, ...operand.slice(0, length)].join(" ");
    await compare(push, { code: assemble(top, push, answer) });
    await compare(`cut ${push}`, { code: assemble(push).subarray(0, -1) });
  }
});

test("duplicates, swaps, pops, and the stack's limits", async () => {
  const many = Array.from({ length: 17 }, (_, i) => i + 1);
  const sum = many
    .slice(1)
    .map(() => "SWAP1 3 MUL ADD")
    .join(" ");
  for (let n = 1; n <= 16; n += 1) {
    await compare(`DUP${n}`, { code: assemble(...many, `DUP${n}`, sum, answer) });
    await compare(`SWAP${n}`, { code: assemble(...many, `SWAP${n}`, sum, answer) });
    await compare(`DUP${n} of less`, { code: assemble(...many.slice(0, n - 1), `DUP${n}`) });
    await compare(`SWAP${n} of less`, { code: assemble(...many.slice(0, n), `SWAP${n}`) });
  }
  for (const count of [1_022, 1_023, 1_024, 1_025]) {
    const full = new Uint8Array(count).fill(0x30);
    for (const last of ["STOP", "0", "DUP1", "SWAP1", "ADD", "POP", "PC", "MLOAD"]) {
      await compare(`${count} words, ${last}`, { code: assemble(full, last) });
    }
  }
});

test("every byte as an instruction, on an empty stack and on small words", async () => {
  for (let opcode = 0; opcode < 256; opcode += 1) {
    const byte = `x${opcode.toString(16).padStart(2, "0")}`;
    await compare(byte, { code: assemble(byte) });
    await compare(`2 words, ${byte}`, { code: assemble("5 5", byte) });
    await compare(`static, 7 words, ${byte}`, {
      code: assemble("5 5 5 5 5 5 5", byte),
      kind: "staticCall",
    });
  }
});

test("jumps", async () => {
  const programs = {
    "to a destination": "6 JUMP 1 2 INVALID JUMPDEST 42 0 MSTORE 32 0 RETURN",
    "into an operand": "4 JUMP PUSH1 JUMPDEST STOP",
    "into the operand of a PUSH32 at the end": "4 JUMP PUSH32 JUMPDEST",
    "to no destination": "0 JUMP",
    "to the end": "3 JUMP",
    "behind the end": "4 JUMP",
    far: `${2n ** 64n} JUMP`,
    "to 2^64 plus a destination": `${2n ** 64n + 11n} JUMP JUMPDEST`,
    "to 2^128 plus a destination": `${2n ** 128n + 19n} JUMP JUMPDEST`,
    "to 2^32 plus a destination": `${2n ** 32n + 6n} JUMP JUMPDEST`,
    "conditional, taken": "1 4 JUMPI JUMPDEST PC 0 MSTORE 32 0 RETURN",
    "conditional, high limb": `${2n ** 255n} 37 JUMPI JUMPDEST PC 0 MSTORE 32 0 RETURN`,
    "conditional, not taken": "0 9 JUMPI STOP JUMPDEST INVALID",
    "conditional, bad and not taken": `0 ${top} JUMPI 42 0 MSTORE 32 0 RETURN`,
    "conditional, bad and taken": `1 ${top} JUMPI`,
    "a loop": "200 JUMPDEST 1 SWAP1 SUB DUP1 2 JUMPI GAS 0 MSTORE 32 0 RETURN",
  };
  for (const [name, program] of Object.entries(programs)) {
    await compareAtLimits(name, { code: assemble(program) });
  }
});

test("memory: loads, stores, copies, expansion and its price", async () => {
  for (const place of places) {
    for (const name of ["MLOAD", "1 SWAP1 MSTORE", `${top - 5n} SWAP1 MSTORE8`]) {
      await compareAtLimits(name, { code: assemble(place, name, `MSIZE ${answer}`) });
    }
    const isFar = place > 33n;
    for (const length of isFar ? [0n, 77n] : [0n, 1n, 32n, 77n, 2n ** 32n, top]) {
      for (const name of ["RETURN", "REVERT", "KECCAK256", "LOG0"]) {
        const code = assemble("1 7 MSTORE", length, place, name, "MSIZE", answer);
        await compare(`${name} ${place} ${length}`, { code });
      }
      await compareCopies(place, length, isFar ? [5n] : [0n, 5n, 40n, 2n ** 32n, top]);
    }
  }
});

test("memory that is there: where its end is", async () => {
  for (const offset of [31n, 32n, 33n, 34n, 63n, 64n, 2n ** 32n, 2n ** 64n, 2n ** 64n + 32n]) {
    for (const name of ["MLOAD", "7 SWAP1 MSTORE", "7 SWAP1 MSTORE8"]) {
      const code = assemble(`${top} 32 MSTORE`, offset, name, "MSIZE 0 MSTORE 128 0 RETURN");
      await compareAtLimits(`${name} ${offset}`, { code });
    }
  }
});

async function compareCopies(to: bigint, length: bigint, froms: readonly bigint[]): Promise<void> {
  const input = Uint8Array.from({ length: 50 }, (_, i) => i + 1);
  for (const from of froms) {
    for (const name of ["CALLDATACOPY", "CODECOPY", "RETURNDATACOPY", "MCOPY"]) {
      const program = [length, from, to, name, "MSIZE 64 MSTORE 128 0 RETURN"];
      const code = assemble(`${top / 7n} 3 MSTORE`, ...program);
      await compare(`${name} ${to} ${from} ${length}`, { code, input });
    }
  }
}

test("overlapping copies inside the memory", async () => {
  const bytes = Array.from({ length: 4 }, (_, i) => `${top / BigInt(i + 3)} ${32 * i} MSTORE`).join(
    " ",
  );
  for (const [to, from, length] of [
    [0, 1, 63],
    [1, 0, 63],
    [5, 0, 100],
    [0, 5, 100],
    [64, 0, 64],
    [200, 0, 50],
    [0, 200, 50],
  ]) {
    await compareAtLimits(`MCOPY ${to} ${from} ${length}`, {
      code: assemble(bytes, `${length} ${from} ${to} MCOPY MSIZE 0 RETURN`),
    });
  }
});

test("the input: loads at every kind of offset", async () => {
  const input = Uint8Array.from({ length: 70 }, (_, i) => 255 - i);
  for (const offset of [
    0n,
    1n,
    38n,
    39n,
    69n,
    70n,
    71n,
    2n ** 32n,
    2n ** 64n - 32n,
    2n ** 64n - 1n,
    2n ** 64n,
    top,
  ]) {
    await compare(`CALLDATALOAD ${offset}`, {
      code: assemble(offset, `CALLDATALOAD ${answer}`),
      input,
    });
  }
});

test("what is known of the frame, the transaction and the block", async () => {
  const names =
    "ADDRESS ORIGIN CALLER CALLVALUE CALLDATASIZE CODESIZE GASPRICE RETURNDATASIZE COINBASE TIMESTAMP NUMBER PREVRANDAO GASLIMIT CHAINID SELFBALANCE BASEFEE BLOBBASEFEE PC MSIZE GAS";
  for (const name of names.split(" ")) {
    await compareAtLimits(name, {
      code: assemble(`${name} ${answer}`),
      value: 77n,
      input: new Uint8Array(9),
    });
  }
  await compare("BLOBHASH", { code: assemble(`0 BLOBHASH ${answer}`) });
  for (const number of [0n, 43n, 44n, 45n, 200n, 298n, 299n, 300n, 301n, 2n ** 64n, top]) {
    await compare(`BLOCKHASH ${number}`, { code: assemble(number, `BLOCKHASH ${answer}`) });
  }
});

test("other accounts: balance and code, cold and warm", async () => {
  const accounts = new Map([
    [other, { code: assemble("1 2 3 4 5 6 7 8"), balance: 99n }],
    [small(0x77), { balance: 1n }],
  ]);
  for (const address of [other, small(0x77), small(0x78), sender]) {
    const word = BigInt(`0x${address}`);
    for (const name of ["BALANCE", "EXTCODESIZE", "EXTCODEHASH"]) {
      const code = assemble(word, name, word + 2n ** 200n, name, "ADD", answer);
      await compareAtLimits(`${name} ${address}`, { code, accounts });
    }
    for (const [to, from, length] of [
      [0n, 0n, 4n],
      [3n, 5n, 40n],
      [0n, top, 9n],
      [top, 0n, 0n],
      [0n, 0n, 0n],
    ]) {
      const code = assemble(length ?? 0n, from ?? 0n, to ?? 0n, word, "EXTCODECOPY MSIZE 0 RETURN");
      await compareAtLimits("EXTCODECOPY", { code, accounts });
    }
  }
});

test("hashes and logs", async () => {
  for (const length of [0, 1, 31, 32, 135, 136, 137, 300]) {
    await compareAtLimits(`KECCAK256 ${length}`, {
      code: assemble(`${top} 5 MSTORE ${length} 1 KECCAK256 ${answer}`),
    });
    for (let topics = 0; topics <= 4; topics += 1) {
      const code = assemble(`${top} 5 MSTORE 4 3 2 1 ${length} 1 LOG${topics} 7 8 9 10 0 0 LOG1`);
      await compareAtLimits(`LOG${topics} ${length}`, { code });
    }
  }
});
