// `npm run check:engine`: set-up, then geth verifies the blocks of a pool.
import { runAfterSetUp } from "./run.mjs";

await runAfterSetUp("test/engine-check/main.ts");
