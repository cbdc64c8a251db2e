import assert from "node:assert/strict";
import { test } from "node:test";
import { generateAddress } from "@ethereumjs/util";
import * as codes from "../../assembly/interface.ts";
import { compare, sender, senderNonce } from "./evm-comparison.ts";
import { hex } from "./evm-harness.ts";
import { assemble } from "./evm-oracle.ts";

test("each way to fail has its own halt", async () => {
  const inCode: readonly (readonly [string, number])[] = [
    ["STOP", 0],
    ["0 0 REVERT", codes.haltRevert],
    ["JUMPDEST 0 JUMP", codes.haltOutOfGas],
    ["SWAP3", codes.haltStackUnderflow],
    [new Array(1_025).fill("PC").join(" "), codes.haltStackOverflow],
    ["1 1 JUMPI", codes.haltBadJump],
    ["x0c", codes.haltBadInstruction],
    ["0 1 0 RETURNDATACOPY", codes.haltReturnDataOutOfBounds],
    ["49153 0 0 CREATE", codes.haltInitcodeTooLarge],
  ];
  for (const [program, halt] of inCode) {
    assert.equal((await compare(program, { code: assemble(program) })).halt, halt, program);
  }
  const code = assemble("1 1 SSTORE");
  const { halt } = await compare("static", { code, kind: "staticCall" });
  assert.equal(halt, codes.haltStaticViolation);
  const inCreation: readonly (readonly [string, number])[] = [
    ["24577 0 RETURN", codes.haltCodeTooLarge],
    ["239 0 MSTORE8 1 0 RETURN", codes.haltCodeStartsWithEf],
    ["20000 0 RETURN", codes.haltOutOfGas],
  ];
  for (const [program, expected] of inCreation) {
    const given = { code: assemble(program), kind: "creation", gas: 100_000n } as const;
    assert.equal((await compare(program, given)).halt, expected, program);
  }
});

test("a precompile that fails, one without enough gas, and a collision say so at the top", async () => {
  const code = new Uint8Array();
  const recipient = "08".padStart(40, "0");
  const failed = await compare("pairing", { code, recipient, input: new Uint8Array(5) });
  assert.equal(failed.halt, codes.haltPrecompileFailed);
  const poor = await compare("pairing", { code, recipient, gas: 44_999n });
  assert.equal(poor.halt, codes.haltOutOfGas);
  const creator = Buffer.from(sender, "hex");
  const taken = hex(generateAddress(creator, Uint8Array.of(senderNonce)));
  const accounts = new Map([[taken, { code: assemble("STOP") }]]);
  const collided = await compare("collision", { code, kind: "creation", accounts });
  assert.equal(collided.halt, codes.haltAddressCollision);
});
