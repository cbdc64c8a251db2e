// `npm test`: set-up, then every test.
import { runAfterSetUp } from "./run.mjs";

await runAfterSetUp("test/run.ts");
