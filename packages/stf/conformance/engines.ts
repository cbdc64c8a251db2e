/** The engines by name. */
import { readFileSync } from "node:fs";
import { createOracleEngine } from "../test/oracle/replay.ts";
import type { Engine } from "./engine.ts";
import { loadModule, ModuleHost } from "../src/module.ts";
import { createModuleEngine } from "./module-engine.ts";

/** The module is what is tested; the oracle shows whether a failure is the test runner's. */
export type EngineName = "module" | "oracle";

/** Makes an engine; `moduleFile` is another module than the built one. */
export function createEngine(name: EngineName, moduleFile: string | undefined): Engine {
  if (name === "oracle") return createOracleEngine();
  const module =
    moduleFile === undefined ? loadModule() : new WebAssembly.Module(readFileSync(moduleFile));
  return createModuleEngine((store) => new ModuleHost(store, module, { poisonsArena: true }));
}
