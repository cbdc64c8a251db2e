import { test } from "node:test";
import { sha256 } from "@noble/hashes/sha2.js";
import { compare, compareAtLimits, contract, other, sender } from "./evm-comparison.ts";
import { hex } from "./evm-harness.ts";
import { assemble } from "./evm-oracle.ts";

const top = 2n ** 256n - 1n;
const word = (address: string) => BigInt(`0x${address}`);
const small = (address: number) => address.toString(16).padStart(40, "0");
const kinds = ["CALL", "CALLCODE", "DELEGATECALL", "STATICCALL"] as const;

type CallOptions = {
  readonly to?: bigint;
  readonly gas?: bigint;
  readonly value?: bigint;
  readonly inputLength?: number;
  readonly outputLength?: number;
};

/** Memory 0 to 32 is input; 32 on is for output. Leaves whether the call succeeded. */
function call(kind: (typeof kinds)[number], options: CallOptions = {}): string {
  const { to = word(other), gas = top, value = 0n, inputLength = 32, outputLength = 32 } = options;
  const amount = kind === "CALL" || kind === "CALLCODE" ? `${value} ` : "";
  return `${outputLength} 32 ${inputLength} 0 ${amount}${to} ${gas} ${kind}`;
}

/** Returns status, gas, size of the return data, the memory and the return data. */
const tell =
  "0 MSTORE RETURNDATASIZE 96 MSTORE GAS 128 MSTORE RETURNDATASIZE 0 160 RETURNDATACOPY RETURNDATASIZE 160 ADD 0 RETURN";

const callees: Readonly<Record<string, string>> = {
  nothing: "",
  stops: "1 2 ADD STOP",
  "answers with what it sees":
    "ADDRESS 0 MSTORE CALLER 32 MSTORE CALLVALUE 64 MSTORE 0 CALLDATALOAD 96 MSTORE GAS 128 MSTORE CALLDATASIZE 160 MSTORE SELFBALANCE 192 MSTORE 224 0 RETURN",
  reverts: "77 0 MSTORE 64 0 REVERT",
  fails: "1 2 INVALID",
  stores: "7 1 SSTORE 1 SLOAD 0 MSTORE 32 0 RETURN",
  "stores and reverts": "7 1 SSTORE 9 8 TSTORE 3 2 1 0 0 LOG3 0 0 REVERT",
  logs: "3 2 1 32 0 LOG3",
  "stores for the transaction": "1 TLOAD 1 ADD DUP1 1 TSTORE 0 MSTORE 32 0 RETURN",
  "uses all memory it can pay": "0 1 1000000 MSTORE8 MSIZE 0 MSTORE 32 0 RETURN",
  "calls back": `0 0 0 0 0 ${word(contract)} 1000 CALL 0 MSTORE 32 0 RETURN`,
  "destroys itself": `${word(sender)} SELFDESTRUCT`,
  "destroys itself for itself": "ADDRESS SELFDESTRUCT",
  creates: "0 0 1 CREATE 0 MSTORE 32 0 RETURN",
  "jumps badly": "77 JUMP",
  "returns much": "1000 0 RETURN",
};

test("every kind of call of every kind of callee, at every limit of gas", async () => {
  for (const [name, callee] of Object.entries(callees)) {
    const accounts = new Map([[other, { code: assemble(callee), balance: 3n, nonce: 1n }]]);
    for (const kind of kinds) {
      const code = assemble(`${top / 3n} 0 MSTORE`, call(kind), tell);
      await compareAtLimits(`${kind} of what ${name}`, { code, accounts, value: 9n });
      const limited = assemble(call(kind, { gas: 5_000n, inputLength: 5, outputLength: 7 }), tell);
      await compare(`${kind} with little gas of what ${name}`, { code: limited, accounts });
    }
  }
});

test("calls that carry value: stipend, price, balance, static context, new accounts", async () => {
  const accounts = new Map([
    [other, { code: assemble(callees["answers with what it sees"] ?? "") }],
    [small(0x99), { balance: 1n }],
  ]);
  const amounts = [0n, 1n, 1_000n, 1_001n, top];
  for (const to of [word(other), 0x99n, 0x9999n, 2n, word(contract)]) {
    for (const value of amounts) {
      for (const kind of ["CALL", "CALLCODE"] as const) {
        const programs = [0n, 40_000n, top].map((gas) =>
          assemble(call(kind, { to, value, gas }), tell),
        );
        const [none = assemble(""), some = none, all = none] = programs;
        const name = `${kind} to ${to} of ${value}`;
        await compare(name, { code: none, accounts });
        await compareAtLimits(name, { code: some, accounts });
        await compare(name, { code: all, accounts });
        await compare(`static ${name}`, { code: some, accounts, kind: "staticCall" });
      }
    }
  }
});

test("a frame starts without return data, whatever was called before (EIP-211)", async () => {
  const third = "33".repeat(20);
  const accounts = new Map([
    [other, { code: assemble("RETURNDATASIZE 0 MSTORE 77 0 RETURN") }],
    [third, { code: assemble("1 0 MSTORE 50 0 RETURN") }],
  ]);
  for (const kind of kinds) {
    const before = call("CALL", { to: word(third) });
    const code = assemble(before, "POP", call(kind), "RETURNDATASIZE 96 MSTORE 128 0 RETURN");
    await compare(kind, { code, accounts });
    const creating = `${BigInt(`0x${hex(assemble("RETURNDATASIZE 0 MSTORE 32 0 RETURN"))}`)} 0 MSTORE`;
    const size = assemble("RETURNDATASIZE 0 MSTORE 32 0 RETURN").length;
    const creation = `${size} ${32 - size} 0 CREATE EXTCODEHASH RETURNDATASIZE ADD`;
    await compare("CREATE", { code: assemble(creating, before, "POP", creation, tell), accounts });
  }
});

test("copies of return data: every range inside and outside", async () => {
  const accounts = new Map([[other, { code: assemble(`${top} 0 MSTORE 40 0 RETURN`) }]]);
  const ranges = [
    [0n, 40n],
    [40n, 0n],
    [41n, 0n],
    [39n, 1n],
    [39n, 2n],
    [1n, 40n],
    [2n ** 64n - 5n, 10n],
    [2n ** 64n, 0n],
    [0n, 2n ** 64n],
    [2n ** 32n, 1n],
    [top, 2n],
  ];
  for (const [offset = 0n, length = 0n] of ranges) {
    const code = assemble(call("CALL"), length, offset, "0 RETURNDATACOPY", "MSIZE 0 RETURN");
    await compareAtLimits(`${offset} ${length}`, { code, accounts });
  }
});

test("a static context forbids every change, also further down", async () => {
  const changes = [
    "1 2 SSTORE",
    "1 2 TSTORE",
    "0 0 LOG0",
    "1 0 0 LOG1",
    "0 0 0 CREATE",
    "0 0 0 0 CREATE2",
    "0 SELFDESTRUCT",
  ];
  for (const change of changes) {
    const accounts = new Map([[other, { code: assemble(change) }]]);
    await compare(change, { code: assemble(change), kind: "staticCall" });
    for (const kind of kinds) {
      const code = assemble(call(kind), tell);
      await compare(`${kind}: ${change}`, { code, accounts, kind: "staticCall" });
    }
    await compare(`STATICCALL: ${change}`, { code: assemble(call("STATICCALL"), tell), accounts });
  }
});

test("recursion ends at 1,024 calls, or when a 64th of the gas remains", async () => {
  for (const kind of kinds) {
    const self = call(kind, { to: word(contract), inputLength: 0, outputLength: 0 });
    const code = assemble(`1 0 TLOAD ADD POP ${self} POP`);
    await compare(`endless ${kind}`, { code, gas: 3_000_000n });
    if (kind === "CALLCODE" || kind === "STATICCALL") continue;
    await compare(`endless ${kind} with much gas`, { code, gas: 10_000_000_000_000n });
  }
  const counting = assemble(
    `0 SLOAD 1 ADD 0 SSTORE ${call("CALL", { to: word(contract), inputLength: 0, outputLength: 0 })} POP`,
  );
  await compare("counted depth", { code: counting, gas: 100_000_000_000n });
  const creating = assemble("CODESIZE 0 0 CODECOPY CODESIZE 0 0 CREATE POP");
  await compare("creations in creations", { kind: "creation", code: creating, gas: 10_000_000n });
});

test("precompiles: gas, failure, output, cut and missing input", async () => {
  const inputs = [
    new Uint8Array(),
    Uint8Array.from({ length: 213 }, (_, i) => (i === 3 ? 12 : i === 212 ? 1 : i > 4 ? i : 0)),
    new Uint8Array(192),
    new Uint8Array(400).fill(1),
    sha256(Uint8Array.of(1)),
  ];
  for (let number = 1; number <= 11; number += 1) {
    for (const input of inputs) {
      for (const kind of kinds) {
        const options = { to: BigInt(number), inputLength: input.length, outputLength: 40 };
        const code = assemble("CALLDATASIZE 0 0 CALLDATACOPY", call(kind, options), tell);
        if (kind === "CALL") await compareAtLimits(`precompile ${number}`, { code, input });
        else await compare(`${kind} of precompile ${number}`, { code, input });
      }
      const recipient = small(number);
      await compare(`precompile ${number} alone`, {
        code: assemble(""),
        recipient,
        input,
        value: 1n,
      });
    }
  }
});

test("modular exponentiation: lengths of every size, also those that nobody can pay", async () => {
  const bytes32 = (value: bigint) => Buffer.from(value.toString(16).padStart(64, "0"), "hex");
  const lengths = [
    0n,
    1n,
    2n,
    8n,
    9n,
    32n,
    33n,
    64n,
    70n,
    2n ** 31n,
    2n ** 32n,
    2n ** 61n,
    2n ** 61n + 32n,
    2n ** 63n,
    2n ** 64n,
    top,
  ];
  const body = Uint8Array.from({ length: 150 }, (_, i) => (i * 37 + 11) & 0xff);
  for (const base of [0n, 1n, 33n, 2n ** 32n, 2n ** 64n]) {
    for (const exponent of lengths) {
      for (const modulus of [0n, 1n, 40n, 2n ** 35n, top]) {
        const input = Buffer.concat([bytes32(base), bytes32(exponent), bytes32(modulus), body]);
        const options = { to: 5n, inputLength: input.length, outputLength: 40 };
        const code = assemble("CALLDATASIZE 0 0 CALLDATACOPY", call("CALL", options), tell);
        await compare(`modexp ${base} ${exponent} ${modulus}`, { code, input, gas: 3_000_000n });
      }
    }
  }
  for (const zeros of [0, 1, 20, 31, 32]) {
    const exponent = new Uint8Array(40).fill(3).fill(0, 0, zeros);
    const input = Buffer.concat([
      bytes32(65n),
      bytes32(40n),
      bytes32(65n),
      new Uint8Array(65).fill(5),
      exponent,
      new Uint8Array(65).fill(7),
    ]);
    const options = { to: 5n, inputLength: input.length, outputLength: 40 };
    const code = assemble("CALLDATASIZE 0 0 CALLDATACOPY", call("CALL", options), tell);
    await compareAtLimits(`modexp with ${zeros} zeros`, { code, input });
  }
});
