// `npm run fuzz`: set-up, then random programs on the state-transition module and on its oracle.
import { runAfterSetUp } from "./run.mjs";

await runAfterSetUp("packages/stf/fuzz/main.ts");
