import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";
import { buildModule, moduleFile } from "../scripts/build.ts";
import { moduleBytesMax, moduleFaults } from "../scripts/check-module.ts";

before(() => buildModule());

test("the module keeps to the allowed opcodes, imports, types and size", async () => {
  assert.deepEqual(moduleFaults(await readFile(moduleFile)), []);
});

test("a plain module of integers with one memory is accepted", () => {
  assert.deepEqual(moduleFaults(moduleOf({})), []);
  const body = [0x20, 0x00, 0xac, 0x42, 0x7f, 0x7c, 0xa7, 0x0b]; // sign-extend, add -1, wrap
  assert.deepEqual(moduleFaults(moduleOf({ body })), []);
});

const refused: readonly (readonly [string, Parts, RegExp])[] = [
  ["a float constant", { body: [0x43, 0, 0, 0, 0, 0x1a, 0x20, 0, 0x0b] }, /opcode 0x43/],
  ["a float addition", { body: [0x92, 0x0b] }, /opcode 0x92/],
  ["a truncation of a float", { body: [0xa8, 0x0b] }, /opcode 0xa8/],
  ["a bulk copy", { body: [0xfc, 0x0a, 0, 0, 0x0b] }, /opcode 0xfc/],
  ["a vector instruction", { body: [0xfd, 0x0c, 0x0b] }, /opcode 0xfd/],
  ["an atomic instruction", { body: [0xfe, 0x03, 0, 0x0b] }, /opcode 0xfe/],
  ["a reference", { body: [0xd0, 0x70, 0x1a, 0x20, 0, 0x0b] }, /opcode 0xd0/],
  ["an indirect call", { body: [0x11, 0, 0, 0x0b] }, /opcode 0x11/],
  ["a local that is a float", { locals: [1, 0x7c] }, /value type 0x7c/],
  ["a vector parameter", { parameter: 0x7b }, /value type 0x7b/],
  ["an import of a clock", { importName: "now" }, /import host.now is not allowed/],
  ["a host function of another type", { importName: "emit" }, /import host.emit has another type/],
  ["a shared memory", { memoryFlags: 3 }, /one plain memory/],
  ["a count for bulk memory", { extra: [12, 1, 0] }, /section 12/],
  ["exceptions", { extra: [13, 1, 0] }, /section 13/],
  ["bytes behind a function's end", { body: [0x20, 0, 0x0b, 0x01] }, /behind its end/],
  ["a function that does not end", { body: [0x20, 0] }, /ends early/],
];

for (const [what, parts, pattern] of refused) {
  test(`a module with ${what} is refused`, () => {
    const faults = moduleFaults(moduleOf(parts));
    assert.match(faults.join("; "), pattern);
  });
}

test("what is too large, cut short or no module is refused", () => {
  const whole = moduleOf({});
  const padding = [0, ...leb(moduleBytesMax), 0, ...new Array<number>(moduleBytesMax - 1).fill(0)];
  assert.match(moduleFaults(Uint8Array.from([...whole, ...padding])).join(), /more than/);
  assert.match(moduleFaults(whole.subarray(0, whole.length - 1)).join(), /ends early/);
  assert.match(moduleFaults(new Uint8Array(8)).join(), /no WebAssembly module/);
  assert.match(moduleFaults(new Uint8Array(0)).join(), /ends early/);
});

type Parts = {
  readonly body?: readonly number[];
  readonly locals?: readonly number[];
  readonly parameter?: number;
  readonly importName?: string;
  readonly memoryFlags?: number;
  /** A section behind all others. */
  readonly extra?: readonly number[];
};

/** A module with one import, one memory and one function of an i32 to an i32. */
function moduleOf(parts: Parts): Uint8Array {
  const { body = [0x20, 0, 0x0b], locals, parameter = 0x7f, memoryFlags = 0 } = parts;
  const code = [...(locals === undefined ? [0] : [1, ...locals]), ...body];
  const host = [...new TextEncoder().encode("host")];
  const name = [...new TextEncoder().encode(parts.importName ?? "takePreimage")];
  const unary = [0x60, 1, parameter, 1, 0x7f];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [2, ...unary, 0x60, 1, 0x7f, 0]),
    ...section(2, [1, host.length, ...host, name.length, ...name, 0, 1]),
    ...section(3, [1, 0]),
    ...section(5, [1, memoryFlags, 1, ...((memoryFlags & 1) === 1 ? [2] : [])]),
    ...section(10, [1, ...leb(code.length), ...code]),
    ...(parts.extra ?? []),
  ]);
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...leb(content.length), ...content];
}

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}
