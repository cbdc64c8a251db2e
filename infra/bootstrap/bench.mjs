// `npm run bench`: set-up, then the benchmarks.
import { runAfterSetUp } from "./run.mjs";

await runAfterSetUp("test/bench.ts");
