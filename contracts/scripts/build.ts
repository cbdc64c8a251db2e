/** Compiles the contracts with forge; does nothing when the sources have not changed. */
import { runForge } from "./forge.ts";

process.exitCode = await runForge(["build", "--quiet", "src"]);
