/**
 * WebAssembly instructions a unit of gas over all GeneralStateTests, and the size of the module:
 * `node packages/stf/bench/instructions.ts`. L1 judges a trace of instructions, so their number bounds a dispute. What
 * the host does for precompiles is not counted: it is not part of the trace.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { createModuleEngine } from "../conformance/module-engine.ts";
import type { Engine } from "../conformance/engine.ts";
import { stateTests } from "../conformance/state-tests.ts";
import { findVectors, listFiles, readVectors } from "../conformance/vectors.ts";
import { buildModule, moduleFile } from "../scripts/build.ts";
import { type CountingHost, createCountingHost } from "./counting-host.ts";
import { countInstructions } from "./count-instructions.ts";

type Measured = { readonly name: string; readonly instructions: number; readonly gas: number };

/** Below this, what a block takes by itself outweighs what the gas buys. */
const gasMin = 100_000;
const shown = 10;

await buildModule();
const wasm = readFileSync(moduleFile);
const kibibytes = (bytes: number) => `${(bytes / 1_024).toFixed(1)} KiB`;
process.stdout.write(
  `module: ${kibibytes(wasm.length)}, ${kibibytes(gzipSync(wasm).length)} compressed\n`,
);
const vectors = findVectors(process.env["SEQUORUM_VECTORS"]);
if (vectors === undefined) process.stdout.write("SKIPPED: the conformance data is absent\n");
else report(await measure(vectors));

async function measure(folder: string): Promise<Measured[]> {
  const module = new WebAssembly.Module(countInstructions(wasm));
  const measured: Measured[] = [];
  for (const file of listFiles(folder, stateTests.folder)) {
    let last = { instructions: 0, gas: 0 };
    let host: CountingHost | undefined;
    const engine = createModuleEngine((store) => {
      host = createCountingHost(store, module);
      return host;
    });
    const watched: Engine = {
      ...engine,
      replay: async (task) => {
        const result = await engine.replay(task);
        const gas = result.type === "executed" ? Number(result.gasUsed) : 0;
        last = { instructions: Number(host?.instructions() ?? 0n), gas };
        return result;
      },
    };
    const subject = { engine: watched, isWanted: () => true, isPatient: false, file };
    const content = readVectors(join(folder, stateTests.folder, file));
    for await (const { name, status } of stateTests.run(content, subject)) {
      if (status === "failed") throw new Error(`${file} ${name} fails`);
      if (status === "passed") measured.push({ name: `${file} ${name}`, ...last });
    }
  }
  return measured;
}

function report(measured: readonly Measured[]): void {
  const ratio = ({ instructions, gas }: Measured) => instructions / gas;
  const ran = measured.filter(({ gas }) => gas > 0);
  const large = ran.filter(({ gas }) => gas >= gasMin);
  const middle = ran.map(ratio).sort((a, b) => a - b)[Math.floor(ran.length / 2)] ?? 0;
  const lines = [
    `${ran.length} transactions: median ${middle.toFixed(1)} instructions a gas`,
    ...worst(`the most instructions a gas, of those that use at least ${gasMin} gas`, large, ratio),
    ...worst("the most instructions", ran, ({ instructions }) => instructions),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

function worst(
  title: string,
  items: readonly Measured[],
  by: (item: Measured) => number,
): readonly string[] {
  const sorted = [...items].sort((a, b) => by(b) - by(a)).slice(0, shown);
  return [
    `${title}:`,
    ...sorted.map(({ name, instructions, gas }) => {
      const each = (instructions / gas).toFixed(1).padStart(8);
      return `${each} a gas, ${(instructions / 1e6).toFixed(1)} M for ${gas} gas: ${name}`;
    }),
  ];
}
