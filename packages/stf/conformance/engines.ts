/** The engines by name. */
import { createOracleEngine } from "../test/oracle/replay.ts";
import type { Engine } from "./engine.ts";
import { createModuleEngine } from "./module-engine.ts";

/** The module is what is tested; the oracle shows whether a failure is the test runner's. */
export type EngineName = "module" | "oracle";

/** Makes an engine; `moduleFile` is another module than the built one. */
export function createEngine(name: EngineName, moduleFile: string | undefined): Engine {
  return name === "oracle" ? createOracleEngine() : createModuleEngine(moduleFile);
}
