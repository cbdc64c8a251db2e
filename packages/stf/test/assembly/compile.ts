/** Compiles AssemblyScript for a test, with the options of the real module, and instantiates it. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The module's imports; a part that does not ask for anything needs none. */
export type HostFunctions = {
  readonly preimage?: (kind: number, key: number, keyLength: number) => number;
  readonly takePreimage?: (destination: number) => void;
  readonly emit?: (kind: number, content: number, length: number) => void;
};

/** Exports are functions of integers; i64 values are bigints. */
export type Compiled = {
  readonly memory: WebAssembly.Memory;
  /** Calls an export; usize and i32 results are numbers. */
  call(name: string, ...args: readonly (number | bigint)[]): number;
  /** As `call`, for exports that answer 64-bit integers. */
  call64(name: string, ...args: readonly (number | bigint)[]): bigint;
  /** Memory at `at`; valid until the next call. */
  bytes(at: number, length: number): Uint8Array;
};

const run = promisify(execFile);
const asc = fileURLToPath(import.meta.resolve("assemblyscript/bin/asc.js"));

/** Options of the real module (scripts/build.ts). */
const options = ["--runtime", "stub", "--noAssert", "--disable", "bulk-memory", "-O3"];

/** The instance of the entry file at `url`. `host` may use the instance's memory through `memoryOf`. */
export async function compileAssembly(
  url: URL,
  host: (memoryOf: () => WebAssembly.Memory) => HostFunctions = () => ({}),
): Promise<Compiled> {
  return instantiate(await compileToWasm(url), host);
}

/** The binary of the entry file at `url`. */
export async function compileToWasm(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  const folder = await mkdtemp(join(tmpdir(), "stf-"));
  try {
    const entry = fileURLToPath(url);
    const output = join(folder, "test.wasm");
    const baseDir = dirname(entry);
    await run(process.execPath, [asc, entry, "--baseDir", baseDir, "-o", output, ...options]);
    return await readFile(output);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function instantiate(
  wasm: Uint8Array<ArrayBuffer>,
  host: (memoryOf: () => WebAssembly.Memory) => HostFunctions,
): Promise<Compiled> {
  let memory: WebAssembly.Memory | undefined;
  const memoryOf = () => {
    if (memory === undefined) throw new Error("not instantiated yet");
    return memory;
  };
  const refuse = (name: string) => () => {
    throw new Error(`the test has no ${name}`);
  };
  const { preimage, takePreimage, emit } = host(memoryOf);
  const functions = {
    preimage: preimage ?? refuse("preimage"),
    takePreimage: takePreimage ?? refuse("takePreimage"),
    emit: emit ?? refuse("emit"),
  };
  const { instance } = await WebAssembly.instantiate(wasm, { host: functions });
  const { exports } = instance;
  memory = exports["memory"] as WebAssembly.Memory;
  const call = (name: string, args: readonly (number | bigint)[]): unknown => {
    const exported = exports[name];
    if (typeof exported !== "function") throw new Error(`no export ${name}`);
    return exported(...args);
  };
  return {
    memory,
    call: (name, ...args) => (call(name, args) as number) >>> 0,
    call64: (name, ...args) => BigInt.asUintN(64, call(name, args) as bigint),
    bytes: (at, length) => new Uint8Array(memoryOf().buffer, at, length),
  };
}
