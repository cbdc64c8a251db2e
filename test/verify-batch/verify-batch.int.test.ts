import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Hex, hexToBytes, keccak256 } from "@sequorum/protocol";
import { startRollup, type TestRollup, transfer } from "../../services/challenger/test/rollup.ts";

const run = promisify(execFile);
const script = fileURLToPath(new URL("verify-batch.ts", import.meta.url));
let rollup: TestRollup;

before(async () => {
  rollup = await startRollup();
});
after(() => rollup?.stop());

const verify = (l1TxHash: Hex) => {
  const { rollupChain, epochRegistry } = rollup.network.contracts;
  return run(process.execPath, [script, rollup.url, rollupChain, epochRegistry, l1TxHash]);
};

test("a posted batch is verified with viem alone, and its transactions are shown with their senders", async () => {
  await rollup.mine(2);
  const raws = await Promise.all(
    Array.from({ length: 20 }, (_, i) => transfer(`0x${"77".repeat(20)}`, BigInt(i))),
  );
  const { l1TxHash } = await rollup.postBatch([
    raws.slice(0, 10).map(hexToBytes),
    raws.slice(10).map(hexToBytes),
  ]);
  const { stdout } = await verify(l1TxHash);
  for (const raw of raws) assert.ok(stdout.includes(keccak256(raw)), "every transaction is listed");
  assert.match(stdout, /2 blocks, \d+ bytes .* 2 of 3 endorsed: right\n$/);
});

test("another transaction is no batch", async () => {
  const block = await rollup.client.getBlock({ blockNumber: 1n });
  const [hash] = block.transactions;
  assert.ok(hash !== undefined);
  await assert.rejects(verify(hash));
});
