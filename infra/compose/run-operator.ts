/**
 * Runs operator `index` of the development pool of compose.yaml in this process: all six services, or only the one named.
 *   node infra/compose/run-operator.ts 0 [orderer]
 */
import { createDirectories } from "../devnet/directories.ts";
import { operatorEnvironment, serviceNames } from "../devnet/operators.ts";
import { readPoolEnvironment } from "./pool-environment.ts";

const [indexText, service] = process.argv.slice(2);
const index = Number(indexText);
if (!Number.isInteger(index) || index < 0)
  throw new Error("give the operator's index: 0, 1, 2 ...");
if (service !== undefined && !serviceNames.some((name) => name === service)) {
  throw new Error(`the services are ${serviceNames.join(", ")}`);
}

const pool = readPoolEnvironment(process.env);
const directories = createDirectories(pool.dataDirectory);
Object.assign(process.env, operatorEnvironment(index, { ...pool, directories }));
// Both programs read their environment when they are loaded.
await import(
  service === undefined ? "../devnet/operator-main.ts" : `../../services/${service}/src/main.ts`
);
