/** A leader that takes transfers and tells what it acknowledged and sealed, until it is killed. Used by node.int.test.ts. */
import {
  addressOf,
  confirmOrigin,
  keyOf,
  startTerm,
  startTestNode,
  testNetwork,
  transfer,
} from "./network.ts";

const network = testNetwork(8, { blockIntervalMs: 200, uncertifiedBlocksMax: 200 });
const key = keyOf(60_001);
const node = await startTestNode({ network, key, postgresUrl: process.argv[2] ?? "" });
node.events.subscribe((event) => {
  if (event.type !== "headChanged") return;
  for (const { block } of event.added)
    process.stdout.write(`sealed ${block.header.number} ${block.hash}\n`);
});
await confirmOrigin(node, 1n);
await startTerm(node, 1n, addressOf(key));
for (let nonce = 0; nonce < 200; nonce++) {
  for (let sender = 0; sender < 4; sender++) {
    const result = await node.pool.add(transfer(sender, nonce));
    if (result.type === "accepted") process.stdout.write(`accepted ${result.hash}\n`);
  }
}
