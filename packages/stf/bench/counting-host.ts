/** A host that says how many instructions a run of the module took; otherwise the smallest that there can be. */
import * as codes from "../assembly/interface.ts";
import type { EngineHost } from "../conformance/module-engine.ts";
import { ContentTable } from "../src/content-table.ts";
import type { Entry, Questions } from "../src/module.ts";
import { runPrecompile } from "../src/precompiles/precompiles.ts";
import type { StateStore } from "../src/types.ts";
import { counterExport } from "./count-instructions.ts";

/** A host with the instructions of its last run. */
export type CountingHost = EngineHost & { readonly instructions: () => bigint };

/** Hosts a module that counts (count-instructions.ts). */
export function createCountingHost(store: StateStore, module: WebAssembly.Module): CountingHost {
  let asked: Questions = { task: new Uint8Array(0) };
  let answer = new Uint8Array(0) as Uint8Array;
  let outputs: { readonly kind: number; readonly content: Uint8Array }[] = [];
  const bytes = (at: number, length: number) =>
    new Uint8Array(memory.buffer, at >>> 0, length >>> 0);
  const { exports } = new WebAssembly.Instance(module, {
    host: {
      preimage: (kind: number, key: number, keyLength: number) => {
        const found = lookUp(kind, bytes(key, keyLength), { asked, store });
        if (found !== undefined) answer = found;
        return found?.length ?? -1;
      },
      takePreimage: (destination: number) => bytes(destination, answer.length).set(answer),
      emit: (kind: number, content: number, length: number) => {
        outputs.push({ kind, content: bytes(content, length).slice() });
      },
    },
  });
  const memory = exports["memory"] as WebAssembly.Memory;
  const counter = exports[counterExport] as { value: bigint };
  return {
    run: (entry: Entry, questions: Questions) => {
      asked = questions;
      outputs = [];
      counter.value = 0n;
      return (exports[entry] as () => number)() === codes.exitDone;
    },
    instructions: () => counter.value,
    outputs: {
      of: (kind) => outputs.filter((each) => each.kind === kind).map(({ content }) => content),
      packedContent: () => {
        const table = ContentTable.ofSize(0);
        for (const { kind, content } of outputs) {
          if (kind === codes.outputNode || kind === codes.outputCode) table.addJoined(content);
        }
        return table.copy();
      },
    },
  };
}

function lookUp(
  kind: number,
  key: Uint8Array,
  { asked, store }: { asked: Questions; store: StateStore },
): Uint8Array | undefined {
  switch (kind) {
    case codes.preimageTask:
      return asked.task;
    case codes.preimageTransaction:
      return asked.transaction?.(new DataView(key.slice().buffer).getUint32(0, true));
    case codes.preimagePrecompile: {
      const output = runPrecompile(key[0] ?? 0, key.slice(9));
      return output === undefined ? Uint8Array.of(0) : Buffer.concat([Uint8Array.of(1), output]);
    }
    default: {
      const content = store.get(key.slice());
      if (content === undefined) throw new Error(`the module asks for what is not there: ${kind}`);
      return content;
    }
  }
}
