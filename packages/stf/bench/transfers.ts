/** Transfers a second through the executor alone: `node packages/stf/bench/transfers.ts`. */
import { contentCount } from "../src/index.ts";
import { asParent, inputs, newChain, transfer } from "../test/fixture.ts";

const blocks = 4;
const perBlock = 400;
const { executor, genesis, store } = await newChain();
const raws = Array.from({ length: blocks * perBlock }, (_, i) =>
  transfer({
    from: i % 8,
    nonce: BigInt(Math.floor(i / 8)),
    to: `0x${(i % 997).toString(16).padStart(40, "1")}`,
  }),
);
let parent = genesis;
const startedAt = performance.now();
let nodes = 0;
for (let i = 0; i < blocks; i++) {
  const transactions = raws.slice(i * perBlock, (i + 1) * perBlock);
  const made = executor.applyBatchBlock(
    parent,
    inputs({ timestamp: 1_100n + BigInt(i), transactions }),
  );
  if (made.type !== "executed") throw new Error(made.reason);
  store.commit(made);
  nodes += contentCount(made.writes);
  parent = asParent(made);
}
const seconds = (performance.now() - startedAt) / 1_000;
process.stdout.write(
  `${Math.round((blocks * perBlock) / seconds)} transfers/s, ${nodes / blocks} nodes a block\n`,
);
