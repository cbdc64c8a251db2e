import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, afterEach, before, test } from "node:test";
import { bytesToHex, type Hex, keccak256, signingDomain } from "@sequorum/protocol";
import { createPeerIdentity } from "@sequorum/service";
import { encodeBlock, hashHeader } from "@sequorum/stf";
import { type PostgresServer, startPostgres } from "@sequorum/testkit/servers";
import { signSeal } from "../src/seals.ts";
import {
  certify,
  certifyHead,
  confirmOrigin,
  creation,
  foreignChain,
  keyOf,
  serveFeed,
  startTerm,
  startTestNode,
  type TestNode,
  type TestNodeOptions,
  testNetwork,
  transfer,
  until,
  withFields,
} from "./network.ts";

const network = testNetwork(8, { blockIntervalMs: 200 });
const [keyA, keyB] = [keyOf(60_001), keyOf(60_002)];
const receiver: Hex = `0x${"ab".repeat(20)}`;
let postgres: PostgresServer;
before(async () => {
  postgres = await startPostgres();
});
after(() => postgres.stop());

// a test that fails half way must not keep the process alive
const open = new Set<{ stop(): Promise<void> }>();
afterEach(async () => {
  await Promise.allSettled([...open].map((each) => each.stop()));
  open.clear();
});

async function node(key: Uint8Array, options: Partial<TestNodeOptions> = {}): Promise<TestNode> {
  const postgresUrl = options.postgresUrl ?? (await postgres.createDatabase());
  const started = await startTestNode({ network, key, ...options, postgresUrl });
  open.add(started);
  return started;
}

/** Two nodes that follow each other's feed; both know L1 block 1. */
async function pair() {
  const identities = [createPeerIdentity("a"), createPeerIdentity("b")] as const;
  const a = await node(keyA, { identity: identities[0] });
  const b = await node(keyB, { identity: identities[1] });
  const entry = (of: TestNode) => ({ address: of.self, certificate: of.identity.certificate });
  const feedA = await serveFeed(a, [entry(b)]);
  const feedB = await serveFeed(b, [entry(a)]);
  open.add({ stop: feedA.close }).add({ stop: feedB.close });
  a.clients.setPeers([feedB.peer]);
  b.clients.setPeers([feedA.peer]);
  for (const each of [a, b])
    await confirmOrigin(each, 1n, [], BigInt(Math.floor(Date.now() / 1_000)) - 5n);
  await until(
    () => a.clients.connected() === 1 && b.clients.connected() === 1,
    "the feeds connect",
  );
  const stop = async () => {
    await Promise.all([a.stop(), b.stop()]);
    await Promise.all([feedA.close(), feedB.close()]);
  };
  return { a, b, stop };
}

async function accepted(at: TestNode, raw: Uint8Array): Promise<Hex> {
  const result = await at.pool.add(raw);
  assert.equal(
    result.type,
    "accepted",
    JSON.stringify(result, (_k, v) => (typeof v === "bigint" ? `${v}` : v)),
  );
  return keccak256(raw);
}

const isIncluded = async (at: TestNode, hash: Hex) =>
  (await at.chain.transaction(hash)) !== undefined;
const balance = async (at: TestNode) =>
  (await at.chain.account(receiver, { type: "tag", tag: "latest" }))?.balanceWei;

test("T8 acknowledged transactions survive a restart and get into a block", async () => {
  const postgresUrl = await postgres.createDatabase();
  const first = await node(keyA, { postgresUrl });
  const hashes = [await accepted(first, transfer(0, 0)), await accepted(first, transfer(0, 1))];
  await first.stop();
  const second = await node(keyA, { postgresUrl });
  assert.deepEqual(second.pool.counts(), { pending: 2, queued: 0 });
  await confirmOrigin(second, 1n);
  await startTerm(second, 1n, second.self);
  for (const hash of hashes)
    await until(() => isIncluded(second, hash), "the transaction is included");
  assert.deepEqual(second.failures, []);
  await second.stop();
});

test("a follower forwards, re-executes the leader's block and stores the same chain", async () => {
  const { a, b, stop } = await pair();
  for (const each of [a, b]) await startTerm(each, 1n, a.self);
  const hash = await accepted(b, transfer(1, 0, { value: 77n }));
  await until(() => isIncluded(b, hash), "the follower has the block");
  assert.equal(a.position.head, b.position.head);
  assert.equal(await balance(b), 77n);
  assert.deepEqual(
    b.published.map(({ case: name }) => name),
    ["canonicalChainUpdated"],
  );
  const located = await b.chain.transaction(hash);
  assert.equal(located?.block.level, "soft");
  await certifyHead(a, [a, b]);
  await until(() => b.position.levels.certified === 1n, "certified");
  assert.equal((await b.chain.transaction(hash))?.block.level, "quorum");
  const [row] = await b.store.sql`select count(*) as waiting from mempool`;
  assert.equal(Number(row?.["waiting"]), 0);
  assert.deepEqual([a.failures, b.failures], [[], []]);
  await stop();
});

test("T6 the next leader goes on from the certified block and the uncertified ones above it", async () => {
  const { a, b, stop } = await pair();
  for (const each of [a, b]) await startTerm(each, 1n, a.self);
  const one = await accepted(a, transfer(0, 0));
  await until(() => isIncluded(b, one), "first block");
  await certifyHead(a, [a, b]);
  const two = await accepted(a, transfer(0, 1));
  await until(() => isIncluded(b, two), "second block");
  for (const each of [a, b]) await startTerm(each, 2n, b.self);
  const three = await accepted(a, transfer(0, 2));
  await until(() => isIncluded(a, three), "third block, by the other leader");
  const chain = await a.reader.canonicalReferences(1n, 10);
  assert.deepEqual(
    chain.map(({ term }) => term),
    [1n, 1n, 2n],
  );
  assert.deepEqual(chain, await b.reader.canonicalReferences(1n, 10));
  await stop();
});

test("a partitioned leader's branch gives way to the higher term, and its transactions come back", async () => {
  const { a, b, stop } = await pair();
  for (const each of [a, b]) {
    each.clients.setPeers([]);
    await startTerm(each, 1n, a.self);
  }
  const lost = await accepted(a, transfer(0, 0));
  await until(() => isIncluded(a, lost), "the partitioned leader goes on");
  await startTerm(b, 2n, b.self);
  const kept = await accepted(b, transfer(1, 0));
  await until(() => isIncluded(b, kept), "the new leader's block");
  await startTerm(a, 2n, b.self);
  const feedB = await serveFeed(b, [{ address: a.self, certificate: a.identity.certificate }]);
  a.clients.setPeers([feedB.peer]);
  await until(() => isIncluded(a, kept), "the branch of the higher term");
  await until(
    () => isIncluded(a, lost),
    "the abandoned transaction is in a block of the new leader",
  );
  assert.equal((await a.chain.transaction(lost))?.block.block.header.term, 2n);
  assert.deepEqual([a.failures, b.failures], [[], []]);
  await feedB.close();
  await stop();
});

test("a node that was away fetches certified blocks by hash and executes them", async () => {
  const { a, b, stop } = await pair();
  b.clients.setPeers([]);
  await startTerm(a, 1n, a.self);
  for (let nonce = 0; nonce < 5; nonce++) {
    const hash = await accepted(a, transfer(0, nonce));
    await until(() => isIncluded(a, hash), "a block");
    await certifyHead(a, [a]);
  }
  const chain = await a.reader.canonicalReferences(1n, 100);
  await certify(
    b,
    1n,
    chain.map(({ hash }) => hash),
  );
  assert.equal(b.isSynced(), false);
  const feedA = await serveFeed(a, [{ address: b.self, certificate: b.identity.certificate }]);
  b.clients.setPeers([feedA.peer]);
  await until(() => b.position.levels.certified === BigInt(chain.length), "synced");
  assert.equal(await balance(b), await balance(a));
  await feedA.close();
  await stop();
});

test("a forced transaction is the first of a block although the leader was never sent it", async () => {
  const a = await node(keyA);
  await confirmOrigin(a, 1n);
  await startTerm(a, 1n, a.self);
  const forced = transfer(3, 0);
  await confirmOrigin(a, 2n, [new Uint8Array([1, 2, 3]), forced]);
  await until(() => isIncluded(a, keccak256(forced)), "the forced transaction");
  const block = await a.chain.block({ type: "tag", tag: "latest" });
  assert.equal(block?.forcedCount, 1);
  assert.equal(block?.block.header.queuePosition, 2n);
  await a.stop();
});

test("a block that its term's leader did not seal is refused, the peer is named and disconnected", async () => {
  const { a, b, stop } = await pair();
  for (const each of [a, b]) await startTerm(each, 1n, a.self);
  const hash = await accepted(a, transfer(0, 0));
  await until(() => isIncluded(b, hash), "a block");
  const stored = await a.reader.byHash(a.position.head);
  assert.ok(stored);
  const { header } = stored.block;
  // the peer answers with blocks of its own making: a copy of the next block under a false seal
  const next = {
    ...header,
    number: 2n,
    parentHash: stored.block.hash,
    timestamp: header.timestamp + 1n,
  };
  const forged = { header: next, hash: hashHeader(next), transactions: [] };
  const message = {
    rlp: encodeBlock(forged),
    term: 1n,
    signature: bytesToHex(new Uint8Array(65).fill(27)),
    originNumber: 1n,
    hash: forged.hash,
    height: 2n,
    forcedCount: 0,
  };
  a.hub.publish({ type: "block", block: message }, undefined);
  const misbehaved = () => b.published.find(({ case: name }) => name === "peerMisbehaved")?.value;
  await until(() => misbehaved() !== undefined, "the report");
  const value = misbehaved() as { peer: Uint8Array; code: string };
  assert.deepEqual([bytesToHex(value.peer), value.code], [a.self, "WRONG_SIGNER"]);
  await until(() => b.clients.connected() === 0, "disconnected");
  assert.equal(b.state().tree.has(forged.hash), false);
  await stop();
});

test("a block with a wrong root under its leader's own seal is refused by execution, the peer is named, and its good blocks are taken later", async () => {
  const { a, b, stop } = await pair();
  for (const each of [a, b]) await startTerm(each, 1n, a.self);
  const hash = await accepted(a, transfer(0, 0));
  await until(() => isIncluded(b, hash), "a block");
  const stored = await a.reader.byHash(a.position.head);
  assert.ok(stored);
  const { header, hash: parentHash } = stored.block;
  const timestamp = header.timestamp + 1n;
  const stateRoot: Hex = `0x${"13".repeat(32)}`;
  const wrong = { ...header, number: header.number + 1n, parentHash, timestamp, stateRoot };
  const forged = { header: wrong, hash: hashHeader(wrong), transactions: [] };
  const seal = { term: 1n, height: wrong.number, blockHash: forged.hash };
  const seals = { chainId: network.l2ChainId, domain: signingDomain(network) };
  const message = {
    rlp: encodeBlock(forged),
    term: 1n,
    signature: signSeal(seals, seal, keyA),
    originNumber: 1n,
    hash: forged.hash,
    height: wrong.number,
    forcedCount: 0,
  };
  a.hub.publish({ type: "block", block: message }, undefined);
  const misbehaved = () => b.published.find(({ case: name }) => name === "peerMisbehaved")?.value;
  await until(() => misbehaved() !== undefined, "the report");
  const value = misbehaved() as { peer: Uint8Array; code: string };
  assert.deepEqual([bytesToHex(value.peer), value.code], [a.self, "INVALID_BLOCK"]);
  assert.equal(b.position.head, parentHash);
  const next = await accepted(a, transfer(0, 1));
  await until(() => isIncluded(b, next), "a good block of the same leader");
  assert.deepEqual(b.failures, []);
  await stop();
});

test("a nonce gap waits, and goes on when it is filled", async () => {
  const a = await node(keyA);
  await confirmOrigin(a, 1n);
  await startTerm(a, 1n, a.self);
  const late = await accepted(a, transfer(4, 1));
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(await isIncluded(a, late), false);
  const first = await accepted(a, transfer(4, 0));
  for (const hash of [first, late]) await until(() => isIncluded(a, hash), "both");
  const used = await a.pool.add(transfer(4, 0, { value: 7n }));
  assert.equal(used.type === "rejected" && used.code, "NONCE_TOO_LOW");
  await a.stop();
});

test("typed rejections reach the submitter", async () => {
  const a = await node(keyA);
  await confirmOrigin(a, 1n);
  const code = async (raw: Uint8Array) => {
    const result = await a.pool.add(raw);
    return result.type === "accepted" ? "accepted" : result.code;
  };
  const cases: [string, Uint8Array][] = [
    ["MALFORMED", new Uint8Array([0xc0])],
    ["BLOB_TYPE_REFUSED", new Uint8Array([3, 0xc0])],
    ["WRONG_CHAIN_ID", withFields(5, { nonce: 0, gasLimit: 21_000n }, foreignChain)],
    [
      "OVERSIZED",
      withFields(5, { nonce: 0, gasLimit: 20_000_000n, data: new Uint8Array(140_000) }),
    ],
    [
      "INTRINSIC_GAS_TOO_LOW",
      withFields(5, { nonce: 0, gasLimit: 21_000n, data: new Uint8Array(100) }),
    ],
    ["GAS_LIMIT_ABOVE_BLOCK", withFields(5, { nonce: 0, gasLimit: 30_000_001n })],
    ["accepted", transfer(5, 0)],
    ["ALREADY_KNOWN", transfer(5, 0)],
    ["REPLACEMENT_UNDERPRICED", transfer(5, 0, { value: 9n })],
    ["NONCE_TOO_HIGH", transfer(5, 10_000)],
    ["FEE_TOO_LOW", transfer(5, 1, { maxFeePerGas: 10n })],
    ["INSUFFICIENT_FUNDS", transfer(5, 1, { value: 10n ** 23n })],
    ["INSUFFICIENT_FUNDS", transfer(99, 0)],
  ];
  for (const [expected, raw] of cases) assert.equal(await code(raw), expected);
  await a.stop();
});

test("O7 after kill -9 a leader has lost nothing it acknowledged and never seals a height again", async () => {
  const postgresUrl = await postgres.createDatabase();
  const victim = spawn(process.execPath, [`${import.meta.dirname}/victim.ts`, postgresUrl], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const acknowledged: Hex[] = [];
  const sealed: string[] = [];
  let rest = "";
  await new Promise<void>((resolve) => {
    victim.stdout.on("data", (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line.startsWith("accepted ")) acknowledged.push(line.slice(9) as Hex);
        else if (line.startsWith("sealed ")) sealed.push(line.slice(7));
      }
      if (sealed.length >= 3) victim.kill("SIGKILL");
    });
    victim.on("exit", () => resolve());
  });
  assert.ok(acknowledged.length > 3 && sealed.length >= 3);
  const roomy = testNetwork(8, { blockIntervalMs: 200, uncertifiedBlocksMax: 200 });
  const again = await node(keyA, { postgresUrl, network: roomy });
  for (const hash of acknowledged)
    await until(() => isIncluded(again, hash), `${hash} is in a block`, 30_000);
  const told = new Map(sealed.map((line) => line.split(" ") as [string, string]));
  for (const { height, hash } of await again.reader.canonicalReferences(1n, 1_000)) {
    assert.equal(
      told.get(height.toString()) ?? hash,
      hash,
      `height ${height} was not sealed again`,
    );
  }
  assert.deepEqual(again.failures, []);
  await again.stop();
});

test("a transaction that runs for seconds keeps neither the leader's heartbeats nor its answers waiting", async () => {
  const a = await node(keyA);
  await confirmOrigin(a, 1n);
  await startTerm(a, 1n, a.self);
  const beats: number[] = [];
  const abort = new AbortController();
  const listening = (async () => {
    for await (const message of a.hub.follow(undefined, abort.signal))
      if (message.type === "heartbeat") beats.push(performance.now());
  })();
  // init code: JUMPDEST PUSH0 JUMP, for ever
  const endless = await accepted(
    a,
    creation(0, 0, new Uint8Array([0x5b, 0x5f, 0x56]), 25_000_000n),
  );
  await until(() => isIncluded(a, endless), "the transaction is in a block", 30_000);
  assert.equal((await a.chain.transaction(endless))?.receipt.status, 0);
  abort.abort();
  await listening;
  const gaps = beats.slice(1).map((at, i) => at - (beats[i] ?? at));
  assert.ok(Math.max(...gaps) < 900, `longest gap ${Math.max(...gaps)} ms`);
  await a.stop();
});

test("a call that runs too long is cut off, and the next one is answered", async () => {
  const a = await node(keyA, { config: { callMsMax: 1_000, callGasMax: 1_000_000_000_000 } });
  const target: Hex = `0x${"77".repeat(20)}`;
  const overrides = { [target]: { code: new Uint8Array([0x5b, 0x5f, 0x56]) } };
  const latest = { type: "tag", tag: "latest" } as const;
  const cut = await a.calls.call({ to: target, overrides }, latest);
  assert.deepEqual(cut, { type: "failed", reason: "execution timed out", gasUsed: 0n });
  // the new thread's start counts, so on a slow machine the first answer may be late, too
  const answered = async () =>
    (await a.calls.call({ to: target, gas: 50_000n }, latest))?.type === "returned";
  await until(answered, "the next call is answered");
  await a.stop();
});
