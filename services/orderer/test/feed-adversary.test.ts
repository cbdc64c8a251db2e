/** A registered but Byzantine operator on the real feed channel (mutual TLS): each offence names it, and it alone is cut off. */
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { FeedService } from "@sequorum/proto/feed";
import { type Hex, hexToBytes } from "@sequorum/protocol";
import {
  createGrpcClient,
  createGrpcServer,
  createPeerIdentity,
  grpcHandler,
  RpcError,
  silentLogger,
  sleep,
} from "@sequorum/service";
import { createExecutor, createMemoryStateStore, encodeBlock } from "@sequorum/stf";
import { createFeedClients } from "../src/adapters/feed-client.ts";
import { createFeedHub } from "../src/adapters/feed-hub.ts";
import { feedHandler } from "../src/adapters/feed-server.ts";
import { blockBytesMax } from "../src/adapters/feed-wire.ts";
import { addressOf, keyOf, l2ChainId, until } from "./network.ts";

const own = createPeerIdentity("own");
const self = addressOf(keyOf(1));
const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** What a Byzantine server puts on the wire; its own types do not bind it. */
type Sent = { readonly case: string | undefined; readonly value?: unknown };

/** An operator whose feed says what the test wants; and what the node heard of it. */
async function startPeer(
  key: number,
  stream: () => AsyncIterable<{ message: Sent }>,
  blocks: unknown[] = [],
) {
  const identity = createPeerIdentity(`peer ${key}`);
  const handler = grpcHandler(FeedService, {
    streamFeed: () => stream() as never,
    forwardTransactions: async () => ({ codes: [] }),
    getBlocksByHash: async ({ hashes }: { hashes: Uint8Array[] }) => ({
      blocks: hashes.length === 0 ? [] : (blocks as never),
    }),
  } as never);
  const tls = { identity, peers: [{ address: self, certificate: own.certificate }] };
  const server = await createGrpcServer({
    port: 0,
    services: [handler],
    tls,
    logger: silentLogger,
  });
  closing.push(() => server.close());
  const address = addressOf(keyOf(key));
  return { address, endpoint: `127.0.0.1:${server.port}`, certificate: identity.certificate };
}

function startClients() {
  const abort = new AbortController();
  const heard = { blocks: [] as Hex[], malformed: [] as (readonly [Hex, string])[] };
  const clients = createFeedClients({
    identity: own,
    signal: abort.signal,
    logger: silentLogger,
    nextHeight: () => 1n,
    waitingOf: () => 0,
    onBlock: (peer) => heard.blocks.push(peer),
    onHeartbeat: () => {},
    onMalformed: (peer, code) => heard.malformed.push([peer, code]),
  });
  closing.unshift(async () => {
    abort.abort();
    await clients.close();
  });
  return { clients, heard };
}

async function goodBlock() {
  const executor = createExecutor({ store: createMemoryStateStore(), chainId: l2ChainId });
  const { block } = await executor.genesisBlock({
    timestamp: 1n,
    gasLimit: 30_000_000n,
    baseFeePerGasWei: 1n,
    alloc: [],
  });
  const envelope = {
    term: 0n,
    signature: new Uint8Array(65),
    l1OriginNumber: 0n,
    height: 0n,
    forcedTransactions: 0,
  };
  return { ...envelope, rlp: encodeBlock(block), hash: hexToBytes(block.hash) };
}

async function* always(message: Sent): AsyncGenerator<{ message: Sent }> {
  for (;;) {
    yield { message };
    await sleep(20);
  }
}

test("garbage on a peer's feed names the peer and ends its stream; another peer's blocks keep coming", async () => {
  const block = await goodBlock();
  const cases: readonly (readonly [string, Sent])[] = [
    ["MALFORMED", { case: undefined }],
    ["MALFORMED", { case: "heartbeat", value: { headHash: new Uint8Array(3) } }],
    ["MALFORMED", { case: "block", value: { ...block, rlp: new Uint8Array([0xc1]) } }],
    ["SEAL_MISMATCH", { case: "block", value: { ...block, term: 9n } }],
    ["OVERSIZED", { case: "block", value: { ...block, rlp: new Uint8Array(blockBytesMax + 1) } }],
  ];
  const { clients, heard } = startClients();
  const liars = await Promise.all(
    cases.map(([, message], i) => startPeer(20 + i, () => always(message))),
  );
  const honest = await startPeer(2, () => always({ case: "block", value: block }));
  clients.setPeers([...liars, honest]);
  await until(
    () => liars.every(({ address }) => heard.malformed.some(([peer]) => peer === address)),
    "each is named",
  );
  for (const [i, [code]] of cases.entries()) {
    assert.deepEqual(
      heard.malformed.find(([peer]) => peer === liars[i]?.address)?.[1],
      code,
      `case ${i}`,
    );
  }
  const before = heard.blocks.length;
  await until(() => heard.blocks.length > before, "another block of the honest peer");
  assert.ok(
    heard.blocks.every((peer) => peer === honest.address),
    "nothing of the liars is passed on",
  );
  assert.ok(clients.connected() <= 2, "the liars are cut off");
});

test("a message larger than the channel's limit ends the stream, and the peer may come back", async () => {
  let calls = 0;
  const block = await goodBlock();
  const { clients, heard } = startClients();
  const peer = await startPeer(3, () => {
    calls += 1;
    const rlp = calls === 1 ? new Uint8Array(17 * 1_024 * 1_024) : block.rlp;
    return always({ case: "block", value: { ...block, rlp } });
  });
  clients.setPeers([peer]);
  await until(() => heard.blocks.length > 0, "the second stream is read");
  assert.ok(calls >= 2);
});

test("an answer to a request by hash that is garbage names the peer", async () => {
  const block = await goodBlock();
  const { clients, heard } = startClients();
  const peer = await startPeer(4, () => always({ case: "block", value: block }), [
    { ...block, rlp: new Uint8Array(2) },
  ]);
  clients.setPeers([peer]);
  await until(() => clients.connected() === 1, "connected");
  clients.fetch([`0x${"11".repeat(32)}`], peer.address);
  await until(() => heard.malformed.length > 0, "the report");
  assert.deepEqual(heard.malformed, [[peer.address, "MALFORMED"]]);
});

test("a peer that asks for too much, or forwards too much, is answered with a code; a flood of good requests gets answers", async () => {
  const other = createPeerIdentity("other");
  const address = addressOf(keyOf(5));
  const submitted: number[] = [];
  const handler = feedHandler({
    hub: createFeedHub(),
    reader: { byHashes: async () => [], canonical: async () => [] } as never,
    submit: async (raw) => {
      submitted.push(raw.length);
      return { type: "rejected", code: "MALFORMED" } as never;
    },
  });
  const tls = { identity: own, peers: [{ address, certificate: other.certificate }] };
  const server = await createGrpcServer({
    port: 0,
    services: [handler],
    tls,
    logger: silentLogger,
  });
  const client = createGrpcClient(FeedService, `127.0.0.1:${server.port}`, {
    tls: { identity: other, peerCertificate: own.certificate },
  });
  closing.push(
    () => client.close(),
    () => server.close(),
  );
  const code = (work: Promise<unknown>) =>
    work.then(
      () => "answered",
      (error: unknown) =>
        error instanceof RpcError ? `${error.status} ${error.code}` : String(error),
    );
  const hashes = (count: number, size: number) =>
    Array.from({ length: count }, () => new Uint8Array(size));
  assert.equal(
    await code(client.getBlocksByHash({ hashes: hashes(65, 32) })),
    "INVALID_ARGUMENT HASHES_INVALID",
  );
  assert.equal(
    await code(client.getBlocksByHash({ hashes: hashes(1, 31) })),
    "INVALID_ARGUMENT HASHES_INVALID",
  );
  assert.equal(
    await code(client.forwardTransactions({ raw: hashes(1_025, 1) })),
    "INVALID_ARGUMENT TOO_MANY_TRANSACTIONS",
  );
  assert.match(
    await code(client.forwardTransactions({ raw: hashes(1, 17 * 1_024 * 1_024) })),
    /RESOURCE_EXHAUSTED|INTERNAL/,
  );
  assert.deepEqual(submitted, []);
  const { codes } = await client.forwardTransactions({ raw: hashes(3, 1) });
  assert.deepEqual(codes, ["MALFORMED", "MALFORMED", "MALFORMED"]);
  const flood = await Promise.all(
    Array.from({ length: 500 }, () => code(client.getBlocksByHash({ hashes: [] }))),
  );
  assert.deepEqual([...new Set(flood)], ["answered"]);
});
