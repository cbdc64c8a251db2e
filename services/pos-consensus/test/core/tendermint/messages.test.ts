/** What peers send: bounds, blame, evidence, recovery of lost messages. This one is validator 3 of 4. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { blockOf, createDriver, idOf, nowMs, validator, voteOf } from "./core-driver.ts";

test("P7 a double vote is evidence once, and the first vote still counts", () => {
  const core = createDriver();
  core.begin();
  assert.deepEqual(core.vote(0, "prevote", "A"), []);
  assert.deepEqual(core.vote(0, "prevote", "A"), [], "a repeated vote is none");
  assert.deepEqual(core.vote(0, "precommit", "B"), [], "nor is a vote of the other type");
  assert.deepEqual(core.vote(0, "prevote", "B", 1), [], "nor one of another round");
  assert.deepEqual(core.vote(0, "prevote", "B"), ["double vote A B"]);
  assert.deepEqual(core.vote(0, "prevote", "C"), []);
});

test("an equivocator counts for both of its values, and for a third one if its block is known", () => {
  const core = createDriver();
  core.begin();
  for (const name of ["X", "Y"]) core.vote(0, "precommit", name);
  core.proposal("A");
  core.judged("A", "accept");
  core.votes([1, 2], "precommit", "A");
  assert.deepEqual(core.vote(0, "precommit", "Z"), []);
  assert.deepEqual(core.vote(0, "precommit", "A"), ["decide A 0 by 3"]);
});

test("votes of strangers are rejected and blamed on the peer that sent them", () => {
  const core = createDriver();
  core.begin();
  const vote = voteOf(8, "prevote", "A");
  const effects = core.offer({ type: "verifiedVote", vote, by: validator(2) });
  assert.deepEqual(effects, ["reject SIGNER_NOT_IN_SET 2"]);
});

test("proposals are rejected for their round, proposer and valid round", () => {
  const core = createDriver();
  core.begin();
  assert.deepEqual(core.proposal("A", { from: 1 }), ["reject WRONG_PROPOSER 1"]);
  assert.deepEqual(core.proposal("A", { from: 8 }), ["reject SIGNER_NOT_IN_SET 8"]);
  assert.deepEqual(core.proposal("A", { validRound: 0 }), ["reject VALID_ROUND_NOT_EARLIER 0"]);
  assert.deepEqual(core.proposal("A", { round: 8 }), ["judge A"]);
  assert.deepEqual(core.proposal("Z", { round: 9 }), [], "further ahead than is kept");
});

test("of two proposals of a round the second block is kept only if f+1 have voted for it", () => {
  const core = createDriver();
  core.proposal("A");
  assert.deepEqual(core.proposal("A"), []);
  assert.deepEqual(core.proposal("B"), ["reject CONFLICTING_PROPOSAL 0"]);
  core.votes([0, 1], "precommit", "B");
  assert.deepEqual(core.proposal("B"), ["judge B"]);
  core.judged("B", "accept");
  assert.deepEqual(core.vote(2, "precommit", "B"), ["decide B 0 by 3"]);
});

test("P10 of future rounds one proposal of each proposer is kept", () => {
  const core = createDriver();
  core.begin();
  core.proposal("A", { round: 1 });
  core.proposal("B", { round: 5 });
  const { proposals, blocks } = core.state();
  assert.deepEqual([...proposals.keys()], [5]);
  assert.deepEqual([...blocks.keys()], [idOf("B")]);
});

test("P10 of rounds ahead only the newest two of each validator are kept", () => {
  const core = createDriver();
  core.begin();
  for (let round = 1; round < 1_000; round += 7) core.vote(0, "prevote", "nil", round);
  assert.deepEqual(
    [...core.state().votes.keys()].sort((a, b) => a - b),
    [1, 988, 995],
  );
  core.vote(0, "prevote", "nil", 500);
  assert.equal(core.state().votes.has(500), false, "an older one does not push out a newer one");
});

test("P10 messages of the next height are kept, a few of each validator, and replayed there", () => {
  const core = createDriver();
  for (let round = 0; round < 20; round++) core.vote(0, "prevote", "nil", round, 2n);
  core.vote(1, "prevote", "nil", 0, 3n);
  core.vote(8, "prevote", "nil", 0, 2n);
  assert.equal(core.state().early.length, 4);
  core.proposal("A");
  core.judged("A", "accept");
  core.votes([0, 1, 2], "precommit", "A");
  const { validators, priorities } = core.state();
  core.offer({ type: "heightCommitted", next: { height: 2n, validators, priorities } });
  assert.equal(core.state().height, 2n);
  assert.deepEqual(
    [...core.state().votes.keys()].sort((a, b) => a - b),
    [0, 1, 2, 3].slice(0, 4),
  );
  assert.deepEqual(core.state().early, []);
  assert.equal(core.state().locked, undefined);
});

test("P2 a vote is signed once for each round and type, also when only peers remember it", () => {
  const core = createDriver();
  core.begin();
  core.offer({ type: "verifiedVote", vote: voteOf(3, "prevote", "B"), by: validator(0) });
  core.proposal("A");
  assert.deepEqual(core.judged("A", "accept"), []);
  assert.equal(core.state().step, "prevote");
});

test("a peer that is behind is told so, and a peer that is ahead is asked for blocks", () => {
  const core = createDriver();
  const at = (peer: number, height: bigint) =>
    core.offer({
      type: "peerStatus",
      peer: validator(peer),
      status: { height, round: 0, step: "waiting" },
    });
  assert.deepEqual(at(0, 0n), ["send 0 status 1/0 waiting"]);
  assert.deepEqual(at(1, 5n), ["send 1 request 1", "timer blockRequest 0 1000"]);
  assert.deepEqual(at(2, 5n), [], "one request at a time");
  core.timer("blockRequest");
  assert.deepEqual(
    at(1, 5n),
    ["send 2 request 1", "timer blockRequest 0 1000"],
    "another peer next",
  );
  const block = blockOf("A", validator(0));
  const certificate = { height: 1n, round: 0, blockId: idOf("A"), signatures: [] };
  const commit = { type: "verifiedCommit", block, certificate, by: validator(2) } as const;
  assert.deepEqual(core.offer(commit), ["decide A 0 by 0"]);
  assert.deepEqual(core.offer(commit), []);
  const { validators, priorities } = core.state();
  const effects = core.offer({
    type: "heightCommitted",
    next: { height: 2n, validators, priorities },
  });
  assert.ok(
    effects.some((effect) => effect.endsWith("request 2")),
    "and goes on at once",
  );
  core.offer({ type: "peerLost", peer: validator(1) });
  core.offer({ type: "peerLost", peer: validator(2) });
  assert.equal(core.state().peers.size, 1);
});

test("a peer that does not move gets the votes and proposals of its round, ours and the valid one again", () => {
  const core = createDriver();
  core.proposal("A");
  core.judged("A", "accept");
  core.signed("prevote", "A");
  core.votes([0, 1], "prevote", "A");
  core.votes([0, 1], "prevote", "nil", 2);
  const status = { height: 1n, round: 1, step: "propose" } as const;
  const tell = () => core.offer({ type: "peerStatus", peer: validator(2), status });
  assert.deepEqual(tell(), [], "it may still be moving");
  assert.deepEqual(tell(), [
    "send 2 proposal 0 A",
    "send 2 prevote 0 A",
    "send 2 prevote 0 A",
    "send 2 prevote 0 A",
    "send 2 prevote 2 nil",
    "send 2 prevote 2 nil",
  ]);
});

test("what is repeated includes the rounds whose prevotes a proposal refers to, and the peer's own", () => {
  const core = createDriver();
  core.begin();
  core.vote(0, "prevote", "B", 0);
  core.votes([0, 1], "precommit", "nil", 1);
  core.votes([0, 1], "precommit", "nil", 2);
  core.proposal("B", { round: 2, validRound: 0, builder: 0 });
  const tell = (round: number) => {
    const status = { height: 1n, round, step: "propose" } as const;
    core.offer({ type: "peerStatus", peer: validator(2), status });
    return core.offer({ type: "peerStatus", peer: validator(2), status });
  };
  const ofRound2 = ["send 2 proposal 2 B", "send 2 precommit 2 nil", "send 2 precommit 2 nil"];
  assert.deepEqual(tell(2), ["send 2 prevote 0 B", ...ofRound2]);
  const ofRound1 = ["send 2 precommit 1 nil", "send 2 precommit 1 nil"];
  assert.deepEqual(tell(1), ["send 2 prevote 0 B", ...ofRound1, ...ofRound2]);
});

test("a decided block of another height is ignored", () => {
  const core = createDriver();
  const certificate = { height: 7n, round: 0, blockId: idOf("A"), signatures: [] };
  const block = blockOf("A", validator(0), nowMs, 7n);
  assert.deepEqual(
    core.offer({ type: "verifiedCommit", block, certificate, by: validator(2) }),
    [],
  );
});

test("P10 a validator's third different vote is dropped while its block is unknown", () => {
  const core = createDriver();
  core.begin();
  for (const name of ["A", "B", "C", "D"]) core.vote(0, "prevote", name);
  assert.equal(core.state().votes.get(0)?.prevote.get(validator(0))?.length, 2);
});

test("the status timer goes on for ever", () => {
  const effects = createDriver().timer("status", 0, 0n);
  assert.deepEqual(effects, ["broadcast status 1/0 waiting", "timer status 0 500"]);
});

test("P4 old proposals are forgotten, the valid one is not", () => {
  const core = createDriver();
  core.proposal("A");
  core.judged("A", "accept");
  core.signed("prevote", "A");
  core.votes([0, 1], "prevote", "A");
  core.votes([0, 1], "prevote", "nil", 1);
  core.proposal("B", { round: 1 });
  core.votes([0, 1], "prevote", "nil", 40);
  assert.equal(core.state().proposals.size, 0);
  assert.deepEqual([...core.state().blocks.keys()], [idOf("A")]);
});

test("what was signed for a height that is over is not sent", () => {
  const core = createDriver();
  core.proposal("A");
  core.judged("A", "accept");
  core.votes([0, 1, 2], "precommit", "A");
  assert.deepEqual(core.signed("prevote", "A"), []);
  const proposal = {
    height: 1n,
    round: 0,
    validRound: -1,
    blockId: idOf("A"),
    proposer: validator(3),
    signature: "0x",
  } as const;
  assert.deepEqual(core.offer({ type: "proposalSigned", proposal, atMs: nowMs }), []);
});
