import assert from "node:assert/strict";
import { test } from "node:test";
import { FeedService } from "@sequorum/proto/feed";
import { OrdererService } from "@sequorum/proto/orderer";
import type { Hex } from "@sequorum/protocol";
import {
  createGrpcClient,
  createGrpcServer,
  createPeerIdentity,
  grpcHandler,
  RetryableError,
  RpcError,
  silentLogger,
} from "../src/index.ts";

const logger = silentLogger;
const address = (digit: string): Hex => `0x${digit.repeat(40)}`;

const orderer = (overrides = {}) =>
  grpcHandler(OrdererService, {
    submitTransaction: async ({ raw }) => {
      if (raw.length === 0)
        throw new RpcError("INVALID_ARGUMENT", "MALFORMED_TRANSACTION", "empty");
      return { hash: raw };
    },
    getTransactionStatus: async () => ({}),
    getBlock: async () => ({}),
    getBlocks: async () => ({}),
    async *streamBlocks({ from }, { signal }) {
      for (let height = from; !signal.aborted; height++) {
        yield { block: { height } };
        if (height >= from + 2n)
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
      }
    },
    getCanonicalChain: async () => ({}),
    getStatus: async () => {
      throw new Error("secret detail");
    },
    ...overrides,
  });

test("unary calls and streams cross the wire, and errors keep their code", async () => {
  const server = await createGrpcServer({ port: 0, services: [orderer()], logger });
  const client = createGrpcClient(OrdererService, `127.0.0.1:${server.port}`);
  try {
    const { hash } = await client.submitTransaction({ raw: Uint8Array.of(7) });
    assert.deepEqual([...hash], [7]);
    await assert.rejects(client.submitTransaction({}), (error) => {
      assert.ok(error instanceof RpcError);
      assert.equal(error.code, "MALFORMED_TRANSACTION");
      assert.equal(error.status, "INVALID_ARGUMENT");
      return true;
    });
    await assert.rejects(client.getStatus({}), /^(?!.*secret).*INTERNAL/);
    const heights: bigint[] = [];
    for await (const { block } of client.streamBlocks({ from: 5n })) {
      heights.push(block?.height ?? 0n);
      if (heights.length === 3) break;
    }
    assert.deepEqual(heights, [5n, 6n, 7n]);
  } finally {
    client.close();
    await server.close();
  }
});

test("a stream that fails tells its caller why", { timeout: 10_000 }, async () => {
  const failing = orderer({
    async *streamBlocks({ from }: { readonly from: bigint }) {
      yield { block: { height: from } };
      throw new RpcError("NOT_FOUND", "NO_SUCH_BLOCK");
    },
  });
  const server = await createGrpcServer({ port: 0, services: [failing], logger });
  const client = createGrpcClient(OrdererService, `127.0.0.1:${server.port}`);
  const read = async () => {
    for await (const _ of client.streamBlocks({ from: 1n })) continue;
  };
  try {
    await assert.rejects(
      read(),
      (error) => error instanceof RpcError && error.code === "NO_SUCH_BLOCK",
    );
  } finally {
    client.close();
    await server.close();
  }
});

test("a server that is away is a retryable error", async () => {
  const client = createGrpcClient(OrdererService, "127.0.0.1:1");
  await assert.rejects(client.getStatus({}, { timeoutMs: 2_000 }), RetryableError);
  client.close();
});

test("between operators only registered certificates are let in, and the peer is named", async () => {
  const [serverIdentity, member, stranger] = [
    createPeerIdentity("server"),
    createPeerIdentity("member"),
    createPeerIdentity("stranger"),
  ];
  let caller: Hex | undefined;
  const feed = grpcHandler(FeedService, {
    async *streamFeed() {},
    forwardTransactions: async (_request, { peer }) => {
      caller = peer;
      return {};
    },
    getBlocksByHash: async () => ({}),
  });
  const server = await createGrpcServer({
    port: 0,
    services: [feed],
    tls: {
      identity: serverIdentity,
      peers: [{ address: address("1"), certificate: member.certificate }],
    },
    logger,
  });
  const connect = (identity: typeof member, peerCertificate: Hex) =>
    createGrpcClient(FeedService, `127.0.0.1:${server.port}`, {
      tls: { identity, peerCertificate },
    });
  const good = connect(member, serverIdentity.certificate);
  const unknownClient = connect(stranger, serverIdentity.certificate);
  const unknownServer = connect(member, stranger.certificate);
  try {
    await good.forwardTransactions({});
    assert.equal(caller, address("1"));
    await assert.rejects(unknownClient.forwardTransactions({}, { timeoutMs: 1_500 }));
    await assert.rejects(unknownServer.forwardTransactions({}, { timeoutMs: 1_500 }));
  } finally {
    for (const client of [good, unknownClient, unknownServer]) client.close();
    await server.close();
  }
});
