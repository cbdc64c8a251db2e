/** The smallest host of the module: answers its questions from plain values and collects its outputs. */
import { readFileSync } from "node:fs";
import { type RlpItem, rlpEncode } from "@sequorum/protocol";
import * as codes from "../assembly/interface.ts";
import { runPrecompile } from "../src/precompiles/precompiles.ts";
import { moduleFile } from "../scripts/build.ts";

/** What a run may ask for. */
export type Questions = {
  readonly task: RlpItem;
  readonly transactions?: readonly Uint8Array[];
  /** By hash, hexadecimal with 0x. */
  readonly content?: ReadonlyMap<string, Uint8Array>;
};

/** Outputs of a run in order; `kind` as in assembly/interface.ts. */
export type Run = {
  readonly exit: number;
  readonly outputs: readonly { readonly kind: number; readonly content: Uint8Array }[];
};

/** An instance of the module. */
export type ModuleHost = { run(entry: string, questions: Questions): Run };

/** An instance whose arena is larger is given up and another begun, bytes. */
const arenaBytesMax = 512 << 20;

/** Compiles the built module, or another one. */
export function compileModule(file: string = moduleFile): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(file));
}

/** A host that makes a new instance when the old one trapped or has become large. */
export function createModuleHost(module: WebAssembly.Module): ModuleHost {
  let running: Instance | undefined;
  return {
    run(entry, questions) {
      if (running !== undefined && running.arenaBytes() > arenaBytesMax) running = undefined;
      running ??= instantiate(module);
      try {
        return running.run(entry, questions);
      } catch (error) {
        running = undefined;
        throw error;
      }
    },
  };
}

type Instance = { readonly arenaBytes: () => number } & ModuleHost;

function instantiate(module: WebAssembly.Module): Instance {
  let asked: Questions = { task: [] };
  let answer: Uint8Array = new Uint8Array(0);
  let outputs: { kind: number; content: Uint8Array }[] = [];
  const bytes = (at: number, length: number) =>
    new Uint8Array(memory.buffer, at >>> 0, length >>> 0);
  const host = {
    preimage: (kind: number, key: number, keyLength: number): number => {
      const found = lookUp(kind, bytes(key, keyLength), asked);
      answer = found ?? new Uint8Array(0);
      return found?.length ?? -1;
    },
    takePreimage: (destination: number): void => bytes(destination, answer.length).set(answer),
    emit: (kind: number, content: number, length: number): void => {
      outputs.push({ kind, content: bytes(content, length).slice() });
    },
  };
  const { exports } = new WebAssembly.Instance(module, { host });
  const memory = exports["memory"] as WebAssembly.Memory;
  const arenaRegion = exports["arenaRegion"] as WebAssembly.Global;
  return {
    arenaBytes: () => memory.buffer.byteLength - Number(arenaRegion.value),
    run: (entry, questions) => {
      const exported = exports[entry];
      if (typeof exported !== "function") throw new Error(`the module has no entry ${entry}`);
      asked = questions;
      outputs = [];
      const exit = exported() as number;
      return { exit, outputs };
    },
  };
}

function lookUp(kind: number, key: Uint8Array, asked: Questions): Uint8Array | undefined {
  if (kind === codes.preimageTask) return rlpEncode(asked.task);
  if (kind === codes.preimagePrecompile) {
    const output = runPrecompile(key[0] ?? 0, key.subarray(9));
    return output === undefined ? Uint8Array.of(0) : Buffer.concat([Uint8Array.of(1), output]);
  }
  if (kind === codes.preimageTransaction) {
    return asked.transactions?.[new DataView(key.slice().buffer).getUint32(0, true)];
  }
  const hash = `0x${Buffer.from(key).toString("hex")}`;
  const content = kind === codes.preimageKeccak ? asked.content?.get(hash) : undefined;
  if (content === undefined)
    throw new Error(`the module asks for what is not there: ${kind} ${hash}`);
  return content;
}

/** Adds a run's trie nodes and codes to `content`. */
export function keepContent({ outputs }: Run, content: Map<string, Uint8Array>): void {
  for (const { kind, content: bytes } of outputs) {
    if (kind !== codes.outputNode && kind !== codes.outputCode) continue;
    content.set(`0x${Buffer.from(bytes.subarray(0, 32)).toString("hex")}`, bytes.subarray(32));
  }
}

/** The name of a fault as types.ts has it: faultNonceTooLow is NONCE_TOO_LOW. */
export function faultName(code: number): string {
  const name = Object.entries(codes).find(
    ([key, value]) => key.startsWith("fault") && value === code,
  )?.[0];
  if (name === undefined) return `UNKNOWN_${code}`;
  return name
    .slice("fault".length)
    .replace(/(?<!^)[A-Z]/g, (letter) => `_${letter}`)
    .toUpperCase();
}
