/** OrdererService and JSON-RPC over a real node: every bad request has its status and code, and none is an internal error. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { OrdererService } from "@sequorum/proto/orderer";
import {
  createGrpcClient,
  createGrpcServer,
  createMetrics,
  RpcError,
  silentLogger,
} from "@sequorum/service";
import { type PostgresServer, startPostgres } from "@sequorum/testkit/servers";
import { ordererHandler } from "../src/adapters/rpc-server.ts";
import { startJsonRpcServer } from "../src/json-rpc/server.ts";
import { nodeInfo } from "../src/shell/node-info.ts";
import {
  confirmOrigin,
  keyOf,
  startTerm,
  startTestNode,
  type TestNode,
  testNetwork,
  transfer,
  until,
} from "./network.ts";

const u64Max = (1n << 64n) - 1n;
let postgres: PostgresServer;
let node: TestNode;
before(async () => {
  postgres = await startPostgres();
  const network = testNetwork(4, { blockIntervalMs: 200 });
  node = await startTestNode({
    network,
    key: keyOf(60_001),
    postgresUrl: await postgres.createDatabase(),
  });
  await confirmOrigin(node, 1n);
  await startTerm(node, 1n, node.self);
  await node.pool.add(transfer(0, 0));
  await until(() => node.position.headNumber === 1n, "a block");
});
after(async () => {
  await node.stop();
  await postgres.stop();
});

test("bad gRPC requests are answered with status and code", async (t) => {
  const server = await createGrpcServer({
    port: 0,
    services: [ordererHandler({ ...node, peers: () => 0 })],
    logger: silentLogger,
  });
  const client = createGrpcClient(OrdererService, `127.0.0.1:${server.port}`);
  t.after(async () => {
    client.close();
    await server.close();
  });
  const answer = (work: Promise<unknown>) =>
    work.then(
      () => "answered",
      (error: unknown) =>
        error instanceof RpcError ? `${error.status} ${error.code}` : String(error),
    );
  const first = async (stream: AsyncIterable<unknown>) => {
    for await (const message of stream) return message;
    return undefined;
  };
  const cases: readonly (readonly [string, () => Promise<unknown>])[] = [
    ["INVALID_ARGUMENT MALFORMED", () => client.submitTransaction({ raw: new Uint8Array([0xc0]) })],
    [
      "INVALID_ARGUMENT NONCE_TOO_LOW",
      () => client.submitTransaction({ raw: transfer(0, 0, { value: 9n }) }),
    ],
    [
      "INVALID_ARGUMENT HASH_INVALID",
      () => client.getTransactionStatus({ hash: new Uint8Array(3) }),
    ],
    ["INVALID_ARGUMENT BLOCK_NOT_NAMED", () => client.getBlock({})],
    ["NOT_FOUND BLOCK_UNKNOWN", () => client.getBlock({ block: { case: "height", value: 99n } })],
    [
      "NOT_FOUND BLOCK_UNKNOWN",
      () => client.getBlock({ block: { case: "height", value: u64Max } }),
    ],
    ["INVALID_ARGUMENT RANGE_INVALID", () => client.getBlocks({ from: 2n, to: 1n })],
    ["INVALID_ARGUMENT RANGE_INVALID", () => client.getBlocks({ from: 0n, to: 256n })],
    ["answered", () => client.getBlocks({ from: u64Max - 1n, to: u64Max })],
    ["answered", () => client.getCanonicalChain({ from: u64Max })],
    ["answered", () => first(client.streamBlocks({ from: 0n }))],
  ];
  for (const [i, [expected, work]] of cases.entries())
    assert.equal(await answer(work()), expected, `case ${i}`);
  const quiet = AbortSignal.timeout(500);
  assert.doesNotMatch(
    await answer(first(client.streamBlocks({ from: u64Max }, { signal: quiet }))),
    /INTERNAL/,
  );
});

test("heights beyond every chain are answered by JSON-RPC, not with an internal error", async (t) => {
  const abort = new AbortController();
  const { chain: reader, calls: executor, pool, events: subscriptions } = node;
  const ports = { reader, executor, pool, subscriptions, node: nodeInfo("test", node) };
  const metrics = createMetrics("orderer");
  const server = await startJsonRpcServer({
    port: 0,
    ...ports,
    logger: silentLogger,
    metrics,
    signal: abort.signal,
  });
  t.after(async () => {
    abort.abort();
    await server.close();
  });
  const huge = ["0xffffffffffffffff", "0x8000000000000000", "0x7fffffffffffffff"];
  const address = `0x${"ab".repeat(20)}`;
  for (const height of huge) {
    const requests: readonly (readonly [string, readonly unknown[]])[] = [
      ["eth_getBlockByNumber", [height, false]],
      ["eth_getBalance", [address, height]],
      ["eth_call", [{ to: address }, height]],
      ["eth_getLogs", [{ fromBlock: height, toBlock: height }]],
      ["eth_getLogs", [{ fromBlock: "0x0", toBlock: height }]],
      ["eth_feeHistory", ["0x4", height, []]],
      ["eth_getBlockTransactionCountByNumber", [height]],
      ["eth_getTransactionByBlockNumberAndIndex", [height, "0x0"]],
      ["eth_getTransactionByBlockNumberAndIndex", ["0x1", height]],
      ["eth_getProof", [address, [], height]],
    ];
    for (const [method, params] of requests) {
      const response = await fetch(`http://127.0.0.1:${server.port}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
      });
      const { error } = (await response.json()) as { error?: { code: number; message: string } };
      assert.notEqual(
        error?.code,
        -32_603,
        `${method} ${JSON.stringify(params)}: ${error?.message}`,
      );
    }
  }
});
