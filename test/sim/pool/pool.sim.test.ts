/** The pool's cores with fake services around them: every liveness case of the capability, in virtual time. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Hex } from "@sequorum/protocol";
import { PoolWorld } from "../../../services/pos-consensus/src/testing/pool-world.ts";

const equalStakes = [20, 20, 20, 20, 20];
const parameters = { batchAgeMsMax: 4_000 };

/** A pool of five that has an active key. */
function startedPool(): PoolWorld {
  const world = new PoolWorld(equalStakes, parameters);
  assert.ok(
    world.runUntil(() => world.state.keys.active !== null, 30_000),
    "the pool has a key",
  );
  return world;
}

function postedAtLeast(world: PoolWorld, count: bigint): () => boolean {
  return () => world.state.batches.postedIndex >= count;
}

describe("an honest pool", () => {
  test("makes a key, registers it, and posts and finalises batches", () => {
    const world = new PoolWorld(equalStakes, parameters);
    assert.ok(world.runUntil(postedAtLeast(world, 3n), 60_000));
    assert.ok(world.runUntil(() => world.state.batches.finalIndex >= 2n, 60_000));
    assert.equal(world.decided("ceremonyFailed").length, 0);
    assert.equal(world.decided("batchRejected").length, 0);
    assert.ok(world.decided("signingSessionClosed").every(({ signed }) => signed));
  });

  test("gives every member its turn in leading, by stake", () => {
    const world = new PoolWorld([60, 20, 20, 20], { ...parameters, termSpanBlocks: 2 });
    assert.ok(world.runUntil(() => world.decided("termStarted").length >= 13, 120_000));
    const counts = world.nodes.map(
      ({ member }) =>
        world
          .decided("termStarted")
          .slice(0, 12)
          .filter(({ leader }) => leader === member.address).length,
    );
    assert.deepEqual(counts, [6, 2, 2, 2]);
  });
});

describe("leaders", () => {
  test("a leader that goes down is replaced at once, sits out some terms, and certified blocks stay", () => {
    const world = startedPool();
    const { leader, term } = world.state.leadership;
    const node = world.nodes.find(({ member }) => member.address === leader);
    assert.ok(node !== undefined);
    node.isUp = false;
    const certified = world.state.certified.height;
    assert.ok(world.runUntil(() => world.state.leadership.term > term, 2_000));
    assert.equal(world.state.leadership.reason, "silence");
    assert.notEqual(world.state.leadership.leader, leader);
    assert.ok(
      world.runUntil(() => world.state.certified.height > certified + 3n, 10_000),
      "blocks go on",
    );
    const later = world
      .decided("termStarted")
      .filter((decision) => decision.term > term && decision.term < term + 4n);
    assert.ok(later.every((decision) => decision.leader !== leader));
  });

  test("leaders that stay silent for ever cost ever fewer terms", () => {
    const world = new PoolWorld(equalStakes, { ...parameters, termSpanBlocks: 2 });
    world.node(2).isSilentLeader = true;
    assert.ok(world.runUntil(() => world.state.leadership.term >= 60n, 400_000));
    const led = world
      .decided("termStarted")
      .filter(({ leader }) => leader === world.node(2).member.address);
    assert.ok(
      led.length >= 2 && led.length <= 6,
      `the silent member led ${led.length} of 60 terms`,
    );
  });
});

describe("batches", () => {
  test("a designated proposer that is down is passed over after its time", () => {
    const world = startedPool();
    world.node(1).isUp = false;
    assert.ok(world.runUntil(postedAtLeast(world, 7n), 120_000));
    const rejected = world.decided("batchRejected");
    assert.ok(rejected.length >= 1);
    assert.ok(rejected.every(({ code }) => code === "PROPOSAL_TIMEOUT"));
  });

  test("a proposal that nobody else gets is refused, and the next proposer's is signed", () => {
    const world = startedPool();
    world.node(2).batcher.faults.wrongStateRoot = true;
    assert.ok(world.runUntil(postedAtLeast(world, 6n), 90_000));
    const rejected = world.decided("batchRejected");
    assert.ok(
      rejected.length >= 1 && rejected.every(({ code }) => code === "REFUSED:STATE_ROOT_MISMATCH"),
    );
    const wrong = world
      .decided("batchSigned")
      .filter(({ header }) => header.proposer === world.node(2).member.address);
    assert.equal(wrong.length, 0);
  });

  test("one endorser that refuses everything stops nothing", () => {
    const world = startedPool();
    world.node(4).batcher.faults.refuses = true;
    assert.ok(world.runUntil(postedAtLeast(world, 4n), 60_000));
    assert.equal(world.decided("batchRejected").length, 0);
  });

  test("while L1 takes nothing, batches are signed up to the bound, and all are posted afterwards", () => {
    const world = startedPool();
    world.l1.isAccepting = false;
    assert.ok(world.runUntil(() => world.state.batches.tip.index >= 4n, 60_000));
    assert.equal(world.state.batches.postedIndex, 0n);
    world.l1.isAccepting = true;
    assert.ok(world.runUntil(postedAtLeast(world, 5n), 60_000));
    const posted = world.decided("batchPosted").map(({ index }) => index);
    assert.deepEqual(posted, [1n, 2n, 3n, 4n, 5n]);
  });

  test("two of five down: nothing is decided; one returns: everything goes on", () => {
    const world = startedPool();
    world.node(0).isUp = false;
    world.node(3).isUp = false;
    const { height } = world.state;
    assert.equal(
      world.runUntil(() => world.state.height > height, 20_000),
      false,
    );
    world.node(3).isUp = true;
    assert.ok(world.runUntil(postedAtLeast(world, 2n), 90_000));
  });
});

describe("signing", () => {
  test("a signer that is down is replaced by the one that was left out", () => {
    const world = startedPool();
    world.node(3).isUp = false;
    assert.ok(world.runUntil(postedAtLeast(world, 3n), 120_000));
  });

  test("wrong shares are named by more than n - t members, and signing goes on without their author", () => {
    const world = startedPool();
    world.node(1).signer.faults.wrongSignatureShares = true;
    assert.ok(world.runUntil(postedAtLeast(world, 3n), 90_000));
    const culprits = world.decided("signingSessionClosed").flatMap((decision) => decision.culprits);
    assert.ok(culprits.length >= 1);
    assert.ok(culprits.every((culprit) => culprit === world.node(1).member.address));
  });

  test("a silent signer is found out, and later sessions begin without it", () => {
    const world = startedPool();
    world.node(2).signer.faults.silentInSigning = true;
    assert.ok(world.runUntil(postedAtLeast(world, 4n), 120_000));
    const opened = world.decided("signingSessionOpened");
    const last = opened.at(-1);
    assert.ok(last !== undefined && last.attempt === 0);
    assert.ok(last.roster.every(({ member }) => member !== world.node(2).member.address));
  });

  test("Q5 no commitment is ever assigned twice", () => {
    const world = startedPool();
    world.node(2).signer.faults.silentInSigning = true;
    world.node(4).isUp = false;
    world.runUntil(() => false, 20_000);
    world.node(2).signer.faults.silentInSigning = false;
    assert.ok(world.runUntil(postedAtLeast(world, 3n), 120_000));
    const used = world
      .decided("signingSessionOpened")
      .flatMap(({ roster }) => roster.map(({ hiding }) => hiding));
    assert.equal(new Set(used).size, used.length);
  });
});

describe("key ceremonies", () => {
  const withKey = (world: PoolWorld) =>
    world.runUntil(() => world.state.keys.active !== null, 90_000);

  test("a member that is silent in round 1 is named and left out", () => {
    const world = new PoolWorld(equalStakes, parameters);
    world.node(4).signer.faults.silentInRound1 = true;
    assert.ok(withKey(world));
    const [failed] = world.decided("ceremonyFailed");
    assert.deepEqual(failed?.culprits, [world.node(4).member.address]);
    assert.equal(failed?.code, "ROUND1_TIMEOUT");
    assert.equal(world.state.keys.active?.roster.length, 4);
    assert.ok(world.runUntil(postedAtLeast(world, 1n), 60_000));
  });

  test("a wrong share that is revealed right costs nothing but time", () => {
    const world = new PoolWorld(equalStakes, parameters);
    world.node(1).signer.faults.wrongShareTo = world.node(3).member.address;
    assert.ok(withKey(world));
    assert.equal(world.decided("ceremonyComplaintRaised").length, 1);
    assert.equal(world.decided("ceremonyShareRevealed").length, 1);
    assert.equal(world.decided("ceremonyFailed").length, 0);
    assert.equal(world.state.keys.active?.roster.length, 5);
  });

  for (const [reveal, code] of [
    ["never", "REVEAL_TIMEOUT"],
    ["wrong", "REVEAL_WRONG"],
  ] as const) {
    test(`a dealer of a wrong share that reveals it ${reveal} is left out`, () => {
      const world = new PoolWorld(equalStakes, parameters);
      const { faults } = world.node(1).signer;
      faults.wrongShareTo = world.node(3).member.address;
      faults.reveal = reveal;
      assert.ok(withKey(world));
      const [failed] = world.decided("ceremonyFailed");
      assert.deepEqual(failed?.culprits, [world.node(1).member.address]);
      assert.equal(failed?.code, code);
      assert.ok(world.runUntil(postedAtLeast(world, 1n), 60_000));
      const erased = world.decided("keyErased").filter(({ keyId }) => keyId === failed?.ceremonyId);
      assert.equal(erased.length, 5, "what the failed ceremony left is erased by everybody");
    });
  }

  test("a member that never confirms is left out", () => {
    const world = new PoolWorld(equalStakes, parameters);
    world.node(0).signer.faults.neverConfirms = true;
    assert.ok(withKey(world));
    assert.equal(world.decided("ceremonyFailed")[0]?.code, "CONFIRMATION_TIMEOUT");
    assert.ok(!world.state.keys.active?.roster.includes(world.node(0).member.address));
  });

  test("while too few are honest, ceremonies repeat with everybody; when one recovers, there is a key", () => {
    const world = new PoolWorld(equalStakes, parameters);
    world.node(0).signer.faults.neverConfirms = true;
    world.node(1).signer.faults.neverConfirms = true;
    assert.equal(withKey(world), false);
    assert.ok(world.decided("ceremonyFailed").length >= 2);
    world.node(0).signer.faults.neverConfirms = false;
    assert.ok(withKey(world));
  });
});

test("a pool of one certifies blocks without a key", () => {
  const world = new PoolWorld([20], parameters);
  assert.ok(world.runUntil(() => world.state.certified.height >= 40n, 90_000));
  assert.equal(world.decided("ceremonyOpened").length, 0);
});

describe("signed batches that L1 does not take", () => {
  /** Three signed batches, none on L1, and >= 2/3 of the members say that L1 would not take the first. */
  function refusedPool(): { readonly world: PoolWorld; readonly first: { readonly digest: Hex } } {
    const world = startedPool();
    world.l1.isAccepting = false;
    assert.ok(world.runUntil(() => world.state.batches.unposted.length >= 3, 60_000));
    const [first] = world.state.batches.unposted;
    assert.ok(first !== undefined);
    const { index, attempt, digest } = first;
    for (const node of world.nodes.slice(0, 4)) {
      world.inject(node.member.index, {
        type: "batchRefusal",
        index,
        attempt,
        digest,
        code: "ORIGIN_REORGED",
      });
    }
    assert.ok(
      world.runUntil(() => world.decided("batchRejected").some((d) => d.index === 1n), 5_000),
    );
    return { world, first };
  }

  test("are void with all that build on them, and each index opens again above the attempts that were used", () => {
    const { world } = refusedPool();
    const voided = new Map(world.decided("batchRejected").map((d) => [d.index, d.attempt]));
    const rejected = world.decided("batchRejected");
    assert.ok(rejected.every(({ code }) => code === "REFUSED_AFTER_SIGNING:ORIGIN_REORGED"));
    assert.deepEqual(
      rejected
        .map(({ index }) => index)
        .toReversed()
        .slice(0, 3),
      [1n, 2n, 3n],
    );
    const reopened = world.decided("batchOpened").at(-1);
    assert.ok(reopened?.index === 1n && reopened.attempt > 0 && reopened.firstBlock === 1n);
    assert.ok(world.runUntil(() => world.state.batches.tip.index >= 3n, 90_000));
    for (const index of [1n, 2n, 3n]) {
      const attempts = world.decided("batchOpened").filter((d) => d.index === index);
      assert.ok((attempts.at(-1)?.attempt ?? 0) > (voided.get(index) ?? 0), `index ${index}`);
    }
    const names = world.decided("batchOpened").map(({ index, attempt }) => `${index}/${attempt}`);
    assert.equal(new Set(names).size, names.length, "no attempt is opened twice");
  });

  test("are taken back when L1 shows one after all, and what was built instead is void", () => {
    const { world, first } = refusedPool();
    assert.ok(world.runUntil(() => world.state.batches.tip.index >= 1n, 60_000));
    assert.notEqual(world.state.batches.unposted[0]?.digest, first.digest);
    for (const { member } of world.nodes) {
      const event = {
        type: "batchPosted",
        index: 1n,
        digest: first.digest,
        l1TxHash: first.digest,
      } as const;
      world.inject(member.index, { type: "l1Observation", event: { ...event, l1BlockNumber: 9n } });
    }
    assert.ok(world.runUntil(() => world.state.batches.postedIndex === 1n, 5_000));
    assert.equal(world.decided("batchPosted")[0]?.digest, first.digest);
    assert.ok(world.decided("batchRejected").some(({ code }) => code === "REPLACED_ON_L1"));
    assert.ok(
      world.runUntil(() => world.state.batches.tip.index >= 3n, 60_000),
      "batches go on from there",
    );
    const second = world
      .decided("batchOpened")
      .filter(({ index }) => index === 2n)
      .at(-1);
    assert.equal(second?.parentHash, first.digest);
  });

  test("an observation that a reorganisation took back does not count: only the later one does", () => {
    const world = startedPool();
    world.l1.isAccepting = false;
    assert.ok(world.runUntil(() => world.state.batches.unposted.length >= 1, 60_000));
    const digest = world.state.batches.unposted[0]?.digest ?? "0x";
    const see = (member: number, l1BlockNumber: bigint) =>
      world.inject(member, {
        type: "l1Observation",
        event: { type: "batchPosted", index: 1n, digest, l1TxHash: digest, l1BlockNumber },
      });
    for (const member of [0, 1, 2]) see(member, 50n);
    world.runUntil(() => false, 1_000);
    for (const member of [0, 1]) see(member, 51n);
    world.runUntil(() => false, 1_000);
    see(3, 51n);
    world.runUntil(() => false, 1_000);
    assert.equal(world.state.batches.postedIndex, 0n, "three saw the same, four are needed");
    see(2, 51n);
    assert.ok(world.runUntil(() => world.state.batches.postedIndex === 1n, 2_000));
    assert.equal(world.decided("batchPosted")[0]?.l1BlockNumber, 51n);
  });
});
