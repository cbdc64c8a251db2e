import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, compareAtLimits, contract, other } from "./evm-comparison.ts";
import { assemble } from "./evm-oracle.ts";

const word = (address: string) => BigInt(`0x${address}`);
const values = [0, 1, 2];

test("three stores into a slot, from every original value to every value: gas and refund (EIP-2200, EIP-3529)", async () => {
  for (const original of values) {
    const storage = new Map(original === 0 ? [] : [[5n, BigInt(original)]]);
    for (const first of values) {
      for (const second of values) {
        for (const third of values) {
          const stores = [first, second, third].map((value) => `${value} 5 SSTORE GAS`).join(" ");
          await compare(`${original} ${first} ${second} ${third}`, {
            code: assemble(stores, "0 MSTORE 32 MSTORE 64 MSTORE 96 0 RETURN"),
            storage,
          });
        }
      }
    }
  }
});

test("a store needs more than 2,300 gas, whatever it costs", async () => {
  const storage = new Map([[5n, 1n]]);
  const code = assemble("5 SLOAD POP 1 5 SSTORE");
  for (const left of [2_299n, 2_300n, 2_301n]) {
    const gas = 3n + 2_100n + 2n + 6n + left;
    const { halt } = await compare(`${left}`, { code, storage, gas });
    assert.equal(halt === 0, left === 2_301n);
  }
});

test("loads and stores, cold and warm, at every limit of gas", async () => {
  const storage = new Map([
    [5n, 9n],
    [2n ** 255n, 3n],
  ]);
  const programs = [
    "5 SLOAD 5 SLOAD ADD 6 SLOAD ADD",
    `5 SLOAD ${2n ** 255n} SLOAD MUL`,
    "1 5 SSTORE 5 SLOAD 7 8 SSTORE 8 SLOAD ADD",
    "5 SLOAD 0 5 SSTORE",
    "7 8 TSTORE 8 TLOAD 9 TLOAD ADD 8 SLOAD ADD",
    "1 TLOAD 0 1 TSTORE 5 1 TSTORE 1 TLOAD ADD",
  ];
  for (const program of programs) {
    await compareAtLimits(program, { code: assemble(program, "0 MSTORE 32 0 RETURN"), storage });
  }
});

test("what a reverted call stored, warmed and refunded is as before", async () => {
  const callees = [
    "0 5 SSTORE 1 6 SSTORE 3 8 TSTORE 0 0 REVERT",
    "0 5 SSTORE 1 6 SSTORE 3 8 TSTORE INVALID",
    "0 5 SSTORE 1 6 SSTORE 3 8 TSTORE",
  ];
  for (const callee of callees) {
    const accounts = new Map([[other, { code: assemble(callee), storage: new Map([[5n, 1n]]) }]]);
    for (const kind of ["CALL", "DELEGATECALL"]) {
      const value = kind === "CALL" ? "0" : "";
      const code = assemble(
        `4 8 TSTORE 0 0 0 0 ${value} ${word(other)} 50000 ${kind} POP GAS 5 SLOAD 6 SLOAD ADD POP GAS SWAP1 SUB`,
        `8 TLOAD ADD ${word(other)} BALANCE ADD ${word(contract)} BALANCE ADD 0 MSTORE 32 0 RETURN`,
      );
      await compareAtLimits(`${kind}: ${callee}`, { code, accounts, storage: new Map([[5n, 1n]]) });
    }
  }
});
