/** Restart: the WAL is enough to never contradict oneself (T5) and to prove a lock. This one is validator 3 of 4. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { WalRecord } from "../../../src/core/tendermint/effect.ts";
import { blockOf, createDriver, idOf, nowMs, validator, voteOf } from "./core-driver.ts";

const heightTimers = ["timer pace 0 200", "timer heartbeat 0 10000", "timer status 0 500"];

test("an empty WAL gives a waiting validator", () => {
  const core = createDriver();
  assert.deepEqual(core.first, heightTimers);
  assert.equal(core.state().step, "waiting");
});

test("P2 a restarted validator does not prevote again, and goes on from its prevote", () => {
  const wal: WalRecord[] = [{ type: "ownVote", vote: voteOf(3, "prevote", "A", { round: 2 }) }];
  const core = createDriver({ wal });
  assert.equal(core.state().round, 2);
  assert.equal(core.state().step, "prevote");
  assert.deepEqual(core.proposal("B", { round: 2 }), ["judge B"]);
  assert.deepEqual(core.judged("B", "accept"), []);
  assert.deepEqual(core.votes([0, 1], "prevote", "nil", 2), ["timer prevote 2 600"]);
  assert.deepEqual(core.timer("prevote", 2), ["sign precommit 2 nil"]);
});

test("P2 a restarted validator does not precommit again", () => {
  const vote = voteOf(3, "precommit", "nil");
  const core = createDriver({
    wal: [
      { type: "ownVote", vote: voteOf(3, "prevote", "A") },
      { type: "ownVote", vote },
    ],
  });
  assert.equal(core.state().step, "precommit");
  core.proposal("A");
  core.judged("A", "accept");
  assert.deepEqual(core.votes([0, 1], "prevote", "A"), []);
  assert.deepEqual(core.state().valid, { round: 0, blockId: idOf("A") }, "L42");
});

test("P2 a restarted proposer does not propose another block", () => {
  const proposal = {
    height: 1n,
    round: 3,
    validRound: -1,
    blockId: idOf("A"),
    proposer: validator(3),
    signature: "0x",
  } as const;
  const wal: WalRecord[] = [{ type: "ownProposal", proposal, block: blockOf("A", validator(3)) }];
  const core = createDriver({ wal });
  assert.deepEqual(core.first, [...heightTimers, "judge A", "timer propose 3 1750"]);
  const other = {
    type: "blockBuilt",
    height: 1n,
    round: 3,
    blockId: idOf("B"),
    block: blockOf("B", validator(3)),
  } as const;
  assert.deepEqual(core.offer(other), []);
  assert.deepEqual(core.judged("A", "accept"), ["sign prevote 3 A"]);
});

test("P4 a lock survives with the prevotes that prove it", () => {
  const before = createDriver();
  before.proposal("A");
  before.judged("A", "accept");
  before.signed("prevote", "A");
  before.votes([0, 1], "prevote", "A");
  before.signed("precommit", "A");
  const core = createDriver({ wal: before.wal });
  assert.deepEqual(core.state().locked, { round: 0, blockId: idOf("A") });
  assert.deepEqual(core.state().valid, { round: 0, blockId: idOf("A") });
  core.judged("A", "accept");
  core.votes([0, 1], "precommit", "nil");
  core.timer("precommit");
  assert.deepEqual(core.proposal("B", { round: 1 }), ["judge B", "sign prevote 1 nil"], "L26");
  core.votes([0, 1], "prevote", "nil", 3);
  const status = { height: 1n, round: 0, step: "propose" } as const;
  core.offer({ type: "peerStatus", peer: validator(0), status });
  const repeated = core.offer({ type: "peerStatus", peer: validator(0), status });
  assert.equal(repeated.filter((effect) => effect === "send 0 prevote 0 A").length, 3);
});

test("a lock whose precommit was not signed yet is precommitted after the restart", () => {
  const before = createDriver();
  before.proposal("A");
  before.judged("A", "accept");
  before.signed("prevote", "A");
  before.votes([0, 1], "prevote", "A");
  const core = createDriver({ wal: before.wal });
  assert.equal(core.state().step, "prevote");
  assert.deepEqual(core.judged("A", "accept"), ["sign precommit 0 A"], "and not stored again");
});

test("the newest lock counts, and records of other heights do not", () => {
  const lock = (name: string, round: number): WalRecord => ({
    type: "lock",
    height: 1n,
    round,
    blockId: idOf(name),
    block: blockOf(name, validator(0)),
    prevotes: [0, 1, 2].map((index) => voteOf(index, "prevote", name, { round })),
  });
  const core = createDriver({ wal: [lock("B", 4), lock("A", 1)] });
  assert.deepEqual(core.state().locked, { round: 4, blockId: idOf("B") });
  const stale: WalRecord = { type: "ownVote", vote: voteOf(3, "prevote", "A", { height: 7n }) };
  assert.equal(createDriver({ wal: [stale] }).state().step, "waiting");
});

test("one validator alone decides", () => {
  const core = createDriver({ self: 0, powers: [5n] });
  core.begin();
  const block = blockOf("A", validator(0));
  core.offer({ type: "blockBuilt", height: 1n, round: 0, blockId: idOf("A"), block });
  const proposal = {
    height: 1n,
    round: 0,
    validRound: -1,
    blockId: idOf("A"),
    proposer: validator(0),
    signature: "0x",
  } as const;
  core.offer({ type: "proposalSigned", proposal, atMs: nowMs });
  core.judged("A", "accept");
  core.signed("prevote", "A");
  assert.deepEqual(core.signed("precommit", "A").slice(-1), ["decide A 0 by 1"]);
});
