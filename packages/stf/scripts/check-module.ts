/**
 * Refuses a module that L1 could not judge, or that two machines could run differently: an opcode outside the list
 * below, an import other than the three host functions, a value that is no integer. `node scripts/check-module.ts [file]`.
 */
import { readFile } from "node:fs/promises";
import { moduleFile } from "./build.ts";
import {
  type FunctionType,
  type ModuleImport,
  type ParsedModule,
  parseModule,
  type Reader,
} from "./wasm-module.ts";

/** The module is read by people and translated to RV64IM: it stays small. */
export const moduleBytesMax = 100_000;

const i32 = 0x7f;
const i64 = 0x7e;
const funcref = 0x70;
const functionKind = 0;

/** What the module may import, and its types. */
const allowedImports: Readonly<Record<string, FunctionType>> = {
  "host.preimage": { parameters: [i32, i32, i32], results: [i32] },
  "host.takePreimage": { parameters: [i32], results: [] },
  "host.emit": { parameters: [i32, i32, i32], results: [] },
};

/** All of version 1: type, import, function, table, memory, global, export, start, element, code, data; custom ones mean nothing. */
const allowedSections = new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);

type Immediates = "none" | "index" | "blockType" | "table" | "memoryAccess" | "byte" | "constant";

/** [first opcode, last opcode, name, what follows it]: all that may occur. Everything else is refused. */
const allowedOpcodes: readonly (readonly [number, number, string, Immediates])[] = [
  [0x00, 0x01, "unreachable, nop", "none"],
  [0x02, 0x04, "block, loop, if", "blockType"],
  [0x05, 0x05, "else", "none"],
  [0x0b, 0x0b, "end", "none"],
  [0x0c, 0x0d, "br, br_if", "index"],
  [0x0e, 0x0e, "br_table", "table"],
  [0x0f, 0x0f, "return", "none"],
  [0x10, 0x10, "call", "index"],
  [0x1a, 0x1b, "drop, select", "none"],
  [0x20, 0x24, "local.get .set .tee, global.get .set", "index"],
  [0x28, 0x29, "i32.load, i64.load", "memoryAccess"],
  [0x2c, 0x35, "narrow integer loads", "memoryAccess"],
  [0x36, 0x37, "i32.store, i64.store", "memoryAccess"],
  [0x3a, 0x3e, "narrow integer stores", "memoryAccess"],
  [0x3f, 0x40, "memory.size, memory.grow", "byte"],
  [0x41, 0x42, "i32.const, i64.const", "constant"],
  [0x45, 0x5a, "integer comparisons", "none"],
  [0x67, 0x8a, "integer arithmetic", "none"],
  [0xa7, 0xa7, "i32.wrap_i64", "none"],
  [0xac, 0xad, "i64.extend_i32", "none"],
  [0xc0, 0xc4, "sign extension", "none"],
];

/** All that is wrong with the module; empty when nothing is. */
export function moduleFaults(bytes: Uint8Array): readonly string[] {
  const faults: string[] = [];
  if (bytes.length > moduleBytesMax) {
    faults.push(`the module has ${bytes.length} bytes, more than ${moduleBytesMax}`);
  }
  try {
    faults.push(...faultsOf(parseModule(bytes, readImmediates)));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    faults.push(error.message);
  }
  return faults;
}

function faultsOf(parsed: ParsedModule): string[] {
  const faults = parsed.imports.flatMap(importFaults);
  for (const id of parsed.sections) {
    if (!allowedSections.has(id)) faults.push(`section ${id} is not allowed`);
  }
  const values = [
    ...parsed.types.flatMap(({ parameters, results }) => [...parameters, ...results]),
    ...parsed.globals,
    ...parsed.bodies.flatMap(({ locals }) => locals),
  ];
  for (const type of new Set(values)) {
    if (type !== i32 && type !== i64) faults.push(`value type ${hex(type)} is not allowed`);
  }
  if (parsed.types.some(({ results }) => results.length > 1)) {
    faults.push("a function has several results");
  }
  if (parsed.tables.some((type) => type !== funcref)) faults.push("a table holds other references");
  const [flags, ...others] = parsed.memories;
  if (flags === undefined || flags > 1 || others.length > 0) {
    faults.push("the module has not one plain memory");
  }
  return faults;
}

function importFaults({ module, name, kind, type }: ModuleImport): string[] {
  const wanted = allowedImports[`${module}.${name}`];
  if (kind !== functionKind || wanted === undefined) {
    return [`import ${module}.${name} is not allowed`];
  }
  const isSame = type !== undefined && isSameType(type, wanted);
  return isSame ? [] : [`import ${module}.${name} has another type`];
}

/** Throws for an opcode that is not allowed: what follows it could not be read. */
export function readImmediates(opcode: number, reader: Reader): void {
  const allowed = allowedOpcodes.find(([first, last]) => opcode >= first && opcode <= last);
  if (allowed === undefined) {
    throw new RangeError(`opcode ${hex(opcode)} is not allowed`);
  }
  switch (allowed[3]) {
    case "none":
      return;
    case "index":
      reader.unsigned();
      return;
    case "blockType":
    case "constant":
      reader.skipSigned();
      return;
    case "table":
      reader.vector(() => reader.unsigned());
      reader.unsigned();
      return;
    case "memoryAccess":
      reader.unsigned(); // alignment
      reader.unsigned(); // offset
      return;
    case "byte":
      reader.byte();
      return;
  }
}

function isSameType(a: FunctionType, b: FunctionType): boolean {
  return (
    Buffer.compare(Buffer.from(a.parameters), Buffer.from(b.parameters)) === 0 &&
    Buffer.compare(Buffer.from(a.results), Buffer.from(b.results)) === 0
  );
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(2, "0")}`;
}

if (import.meta.main) {
  const bytes = await readFile(process.argv[2] ?? moduleFile);
  const faults = moduleFaults(bytes);
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  if (faults.length === 0) process.stdout.write(`the module is accepted: ${bytes.length} bytes\n`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
