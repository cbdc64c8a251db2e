/** Algorithm 1, line by line: tables of steps. Round r is proposed by validator r; this one is validator 3. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { blockOf, createDriver, idOf, nowMs, validator } from "./core-driver.ts";

const proposeTimer = "timer propose 0 1000";

test("a round starts only when a block is wanted and the pace allows it", () => {
  const core = createDriver();
  assert.deepEqual(core.offer({ type: "blockWanted", height: 2n }), []);
  assert.deepEqual(core.timer("pace"), []);
  assert.deepEqual(core.offer({ type: "blockWanted", height: 1n }), [proposeTimer]);
  const other = createDriver();
  assert.deepEqual(other.offer({ type: "blockWanted", height: 1n }), []);
  assert.deepEqual(other.timer("pace"), [proposeTimer]);
  assert.deepEqual(createDriver().timer("heartbeat"), [proposeTimer]);
});

test("a waiting validator joins a round that f+1 others or its proposer have started", () => {
  const core = createDriver();
  assert.deepEqual(core.vote(0, "prevote", "nil"), []);
  assert.deepEqual(core.vote(1, "prevote", "nil"), [proposeTimer]);
  assert.deepEqual(createDriver().proposal("A"), ["judge A", proposeTimer]);
});

test("P9 L18-L19 the proposer builds a block, and persists its proposal before it sends it", () => {
  const core = createDriver({ self: 0 });
  assert.deepEqual(core.begin(), [proposeTimer, "build 0"]);
  const block = blockOf("A", validator(0));
  const built = { type: "blockBuilt", height: 1n, round: 0, blockId: idOf("A"), block } as const;
  assert.deepEqual(core.offer(built), ["judge A", "sign proposal 0 A -1"]);
  assert.deepEqual(core.offer(built), [], "one proposal for each round");
  const proposal = { height: 1n, round: 0, validRound: -1, blockId: idOf("A") };
  const signed = { ...proposal, proposer: validator(0), signature: "0x" } as const;
  assert.deepEqual(core.offer({ type: "proposalSigned", proposal: signed, atMs: nowMs }), [
    "persist ownProposal",
    "broadcast proposal 0 A",
  ]);
  assert.deepEqual(core.judged("A", "accept"), ["sign prevote 0 A"]);
});

test("a block that is built too late is not proposed", () => {
  const block = blockOf("A", validator(0));
  const built = { type: "blockBuilt", height: 1n, round: 0, blockId: idOf("A"), block } as const;
  const timedOut = createDriver({ self: 0 });
  timedOut.begin();
  timedOut.timer("propose");
  assert.deepEqual(timedOut.offer(built), []);
  const later = createDriver({ self: 0 });
  later.begin();
  later.votes([1, 2], "prevote", "nil", 1);
  assert.deepEqual(later.offer(built), []);
  const earlier = createDriver({ self: 0 });
  earlier.begin();
  assert.deepEqual(earlier.offer({ ...built, height: 2n }), []);
});

test("nothing is judged between a decision and the next height", () => {
  const core = createDriver();
  core.proposal("A");
  core.judged("A", "unknown");
  core.votes([0, 1, 2], "precommit", "A");
  assert.equal(core.state().step, "decided");
  assert.deepEqual(core.offer({ type: "localViewChanged" }), []);
});

test("L16 the proposer repeats its valid value with the round of its prevotes", () => {
  const core = createDriver({ self: 1 });
  core.proposal("A");
  core.judged("A", "accept");
  core.votes([0, 2, 3], "prevote", "A");
  core.votes([0, 2, 3], "precommit", "nil");
  const effects = core.timer("precommit");
  assert.deepEqual(effects, ["timer propose 1 1250", "sign proposal 1 A 0"]);
});

test("P9 L22-L24 a valid fresh proposal gets a prevote, durable before it is sent", () => {
  const core = createDriver();
  core.begin();
  assert.deepEqual(core.proposal("A"), ["judge A"]);
  assert.deepEqual(core.judged("A", "accept"), ["sign prevote 0 A"]);
  assert.deepEqual(core.signed("prevote", "A"), ["persist ownVote", "broadcast prevote 0 A"]);
});

test("L26 a bad proposal gets a prevote for nil and is blamed on its proposer", () => {
  for (const [verdict, code] of [
    ["reject", "BLOCK_REJECTED"],
    ["malformed", "BLOCK_MALFORMED"],
  ] as const) {
    const core = createDriver();
    core.proposal("A");
    assert.deepEqual(core.judged("A", verdict), [`reject ${code} 0`, "sign prevote 0 nil"]);
  }
});

test("L26 a fresh proposal must be timely and built by its proposer", () => {
  for (const late of [
    { timestampMs: nowMs + 2_001n },
    { timestampMs: nowMs - 2_001n },
    { builder: 2 },
  ]) {
    assert.deepEqual(createDriver().proposal("A", late), [
      "judge A",
      "reject PROPOSAL_NOT_FRESH 0",
      proposeTimer,
      "sign prevote 0 nil",
    ]);
  }
  for (const timely of [{ timestampMs: nowMs + 2_000n }, { timestampMs: nowMs - 2_000n }]) {
    assert.deepEqual(createDriver().proposal("A", timely), ["judge A", proposeTimer]);
  }
});

test("a block of unknown validity is judged again when the local view grows, until the propose timeout", () => {
  const core = createDriver();
  core.proposal("A");
  assert.deepEqual(core.judged("A", "unknown"), []);
  assert.deepEqual(core.offer({ type: "localViewChanged" }), ["judge A"]);
  assert.deepEqual(core.judged("A", "accept"), ["sign prevote 0 A"]);
  const slow = createDriver();
  slow.proposal("A");
  slow.judged("A", "unknown");
  assert.deepEqual(slow.timer("propose"), ["sign prevote 0 nil"]);
});

/** Locked on A in round 0, now in the propose step of round 1. */
function lockedOnA() {
  const core = createDriver();
  core.proposal("A");
  core.judged("A", "accept");
  core.signed("prevote", "A");
  core.votes([0, 1], "prevote", "A");
  core.signed("precommit", "A");
  core.votes([0, 1], "precommit", "nil");
  core.timer("precommit");
  assert.equal(core.state().round, 1);
  assert.deepEqual(core.state().locked, { round: 0, blockId: idOf("A") });
  return core;
}

test("L23 a locked validator prevotes nil for another fresh value, and for its own value again", () => {
  const core = lockedOnA();
  assert.deepEqual(core.proposal("B", { round: 1 }), ["judge B", "sign prevote 1 nil"]);
  const same = lockedOnA();
  assert.deepEqual(same.proposal("A", { round: 1, builder: 1 }), ["sign prevote 1 A"]);
});

test("L28 a value with a valid round waits for its 2f+1 prevotes", () => {
  const core = createDriver();
  core.begin();
  core.votes([0, 1], "prevote", "nil", 1);
  assert.equal(core.state().round, 1);
  assert.deepEqual(core.proposal("B", { round: 1, validRound: 0, builder: 0 }), ["judge B"]);
  core.judged("B", "accept");
  assert.deepEqual(core.votes([0, 1], "prevote", "B", 0), []);
  assert.deepEqual(core.vote(2, "prevote", "B", 0), ["sign prevote 1 B"]);
});

test("L29 a lock yields to prevotes of its round or a later one, not of an earlier one", () => {
  const toRound2 = (core: ReturnType<typeof lockedOnA>) => core.votes([0, 1], "prevote", "nil", 2);
  const yielding = lockedOnA();
  toRound2(yielding);
  yielding.votes([0, 1, 2], "prevote", "B", 1);
  yielding.proposal("B", { round: 2, validRound: 1, builder: 1 });
  assert.deepEqual(yielding.judged("B", "accept"), ["sign prevote 2 B"]);

  // Locked in round 1, shown prevotes of round 0.
  const firm = createDriver();
  firm.begin();
  firm.votes([0, 1], "prevote", "nil", 1);
  firm.proposal("B", { round: 1 });
  firm.judged("B", "accept");
  firm.signed("prevote", "B", 1);
  firm.votes([1, 2], "prevote", "B", 1);
  assert.equal(firm.state().locked?.round, 1);
  firm.votes([0, 1], "precommit", "nil", 2);
  firm.votes([0, 1, 2], "prevote", "A", 0);
  assert.deepEqual(firm.proposal("A", { round: 2, validRound: 0, builder: 0 }), [
    "judge A",
    "sign prevote 2 nil",
  ]);
});

test("L29 a lock does not keep a validator from its own value, shown with older prevotes", () => {
  const core = createDriver();
  core.proposal("A");
  core.judged("A", "accept");
  core.votes([0, 1, 2], "prevote", "nil", 1);
  core.votes([0, 1, 2], "prevote", "A", 0);
  core.proposal("A", { round: 1, validRound: 0, builder: 0 });
  core.votes([0, 1, 2], "prevote", "A", 1);
  assert.equal(core.state().valid?.round ?? -1, 1);
  core.votes([0, 1], "precommit", "nil", 2);
  const effects = core.proposal("A", { round: 2, validRound: 0, builder: 0 });
  assert.deepEqual(effects, ["sign prevote 2 A"]);
});

test("L34 2f+1 prevotes of any kind start the prevote timeout, once", () => {
  const core = createDriver();
  core.proposal("A");
  core.judged("A", "accept");
  core.signed("prevote", "A");
  assert.deepEqual(core.vote(0, "prevote", "nil"), []);
  assert.deepEqual(core.vote(1, "prevote", "B"), ["timer prevote 0 300"]);
  assert.deepEqual(core.vote(2, "prevote", "C"), []);
  assert.deepEqual(core.timer("prevote"), ["sign precommit 0 nil"]);
});

test("P3 L36-L40 2f+1 prevotes lock a value; the lock is durable before the precommit is signed", () => {
  const core = createDriver();
  core.proposal("A");
  core.judged("A", "accept");
  core.signed("prevote", "A");
  core.vote(0, "prevote", "A");
  assert.equal(core.state().locked, undefined);
  assert.deepEqual(core.vote(1, "prevote", "A").slice(-2), ["persist lock", "sign precommit 0 A"]);
  const record = core.wal.find(({ type }) => type === "lock");
  assert.equal(record?.type === "lock" ? record.prevotes.length : 0, 3, "with its proof");
});

test("L36 a value that is not held valid is not locked", () => {
  for (const verdict of ["unknown", "reject"] as const) {
    const core = createDriver();
    core.proposal("A");
    core.judged("A", verdict);
    core.timer("propose");
    core.votes([0, 1, 2], "prevote", "A");
    assert.equal(core.state().step, "prevote");
    assert.equal(core.state().valid, undefined);
  }
});

test("L36 a validator that has not prevoted in a round does not precommit in it", () => {
  const core = createDriver();
  core.proposal("A");
  core.judged("A", "accept");
  core.votes([0, 1], "precommit", "nil", 1);
  assert.deepEqual(core.votes([0, 1, 2], "prevote", "A", 1), []);
  assert.equal(core.state().step, "propose");
  assert.deepEqual(core.timer("propose", 1).slice(0, 1), ["sign prevote 1 nil"]);
  assert.deepEqual(core.state().locked, { round: 1, blockId: idOf("A") }, "then the lock follows");
});

test("L42 prevotes that come after the precommit make the value valid, not locked", () => {
  const core = createDriver();
  core.proposal("A");
  core.judged("A", "accept");
  core.votes([0, 1], "prevote", "A");
  core.vote(2, "prevote", "nil");
  core.timer("prevote");
  assert.equal(core.state().step, "precommit");
  core.signed("prevote", "A");
  assert.deepEqual(core.state().valid, { round: 0, blockId: idOf("A") });
  assert.equal(core.state().locked, undefined);
});

test("L44 2f+1 prevotes for nil give a precommit for nil", () => {
  const core = createDriver();
  core.begin();
  core.timer("propose");
  core.votes([0, 1], "prevote", "nil");
  assert.deepEqual(core.vote(2, "prevote", "nil").slice(-1), ["sign precommit 0 nil"]);
});

test("L47, L65 2f+1 precommits of any kind start the precommit timeout, and that the next round", () => {
  const core = createDriver();
  core.begin();
  assert.deepEqual(core.votes([0, 1], "precommit", "nil"), []);
  assert.deepEqual(core.vote(2, "precommit", "A"), ["timer precommit 0 300"]);
  assert.deepEqual(core.timer("precommit"), ["timer propose 1 1250"]);
});

test("L49 2f+1 precommits of any round decide, whatever step the validator is in", () => {
  const core = createDriver();
  core.proposal("A");
  core.judged("A", "accept");
  core.votes([0, 1], "prevote", "nil", 3);
  assert.equal(core.state().round, 3);
  core.votes([0, 1], "precommit", "A");
  assert.deepEqual(core.vote(2, "precommit", "A"), ["decide A 0 by 3"]);
  assert.deepEqual(core.vote(3, "precommit", "A"), [], "a height is decided once");
  assert.deepEqual(core.timer("propose", 3), []);
});

test("L49 a decision waits for the block and for its judgement, but not for the application's opinion", () => {
  const core = createDriver();
  core.votes([0, 1, 2], "precommit", "A");
  core.proposal("A");
  assert.notEqual(core.state().step, "decided");
  assert.deepEqual(core.judged("A", "unknown"), ["decide A 0 by 3"]);
  const forked = createDriver();
  forked.votes([0, 1, 2], "precommit", "A");
  forked.proposal("A");
  assert.throws(() => forked.judged("A", "malformed"), /a decided block follows the chain/);
});

test("L55 f+1 validators in a later round take the others with them", () => {
  const core = createDriver();
  core.begin();
  assert.deepEqual(core.vote(0, "prevote", "nil", 4), []);
  assert.deepEqual(core.vote(1, "precommit", "nil", 5), ["timer propose 4 2000"]);
});

test("L55 a proposal of a later round counts for its proposer", () => {
  const core = createDriver();
  core.begin();
  assert.deepEqual(core.vote(0, "prevote", "nil", 2), []);
  assert.deepEqual(core.proposal("B", { round: 2 }), ["judge B", "timer propose 2 1500"]);
});

test("timers of another round or height do nothing", () => {
  const core = createDriver();
  core.begin();
  assert.deepEqual(core.timer("propose", 1), []);
  assert.deepEqual(core.timer("propose", 0, 2n), []);
  assert.deepEqual(core.timer("prevote"), []);
  assert.deepEqual(core.timer("precommit", 1), []);
});

test("a timeout that comes after its step does nothing", () => {
  const core = createDriver();
  core.proposal("A");
  core.judged("A", "accept");
  core.signed("prevote", "A");
  core.votes([0, 1], "prevote", "A");
  assert.equal(core.state().step, "precommit");
  assert.deepEqual([...core.timer("propose"), ...core.timer("prevote")], []);
  assert.equal(core.state().step, "precommit");
  core.votes([0, 1, 2], "precommit", "A");
  assert.deepEqual(core.timer("precommit"), []);
  assert.equal(core.state().step, "decided");
  assert.equal(core.state().round, 0);
});

test("a prevote timeout of an earlier round does not end this one", () => {
  const core = createDriver();
  core.begin();
  core.votes([0, 1], "precommit", "nil", 1);
  core.timer("propose", 1);
  assert.equal(core.state().step, "prevote");
  assert.deepEqual(core.timer("prevote", 0), []);
});

test("two thirds of the power are no quorum, and one third is not f+1", () => {
  const core = createDriver({ powers: [1n, 1n, 1n], self: 2 });
  core.proposal("A");
  core.judged("A", "accept");
  core.votes([0, 1], "precommit", "A");
  assert.notEqual(core.state().step, "decided");
  core.vote(2, "precommit", "A");
  assert.equal(core.state().step, "decided");
  const other = createDriver({ powers: [1n, 1n, 1n], self: 2 });
  other.begin();
  assert.deepEqual(other.vote(0, "prevote", "nil", 1), []);
});

test("votes weigh as much as their validator's stake", () => {
  const core = createDriver({ powers: [7n, 1n, 1n, 1n] });
  core.proposal("A");
  core.judged("A", "accept");
  assert.deepEqual(core.vote(0, "precommit", "A"), ["decide A 0 by 1"]);
});

test("who is not in the set proposes nothing and signs nothing, but follows", () => {
  const core = createDriver({ self: 9 });
  core.proposal("A");
  assert.deepEqual(core.judged("A", "accept"), []);
  core.votes([0, 1, 2], "prevote", "A");
  assert.deepEqual(core.votes([0, 1, 2], "precommit", "A").slice(-1), ["decide A 0 by 3"]);
});
