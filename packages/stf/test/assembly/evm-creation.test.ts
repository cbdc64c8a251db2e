import assert from "node:assert/strict";
import { test } from "node:test";
import { generateAddress } from "@ethereumjs/util";
import { haltCodeTooLarge } from "../../assembly/interface.ts";
import { compare, compareAtLimits, contract, other, sender } from "./evm-comparison.ts";
import { hex } from "./evm-harness.ts";
import { assemble } from "./evm-oracle.ts";

const word = (address: string) => BigInt(`0x${address}`);
/** Returns status, gas and the return data. */
const tell =
  "0 MSTORE GAS 32 MSTORE RETURNDATASIZE 64 MSTORE RETURNDATASIZE 0 96 RETURNDATACOPY RETURNDATASIZE 96 ADD 0 RETURN";

const initcodes: Readonly<Record<string, string>> = {
  nothing: "",
  "an empty code": "0 0 RETURN",
  "a code": `${0x6001600101n} 0 MSTORE 5 27 RETURN`,
  "a code that begins with 0xef": `${0xefn} 0 MSTORE8 5 0 RETURN`,
  "the longest code": "24576 0 RETURN",
  "too long a code": "24577 0 RETURN",
  "a revert": "55 0 MSTORE 32 0 REVERT",
  "a failure": "INVALID",
  "a jump inside": "4 JUMP INVALID JUMPDEST 1 0 RETURN",
  "a jump into an operand": "3 JUMP PUSH1 JUMPDEST",
  "a store and a log": "9 1 SSTORE 0 0 LOG0 1 0 RETURN",
  "what it sees":
    "ADDRESS 0 MSTORE CALLER 32 MSTORE CALLVALUE 64 MSTORE CODESIZE 96 MSTORE CALLDATASIZE 128 MSTORE SELFBALANCE 160 MSTORE 192 0 RETURN",
  "a destruction": `${word(sender)} SELFDESTRUCT`,
  "a destruction for itself": "ADDRESS SELFDESTRUCT",
  "an operand cut off": "1 1 PUSH32",
};

test("creations by transaction", async () => {
  for (const [name, initcode] of Object.entries(initcodes)) {
    const code = assemble(initcode);
    for (const value of [0n, 5n]) {
      await compareAtLimits(`creation: ${name}`, { kind: "creation", code, value });
    }
  }
});

test("CREATE and CREATE2, at every limit of gas", async () => {
  for (const [name, initcode] of Object.entries(initcodes)) {
    const init = assemble(initcode);
    for (const [instruction, salt] of [
      ["CREATE", ""],
      ["CREATE2", "77"],
    ] as const) {
      for (const value of [0n, 7n, 2_000n]) {
        const code = assemble(
          `CALLDATASIZE 0 0 CALLDATACOPY ${salt} CALLDATASIZE 0`,
          value,
          instruction,
          tell,
        );
        const given = { code, input: init };
        if (value === 7n) await compareAtLimits(`${instruction}: ${name}`, given);
        else await compare(`${instruction} with ${value}: ${name}`, given);
      }
    }
  }
});

test("a code may have 24,576 bytes (EIP-170), each for 200 gas", async () => {
  for (const size of [24_575, 24_576, 24_577]) {
    const given = { kind: "creation", code: assemble(`${size} 0 RETURN`) } as const;
    const { halt } = await compare(`${size} bytes`, { ...given, gas: 5_000_000n });
    assert.equal(halt, size > 24_576 ? haltCodeTooLarge : 0);
    await compare(`${size} bytes`, { ...given, gas: BigInt(size) * 200n });
  }
});

test("jumps in init code that is where another frame had its memory", async () => {
  const filling = assemble(
    `${2n ** 256n - 1n} DUP1 0 MSTORE DUP1 32 MSTORE DUP1 64 MSTORE 96 MSTORE`,
  );
  const init = assemble("4 JUMP INVALID STOP");
  for (const input of [init, assemble("4 JUMP INVALID JUMPDEST 2 0 RETURN")]) {
    const code = assemble(
      `CALLDATASIZE 0 0 CALLDATACOPY 0 0 0 0 0 ${word(other)} GAS CALL POP`,
      `CALLDATASIZE 0 0 CREATE EXTCODESIZE ${tell}`,
    );
    await compare("stale bitmap", { code, input, accounts: new Map([[other, { code: filling }]]) });
  }
});

test("the size of init code, and its price", async () => {
  for (const size of [0, 1, 31, 32, 33, 49_152, 49_153]) {
    for (const instruction of ["CREATE", "CREATE2"]) {
      const code = assemble(`0 ${size} 0 0 ${instruction}`, tell);
      await compareAtLimits(`${instruction} with ${size} bytes`, { code });
    }
  }
});

test("a creation where something is", async () => {
  const created = hex(generateAddress(Buffer.from(contract, "hex"), Uint8Array.of(1)));
  const states = {
    code: { code: assemble("1") },
    "a nonce": { nonce: 1n },
    "a balance": { balance: 5n },
  };
  for (const [name, account] of Object.entries(states)) {
    const accounts = new Map([[created, account]]);
    const code = assemble(`0 0 3 CREATE DUP1 BALANCE SWAP1 ${tell}`);
    await compareAtLimits(`CREATE over ${name}`, { code, accounts });
  }
});

test("a creator with the highest nonce creates nothing", async () => {
  for (const nonce of [2n ** 64n - 2n, 2n ** 64n - 1n]) {
    const creator = { code: assemble(`0 0 0 CREATE ${tell}`), nonce };
    const code = assemble(
      `0 0 0 0 0 ${word(other)} GAS CALL RETURNDATASIZE 0 0 RETURNDATACOPY RETURNDATASIZE 0 RETURN`,
    );
    await compare(`nonce ${nonce}`, { code, accounts: new Map([[other, creator]]) });
  }
});

test("contracts that destroy themselves in the transaction that created them", async () => {
  const destroying = `${word(other)} SELFDESTRUCT`;
  // creates, calls what was created twice with value, looks at it
  const init = assemble(
    `${BigInt(`0x${hex(assemble(destroying))}`)} 0 MSTORE ${assemble(destroying).length} ${32 - assemble(destroying).length} RETURN`,
  );
  const code = assemble(
    "CALLDATASIZE 0 0 CALLDATACOPY CALLDATASIZE 0 9 CREATE 0 MSTORE",
    "0 0 0 0 3 0 MLOAD GAS CALL POP 0 0 0 0 4 0 MLOAD GAS CALL POP",
    "0 MLOAD BALANCE 32 MSTORE 0 MLOAD EXTCODESIZE 64 MSTORE 0 MLOAD EXTCODEHASH 96 MSTORE 128 0 RETURN",
  );
  await compareAtLimits("created and destroyed", { code, input: init });
});

test("the beneficiary of a destruction: cold, warm, empty, itself", async () => {
  for (const beneficiary of [word(sender), 0x1234n, word(contract), 3n, word(other)]) {
    const accounts = new Map([[other, { balance: 1n }]]);
    const code = assemble(beneficiary, "SELFDESTRUCT");
    await compareAtLimits(`to ${beneficiary}`, { code, accounts });
    const called = new Map([[other, { code, nonce: 1n }]]);
    await compareAtLimits(`without balance to ${beneficiary}`, {
      code: assemble(`0 0 0 0 0 ${word(other)} GAS CALL ${tell}`),
      accounts: called,
    });
  }
});
