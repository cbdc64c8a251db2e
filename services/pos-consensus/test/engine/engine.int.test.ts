import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type PostgresServer, startPostgres } from "@sequorum/testkit/servers";
import { type ClusterNode, createCluster, eventually, transactionOf } from "./engine-cluster.ts";

let postgres: PostgresServer;

before(async () => {
  postgres = await startPostgres();
});
after(async () => {
  await postgres.stop();
});

async function withCluster(
  size: number,
  run: (nodes: ClusterNode[]) => Promise<void>,
): Promise<void> {
  const nodes = await createCluster(postgres, size);
  try {
    await Promise.all(nodes.map((node) => node.start()));
    await run(nodes);
    for (const node of nodes) assert.deepEqual(node.failures, []);
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
  }
}

const includes = (node: ClusterNode, text: string): boolean =>
  node.engine().appState().included.includes(transactionOf(text));

test("validators decide a transaction, and a killed one catches up after its restart", async () => {
  await withCluster(4, async (nodes) => {
    const [first, second, third, fourth] = nodes;
    assert.ok(first && second && third && fourth);
    await eventually("all are connected", () => nodes.every((node) => node.engine().ready()));
    assert.deepEqual(first.engine().submitTransaction(transactionOf("one")), { type: "ok" });
    assert.deepEqual(first.engine().submitTransaction(transactionOf("one")), { type: "known" });
    await eventually("all have it", () => nodes.every((node) => includes(node, "one")));

    await fourth.stop();
    for (const text of ["two", "three", "four", "five", "six"]) {
      first.engine().submitTransaction(transactionOf(text));
      const alive = [first, second, third];
      await eventually(`three decide ${text}`, () => alive.every((node) => includes(node, text)));
    }
    await fourth.start();
    await eventually("it has caught up", () => includes(fourth, "six"));
    await eventually("it is ready", () => fourth.engine().ready());
    fourth.engine().submitTransaction(transactionOf("seven"));
    await eventually("it takes part", () => nodes.every((node) => includes(node, "seven")));

    const { height } = fourth.engine().status();
    const blocks = await Promise.all(nodes.map((node) => node.engine().readBlock(height - 1n)));
    const ids = blocks.map((block) => block?.certificate.blockId);
    assert.equal(new Set(ids).size, 1, "one block for each height");
    assert.deepEqual(await first.engine().readDoubleVotes(), []);
  });
});

test("all validators stop at once and go on with the same chain", async () => {
  await withCluster(4, async (nodes) => {
    const [first] = nodes;
    assert.ok(first);
    const { submitTransaction } = first.engine(); // callers may pass it on by itself
    submitTransaction(transactionOf("before"));
    await eventually("decided", () => nodes.every((node) => includes(node, "before")));
    first.engine().submitTransaction(transactionOf("during"));
    await Promise.all(nodes.map((node) => node.stop()));
    await Promise.all(nodes.map((node) => node.start()));
    assert.ok(includes(first, "before"), "the application state is back");
    first.engine().submitTransaction(transactionOf("after"));
    await eventually("decided", () => nodes.every((node) => includes(node, "after")));
  });
});

test("a block is certified although one validator's local view lags", async () => {
  await withCluster(4, async (nodes) => {
    const [lagging, ...others] = nodes;
    assert.ok(lagging);
    await eventually("all are connected", () => nodes.every((node) => node.engine().ready()));
    for (const node of others) node.engine().localViewChanged({ validTo: 3n });
    await eventually("certified everywhere", () =>
      nodes.every((node) => node.engine().appState().certifiedTo === 3n),
    );
  });
});
