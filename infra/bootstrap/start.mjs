// `npm start`: set-up, then the development pool.
import { runAfterSetUp } from "./run.mjs";

await runAfterSetUp("infra/devnet/main.ts");
