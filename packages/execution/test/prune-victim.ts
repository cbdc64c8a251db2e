/** Prunes and tells how far it is, until it is killed. Used by pruning.int.test.ts. */
import type { Hex } from "@sequorum/protocol";
import { silentLogger } from "@sequorum/service";
import { connect } from "@sequorum/store";
import { createPruneStore, loadKeptFrom } from "../src/contents/prune-store.ts";
import { startPruning } from "../src/pruning/pruning.ts";

const [url = "", hash = "", height = ""] = process.argv.slice(2);
const sql = connect({ url, schema: "execution" });
const { ended } = startPruning({
  store: createPruneStore(sql),
  keptFrom: await loadKeptFrom(sql),
  oldestNeeded: async () => ({ hash: hash as Hex, height: BigInt(height) }),
  blocksPerRun: 1,
  countContents: async () => 10_000,
  onProgress: ({ type, deleted }) => process.stdout.write(`${type} ${deleted}\n`),
  signal: new AbortController().signal,
  logger: silentLogger,
});
await ended;
