import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { test } from "node:test";
import { createPrng } from "@sequorum/testkit";
import { startPostgres } from "@sequorum/testkit/servers";
import { type ClusterNode, createCluster, eventually, transactionOf } from "./engine-cluster.ts";

const kills = 4;

/** Starts the fourth validator as a process; resolves when it runs. */
async function startFourth(node: ClusterNode): Promise<ChildProcess> {
  const child = fork(new URL("validator-process.ts", import.meta.url), { stdio: "inherit" });
  const started = new Promise<void>((resolve, reject) => {
    child.once("message", () => resolve());
    child.once("exit", (code) => reject(new Error(`the validator ended with ${code}`)));
  });
  child.send({ cluster: node.cluster, index: 3 });
  await started;
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  assert.equal(child.exitCode, null, "it did not end by itself");
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exited;
}

test("P2 P9 a validator that is killed with -9 again and again never contradicts itself", async () => {
  await using postgres = await startPostgres();
  const nodes = await createCluster(postgres, 4);
  const [first, second, third, fourth] = nodes;
  assert.ok(first && second && third && fourth);
  const prng = createPrng("kill");
  await Promise.all([first, second, third].map((node) => node.start()));
  let child = await startFourth(fourth);
  let count = 0;
  const submit = setInterval(() => {
    count += 1;
    for (const node of [first, second]) node.engine().submitTransaction(transactionOf(`t${count}`));
  }, 50);
  try {
    for (let i = 0; i < kills; i++) {
      // With one of the others away, each block needs the fourth one's vote: it is killed while it matters.
      if (i === kills / 2) await third.stop();
      await new Promise((resolve) => setTimeout(resolve, prng.integer(100, 900)));
      await kill(child);
      child = await startFourth(fourth);
    }
    await third.start();
    let decided = 0n;
    child.on("message", (height) => {
      decided = BigInt(String(height));
    });
    const { height } = first.engine().status();
    await eventually("the killed one decides with the others", () => decided > height + 3n);
    for (const node of [first, second, third]) {
      assert.deepEqual(await node.engine().readDoubleVotes(), []);
      assert.deepEqual(node.failures, []);
    }
  } finally {
    clearInterval(submit);
    await kill(child);
    await Promise.all(nodes.map((node) => node.stop()));
  }
});
