/** Makes what the development pool of compose.yaml starts from: keys, databases, contracts, network.json. Run once or again. */
import { chmod } from "node:fs/promises";
import { createDirectories } from "../devnet/directories.ts";
import { openNetwork } from "../devnet/create-network.ts";
import { openOperatorKeys } from "../devnet/operator-keys.ts";
import { databaseName, operatorName } from "../devnet/operators.ts";
import { createDatabases } from "../devnet/servers.ts";
import { readPoolEnvironment } from "./pool-environment.ts";

const pool = readPoolEnvironment(process.env);
const indices = Array.from({ length: pool.operators }, (_, i) => i);
const directories = createDirectories(pool.dataDirectory);
const operators = await Promise.all(
  indices.map((i) => openOperatorKeys(operatorName(i), directories.operator(operatorName(i)))),
);
await createDatabases(pool.postgresUrl, indices.map(databaseName));
await openNetwork({
  networkFile: directories.networkFile,
  l1Url: pool.l1Url,
  portBase: pool.portBase,
  operators,
});
await chmod(directories.networkFile, 0o644);
process.stdout.write(
  `${directories.networkFile} describes a pool of ${pool.operators} operators\n`,
);
