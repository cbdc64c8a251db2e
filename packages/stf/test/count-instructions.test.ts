/** The counter of the instruction benchmark, on a module whose instructions can be counted by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { counterExport, countInstructions } from "../bench/count-instructions.ts";

/** (func (export "run") (param i32) (loop local.get 0, i32.const 1, i32.sub, local.tee 0, br_if 0)) and a global. */
const wasm = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x05, 0x01, 0x60, 0x01, 0x7f, 0x00],
  ...[0x03, 0x02, 0x01, 0x00],
  ...[0x06, 0x06, 0x01, 0x7f, 0x01, 0x41, 0x00, 0x0b],
  ...[0x07, 0x07, 0x01, 0x03, 0x72, 0x75, 0x6e, 0x00, 0x00],
  ...[0x0a, 0x10, 0x01, 0x0e, 0x00],
  ...[0x03, 0x40, 0x20, 0x00, 0x41, 0x01, 0x6b, 0x22, 0x00, 0x0d, 0x00, 0x0b, 0x0b],
);

test("a round of a loop counts its instructions, and block marks count nothing", () => {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(countInstructions(wasm)), {});
  const run = exports["run"] as (rounds: number) => void;
  const counter = exports[counterExport] as { value: bigint };
  run(1);
  assert.equal(counter.value, 5n);
  counter.value = 0n;
  run(1_000);
  assert.equal(counter.value, 5_000n);
});
