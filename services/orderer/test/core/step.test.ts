import assert from "node:assert/strict";
import { test } from "node:test";
import type { Effect } from "../../src/core/effect.ts";
import {
  asReceived,
  bob,
  child,
  type CoreRunner,
  dave,
  find,
  following,
  genesis,
  leading,
  origin,
  rich,
  startMs,
  term,
  tx,
  types,
} from "./harness.ts";

test("O4 a transaction is stored before it is acknowledged, and the first one starts a block at once", () => {
  const core = leading();
  assert.deepEqual(types(core.submit(tx(0n), tx(1n))), [
    "storeTransactions",
    "answer",
    "answer",
    "transactionsPending",
    "build",
  ]);
  assert.deepEqual(
    find(core.effects, "storeTransactions")?.added.map(({ sequence }) => sequence),
    [0n, 1n],
  );
});

test("O8 a seal is stored before the block is broadcast", () => {
  const core = leading();
  core.submit(tx(0n));
  assert.deepEqual(types(core.finishBuild()), ["storeSealed", "broadcast", "headChanged"]);
  assert.equal(core.head.height, 1n);
});

test("blocks of a leader are at least the interval apart", () => {
  const core = leading();
  core.submit(tx(0n));
  core.finishBuild();
  core.after(300).submit(tx(1n));
  assert.equal(find(core.effects, "build"), undefined);
  core.tick(600);
  assert.equal(find(core.effects, "build"), undefined);
  core.tick(100);
  assert.notEqual(find(core.effects, "build"), undefined);
});

test("a leader stops when it is uncertifiedBlocksMax ahead of certification, and goes on when that moves", () => {
  const core = leading();
  for (let i = 0n; i < 3n; i++) {
    core.after(1_000).submit(tx(i));
    core.finishBuild();
  }
  core.after(1_000).submit(tx(3n));
  assert.equal(find(core.effects, "build"), undefined);
  const first = core.state.tree.get(core.head.parentHash)?.parentHash;
  core.send({ type: "blocksCertified", from: 1n, hashes: [first ?? genesis.hash] });
  assert.notEqual(find(core.effects, "build"), undefined);
  assert.equal(core.state.certified.height, 1n);
});

test("O7 a leader never seals a second block for one term and height", () => {
  const core = leading();
  core.submit(tx(0n));
  core.finishBuild();
  const rival = child(genesis, { term: 0n });
  core.send({ type: "blockReceived", block: asReceived(rival, undefined, bob) });
  core.send({ type: "blocksCertified", from: 1n, hashes: [rival.hash] });
  if (find(core.effects, "execute") === undefined) core.tick(200);
  core.send({ type: "blockExecuted", hash: rival.hash, result: { type: "valid", summary: rival } });
  assert.equal(core.state.head, rival.hash);
  core.tick(2_000);
  assert.deepEqual(core.state.build, { term: 1n, parent: rival.hash, height: 2n });
});

test("O7 a restarted leader does not seal again what it has sealed", () => {
  const core = leading();
  core.state = { ...core.state, lastSeal: { term: 1n, height: 1n } };
  core.submit(tx(0n));
  assert.equal(find(core.effects, "build"), undefined);
});

test("a build that was overtaken by a term change is dropped", () => {
  const core = leading();
  core.submit(tx(0n));
  const build = core.effects;
  core.send({ type: "termStarted", term: term(2n, bob) });
  assert.deepEqual(types(core.finishBuild(build)), ["discardBlock"]);
  assert.equal(core.state.mempool.size, 1);
});

test("a follower forwards to the leader at once, again after a while, and to the next leader", () => {
  const core = following();
  core.submit(tx(0n));
  assert.equal(find(core.effects, "forward")?.to, bob);
  assert.equal(find(core.tick(100), "forward"), undefined);
  core.tick(1_800);
  assert.notEqual(find(core.tick(200), "forward"), undefined);
  core.send({ type: "termStarted", term: term(2n, dave) });
  assert.equal(find(core.tick(10), "forward")?.to, dave);
});

test("a peer's valid block is stored with the chain change, then passed on", () => {
  const core = following();
  core.submit(tx(0n));
  const block = child(genesis, { term: 1n, transactions: [tx(0n)] });
  assert.deepEqual(types(core.receive(block, bob)), ["storeBlock", "headChanged", "broadcast"]);
  assert.equal(core.state.mempool.size, 0);
  assert.equal(core.state.mempool.isIncluded(tx(0n).hash), true);
});

test("each rejection of a peer's block names the peer", () => {
  const block = child(genesis, { term: 1n });
  const cases: [string, (core: CoreRunner) => readonly Effect[]][] = [
    ["WRONG_SIGNER", (core) => core.receive(block, dave)],
    ["HEIGHT_OUTSIDE_TERM", (core) => core.receive({ ...block, height: 31n }, bob)],
    [
      "INVALID_BLOCK",
      (core) => {
        core.send({ type: "blockReceived", block: asReceived(block, bob, bob) });
        return core.send({
          type: "blockExecuted",
          hash: block.hash,
          result: { type: "invalid", reason: "x" },
        });
      },
    ],
    [
      "FLOOD",
      (core) => {
        const far = Array.from({ length: 9 }, (_, i) =>
          child(block, { term: 1n, timestamp: BigInt(i) }),
        );
        for (const each of far)
          core.send({ type: "blockReceived", block: asReceived(each, bob, bob) });
        return core.effects;
      },
    ],
  ];
  for (const [code, act] of cases) {
    const rejected = find(act(following()), "rejectPeer");
    assert.deepEqual([rejected?.code, rejected?.disconnect], [code, true], code);
  }
});

test("a block on an invalid one is refused without execution", () => {
  const core = following();
  const bad = child(genesis, { term: 1n });
  core.send({ type: "blockReceived", block: asReceived(bad, bob, bob) });
  core.send({ type: "blockExecuted", hash: bad.hash, result: { type: "invalid", reason: "root" } });
  assert.equal(
    find(core.receive(child(bad, { term: 1n }), bob), "rejectPeer")?.code,
    "INVALID_ANCESTOR",
  );
  assert.equal(find(core.receive(bad, bob), "rejectPeer")?.code, "INVALID_BLOCK");
});

test("a block of a term that is not known yet waits for the decision", () => {
  const core = following();
  const block = child(genesis, { term: 2n });
  assert.deepEqual(core.receive(block, dave), []);
  core.send({ type: "termStarted", term: term(2n, dave) });
  assert.equal(find(core.effects, "execute")?.hash, block.hash);
});

test("a block with an L1 origin that is not confirmed here yet waits for it", () => {
  const core = following();
  const block = child(genesis, { term: 1n, originNumber: 2n });
  assert.deepEqual(core.receive(block, bob), []);
  core.send({ type: "originsConfirmed", origins: [origin({ number: 2n })] });
  assert.equal(find(core.effects, "execute")?.hash, block.hash);
});

test("a second seal of a leader is reported with both blocks, and all nodes choose the same one", () => {
  const one = child(genesis, { term: 1n, timestamp: 1_000n });
  const two = child(genesis, { term: 1n, timestamp: 1_001n });
  const heads = [
    [one, two],
    [two, one],
  ].map(([first, second]) => {
    const core = following();
    core.receive(first ?? one, bob);
    const received = core.send({
      type: "blockReceived",
      block: asReceived(second ?? two, bob, bob),
    });
    const report = find(received, "rejectPeer");
    assert.deepEqual(
      [report?.peer, report?.code, report?.evidence.length],
      [bob, "DOUBLE_SEAL", 2],
    );
    core.send({
      type: "blockExecuted",
      hash: second?.hash ?? two.hash,
      result: { type: "valid", summary: second ?? two },
    });
    return core.state.head;
  });
  assert.equal(heads[0], heads[1]);
});

test("the higher term wins over the longer branch; abandoned transactions wait again in their old order", () => {
  const core = following();
  core.submit(tx(0n), tx(1n), tx(0n, dave));
  const a1 = child(genesis, { term: 1n, transactions: [tx(0n)] });
  const a2 = child(a1, { term: 1n, transactions: [tx(1n), tx(0n, dave)] });
  core.receive(a1, bob);
  core.receive(a2, bob);
  assert.equal(core.state.mempool.size, 0);
  core.send({ type: "termStarted", term: term(2n, dave) });
  const b1 = child(genesis, { term: 2n, transactions: [tx(0n, dave)] });
  const effects = core.receive(b1, dave);
  assert.equal(core.state.head, b1.hash);
  assert.equal(find(effects, "headChanged")?.change.removed.length, 2);
  assert.deepEqual(
    [...core.state.mempool.all()].map(({ transaction: { hash } }) => hash),
    [tx(0n).hash, tx(1n).hash],
  );
  assert.notEqual(find(effects, "readAccounts"), undefined);
});

test("T6 the certified branch wins over everything, and the branches beside it are dropped", () => {
  const core = following();
  core.submit(tx(0n));
  const a1 = child(genesis, { term: 1n, transactions: [tx(0n)] });
  const a2 = child(a1, { term: 1n });
  const b1 = child(genesis, { term: 1n, timestamp: 5n });
  for (const block of [a1, a2, b1]) core.receive(block, bob);
  assert.equal(core.state.head, a2.hash);
  const effects = core.send({ type: "blocksCertified", from: 1n, hashes: [b1.hash] });
  assert.equal(core.state.head, b1.hash);
  assert.equal(core.state.tree.size, 1);
  assert.deepEqual(types(effects), ["storeChain", "headChanged", "readAccounts", "storeCertified"]);
  assert.equal(core.state.mempool.size, 1);
});

test("certified blocks that are not held are asked for by hash, and taken without a seal", () => {
  const core = following();
  const a1 = child(genesis, { term: 7n });
  const a2 = child(a1, { term: 7n });
  core.send({ type: "blocksCertified", from: 1n, hashes: [a1.hash, a2.hash] });
  assert.deepEqual(find(core.tick(10), "fetchBlocks")?.hashes, [a1.hash, a2.hash]);
  assert.equal(find(core.tick(100), "fetchBlocks"), undefined);
  assert.notEqual(find(core.tick(500), "fetchBlocks"), undefined);
  for (const block of [a2, a1])
    core.send({ type: "blockReceived", block: asReceived(block, undefined, dave) });
  core.send({ type: "blockExecuted", hash: a1.hash, result: { type: "valid", summary: a1 } });
  core.send({ type: "blockExecuted", hash: a2.hash, result: { type: "valid", summary: a2 } });
  assert.equal(core.state.certified.hash, a2.hash);
});

test("O9 a certified block that execution finds invalid stops the node", () => {
  const core = following();
  const a1 = child(genesis, { term: 7n });
  core.send({ type: "blocksCertified", from: 1n, hashes: [a1.hash] });
  core.send({ type: "blockReceived", block: asReceived(a1, undefined, dave) });
  const invalid = { type: "invalid", reason: "root" } as const;
  assert.throws(
    () => core.send({ type: "blockExecuted", hash: a1.hash, result: invalid }),
    /certified block is valid/,
  );
});

test("a leader signs heartbeats every 250 ms while it can build, and none while certified blocks are missing", () => {
  const core = leading();
  const beats = [0, 100, 150, 250].map((ms) => find(core.tick(ms), "sendHeartbeat")?.sequence);
  assert.deepEqual(beats, [0n, undefined, 1n, 2n]);
  core.send({ type: "blocksCertified", from: 1n, hashes: [child(genesis, { term: 9n }).hash] });
  assert.equal(find(core.tick(300), "sendHeartbeat"), undefined);
});

test("silence of the leader is reported once, and again only after a while", () => {
  const core = following();
  core.tick(900);
  const beat = { term: 1n, headHeight: 0n, headHash: genesis.hash };
  core.send({ type: "heartbeatReceived", peer: bob, signer: bob, ...beat });
  core.tick(1_000);
  assert.equal(find(core.effects, "publishLeaderSilent"), undefined);
  const reports: string[] = [];
  for (let ms = 0; ms < 6_000; ms += 100) {
    const report = find(core.tick(100), "publishLeaderSilent");
    if (report !== undefined) reports.push(report.reason);
  }
  assert.deepEqual(reports, ["noHeartbeat", "noHeartbeat"]);
});

test("a pause of the own process is not held for silence of the leader", () => {
  const core = following();
  core.after(5_000).send({ type: "tick" });
  assert.equal(find(core.effects, "publishLeaderSilent"), undefined);
});

test("a leader that lives but leaves work lying is reported as stalled", () => {
  const core = following();
  core.submit(tx(0n));
  const reports: string[] = [];
  for (let ms = 0; ms < 6_000; ms += 100) {
    const beat = { term: 1n, headHeight: 0n, headHash: genesis.hash };
    core.send({ type: "heartbeatReceived", peer: bob, signer: bob, ...beat });
    const report = find(core.tick(100), "publishLeaderSilent");
    if (report !== undefined) reports.push(report.reason);
  }
  assert.deepEqual(reports, ["stalled"]);
});

test("a heartbeat that the leader did not sign, or on another's stream, is false", () => {
  const beat = { term: 1n, headHeight: 0n, headHash: genesis.hash };
  for (const [peer, signer] of [
    [bob, dave],
    [dave, bob],
    [bob, undefined],
  ] as const) {
    const effects = following().send({ type: "heartbeatReceived", peer, signer, ...beat });
    assert.equal(find(effects, "rejectPeer")?.code, "FALSE_HEARTBEAT");
  }
});

test("transactions of before a restart come back, without those in uncertified blocks", () => {
  const core = leading();
  const block = child(genesis, { term: 1n, transactions: [tx(0n)] });
  core.state = {
    ...core.state,
    tree: new Map([...core.state.tree, [block.hash, block]]),
    head: block.hash,
  };
  const restored = [tx(0n), tx(1n)].map((item, i) => ({
    pooled: { transaction: item, sequence: BigInt(i), receivedAtMs: startMs },
    account: { ...rich, nonce: 0n },
  }));
  core.send({ type: "transactionsRestored", restored });
  assert.deepEqual(
    [core.state.mempool.size, core.state.mempool.isIncluded(tx(0n).hash)],
    [1, true],
  );
});

test("a block from which everything was left out is not sealed", () => {
  const core = leading();
  core.submit(tx(0n));
  const summary = child(genesis, { term: 1n });
  const effects = core.send({
    type: "blockBuilt",
    summary,
    leftOut: [{ hash: tx(0n).hash, reason: "INSUFFICIENT_FUNDS" }],
  });
  assert.deepEqual(types(effects), ["dropTransactions", "discardBlock"]);
  assert.equal(core.state.mempool.size, 0);
});
