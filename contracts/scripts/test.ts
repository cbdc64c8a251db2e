/**
 * All tests of the contracts: forge (gas figures compared with snapshots/), then the vectors against packages/protocol.
 * Ends with the line `forge: <n> passed, <n> failed, <n> skipped`. `--update-gas` records new gas figures.
 */
import { run } from "node:test";
import { spec } from "node:test/reporters";
import path from "node:path";
import { captureForge, contractsDir } from "./forge.ts";

const update = process.argv.includes("--update-gas");
const forge = await captureForge(["test"], update ? {} : { FORGE_SNAPSHOT_CHECK: "true" });
const counts = /(\d+) tests? passed, (\d+) failed, (\d+) skipped \(\d+ total/.exec(forge.output);
if (forge.code !== 0 || counts === null) process.exitCode = 1;

const vectors = run({ files: [path.join(contractsDir, "test", "vectors.test.ts")] });
vectors.on("test:fail", () => {
  process.exitCode = 1;
});
vectors.compose(spec).pipe(process.stdout);
vectors.once("end", () => {
  const [, passed = "0", failed = "1", skipped = "0"] = counts ?? [];
  process.on("exit", () =>
    process.stdout.write(`forge: ${passed} passed, ${failed} failed, ${skipped} skipped\n`),
  );
});
