// `npm run conformance`: set-up, then the Ethereum test suites against the state-transition module.
import { runAfterSetUp } from "./run.mjs";

await runAfterSetUp("packages/stf/conformance/main.ts");
