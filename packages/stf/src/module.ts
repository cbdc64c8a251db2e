/// <reference path="./webassembly.d.ts" />
/**
 * The host of the state-transition module (assembly/): instantiates it, answers its questions, takes its outputs. One run
 * at a time; an instance whose run was ended by an exception, or whose arena grew large, is not used again.
 */
import { readFileSync } from "node:fs";
import { assert, AssertionFailure, type Hex } from "@sequorum/protocol";
import {
  exitDone,
  exitNotIncludable,
  preimageBatchData,
  preimageForcedEntry,
  preimageKeccak,
  preimagePrecompile,
  preimageTask,
  preimageTransaction,
} from "../assembly/interface.ts";
import { toHex } from "./bytes.ts";
import type { Located } from "./content-table.ts";
import { Outputs } from "./outputs.ts";
import { recoveryBytes } from "./precompiles/ecrecover.ts";
import { runPrecompile } from "./precompiles/precompiles.ts";
import { SenderCache } from "./sender-cache.ts";
import type { StateStore } from "./types.ts";

/** What can be run; each is described in packages/stf/README.md. */
export type Entry = "block" | "call" | "transaction" | "batch" | "genesis" | "read" | "replay";

/** What a run asks for. */
export type Questions = {
  /** RLP. */
  readonly task: Uint8Array;
  /** A raw transaction; undefined ends the list. */
  readonly transaction?: (index: number) => Uint8Array | undefined;
  /** RLP of an entry of the forced queue. */
  readonly forcedEntry?: (index: number) => Uint8Array | undefined;
  readonly batchData?: Uint8Array;
  /** Content that the store may lack. */
  readonly content?: (hash: Hex) => Uint8Array | undefined;
  /** Bytes of trace steps that are kept. */
  readonly traceBytesMax?: number;
  /** Trace steps that are kept; all when left out. */
  readonly traceStepsMax?: number;
};

/** The store lacks something; the run can be repeated once it has it. */
export class MissingContent extends Error {
  readonly hash: Hex;
  constructor(hash: Hex) {
    super(`no content is known for hash ${hash}`);
    this.name = "MissingContent";
    this.hash = hash;
  }
}

/** An instance whose arena is larger is not used again, bytes: a rare run must not take the process' memory for good. */
const arenaBytesMax = 128 << 20;
const builtModule = new URL("../build/stf.wasm", import.meta.url);

let loaded: WebAssembly.Module | undefined;

/** The compiled module, which `npm run build -w packages/stf` makes. */
export function loadModule(): WebAssembly.Module {
  loaded ??= new WebAssembly.Module(readModule());
  return loaded;
}

function readModule(): Uint8Array {
  try {
    return readFileSync(builtModule);
  } catch (cause) {
    throw new Error(
      "the state-transition module is not built: run `npm run build -w packages/stf`",
      { cause },
    );
  }
}

/** How a host is set up. */
export type HostOptions = {
  /** For tests: fills the arena with ones before each run, so that reading what this run did not write is noticed. */
  readonly poisonsArena?: boolean;
};

/** An instance in use. */
type Running = {
  readonly memory: WebAssembly.Memory;
  /** Where the arena begins; the address space before it is of fixed size, and most of it is never touched. */
  readonly arenaRegion: number;
  readonly exports: Readonly<Record<string, unknown>>;
};

const noQuestions: Questions = { task: new Uint8Array(0) };
const nothing = new Uint8Array(0);
/** The answer for a precompile that failed. */
const failed = new Uint8Array(1);
/** Number and gas are in front of a precompile's input. */
const precompileHeadBytes = 9;
/** Answer for a transaction behind the last one. */
const noneAnyMore = -1;

/** Runs entries of the module. */
export class ModuleHost {
  readonly #module: WebAssembly.Module;
  readonly #store: StateStore;
  readonly #options: HostOptions;
  readonly senders = new SenderCache();
  /** Question of the last recovery: signing hash, v, r, s. */
  readonly lastRecovery = new Uint8Array(recoveryBytes);
  /** What the last run handed out; valid until the next. */
  readonly outputs = new Outputs();
  #instance: Running | undefined;
  #questions = noQuestions;
  /** Linear memory of the instance. */
  #memory: WebAssembly.Memory | undefined;
  /** Its bytes; of length 0 once it has grown, for then they are another buffer. */
  #bytes: Uint8Array<ArrayBuffer> = nothing;
  #view = new DataView(nothing.buffer);
  /** What the last question found. */
  readonly #found: Located = { bytes: nothing, start: 0, length: 0 };

  constructor(store: StateStore, module: WebAssembly.Module, options: HostOptions = {}) {
    this.#store = store;
    this.#module = module;
    this.#options = options;
  }

  /** Runs an entry; true when it did what was asked, false when an output says why it did not. */
  run(entry: Entry, questions: Questions): boolean {
    const instance = this.#instance ?? this.#instantiate();
    this.#instance = undefined; // until it has ended well
    this.#memory = instance.memory;
    this.#questions = questions;
    this.outputs.clear(questions.traceBytesMax ?? 0, questions.traceStepsMax ?? Infinity);
    this.#seeMemory();
    if (this.#options.poisonsArena === true) this.#bytes.fill(0xff, instance.arenaRegion);
    const exitCode = this.#call(instance, entry);
    assert(exitCode === exitDone || exitCode === exitNotIncludable, "an exit code is known", {
      entry,
      exitCode,
    });
    const arenaBytes = instance.memory.buffer.byteLength - instance.arenaRegion;
    if (arenaBytes <= arenaBytesMax) this.#instance = instance;
    return exitCode === exitDone;
  }

  /** An instance whose run lacked content is used again: every run begins by resetting what a run may have left. */
  #call(instance: Running, entry: Entry): unknown {
    try {
      return callEntry(instance, entry);
    } catch (error) {
      if (error instanceof MissingContent) this.#instance = instance;
      throw error;
    }
  }

  #instantiate(): Running {
    const { exports } = new WebAssembly.Instance(this.#module, {
      host: {
        preimage: (kind: number, key: number, keyLength: number) =>
          this.#ask(kind, key >>> 0, keyLength >>> 0),
        takePreimage: (destination: number) => this.#take(destination >>> 0),
        emit: (kind: number, content: number, length: number) =>
          this.#accept(kind, content >>> 0, length >>> 0),
      },
    });
    const { memory, arenaRegion } = exports;
    assert(memory instanceof WebAssembly.Memory, "the module exports its memory");
    assert(arenaRegion instanceof WebAssembly.Global, "the module says where its arena begins");
    return { memory, arenaRegion: Number(arenaRegion.value) >>> 0, exports };
  }

  #seeMemory(): void {
    assert(this.#memory !== undefined, "an instance runs");
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#view = new DataView(this.#memory.buffer);
  }

  /** Finds what is asked for; answers its length. */
  #ask(kind: number, key: number, keyLength: number): number {
    if (this.#bytes.length === 0) this.#seeMemory();
    switch (kind) {
      case preimageKeccak:
        return this.#askContent(key);
      case preimagePrecompile:
        return this.#askPrecompile(key, keyLength);
      case preimageTransaction:
        return this.#give(this.#questions.transaction?.(this.#view.getUint32(key, true)));
      case preimageTask:
        return this.#give(this.#questions.task);
      case preimageBatchData:
        return this.#give(this.#questions.batchData);
      case preimageForcedEntry:
        return this.#give(this.#questions.forcedEntry?.(this.#view.getUint32(key, true)));
      default:
        throw new AssertionFailure("a question is of a known kind", { kind });
    }
  }

  #give(content: Uint8Array | undefined): number {
    if (content === undefined) return noneAnyMore;
    const found = this.#found;
    found.bytes = content;
    found.start = 0;
    found.length = content.length;
    return content.length;
  }

  #askContent(key: number): number {
    if (this.#store.locate?.(this.#view, key, this.#found) === true) return this.#found.length;
    const hash = this.#bytes.slice(key, key + 32);
    const text = toHex(hash);
    const content =
      (this.#store.locate === undefined ? this.#store.get(hash) : undefined) ??
      this.#questions.content?.(text);
    if (content === undefined) throw new MissingContent(text);
    return this.#give(content);
  }

  #askPrecompile(key: number, keyLength: number): number {
    const number = this.#bytes[key] ?? 0;
    const start = key + precompileHeadBytes;
    const end = key + keyLength;
    if (number === 1 && end - start === recoveryBytes) {
      this.lastRecovery.set(this.#bytes.subarray(start, end));
      const isFound = this.senders.answer(this.#bytes, this.#view, start, this.#found);
      return isFound ? this.#found.length : this.#give(Uint8Array.of(1));
    }
    const output = runPrecompile(number, this.#bytes.subarray(start, end));
    if (output === undefined) return this.#give(failed);
    const answer = new Uint8Array(1 + output.length);
    answer[0] = 1;
    answer.set(output, 1);
    return this.#give(answer);
  }

  /** Copies what was found into the module's memory. */
  #take(destination: number): void {
    if (this.#bytes.length === 0) this.#seeMemory();
    const { bytes, start, length } = this.#found;
    this.#bytes.set(
      start === 0 && length === bytes.length ? bytes : bytes.subarray(start, start + length),
      destination,
    );
  }

  #accept(kind: number, start: number, length: number): void {
    if (this.#bytes.length === 0) this.#seeMemory();
    this.outputs.add(kind, this.#bytes.subarray(start, start + length));
  }
}

/** Calls an export; a trap is a bug of the module, or a run that no machine could finish. */
function callEntry({ exports }: Running, entry: Entry): unknown {
  const run = exports[entry];
  assert(typeof run === "function", "the module exports its entries", { entry });
  try {
    return run();
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    throw new AssertionFailure("the module does not trap", { entry, trap: error.message });
  }
}
