/** Every rejection code is reached, and a rejected transaction changes nothing (Q11). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type BatchHeader,
  batchDigest,
  bytesToHex,
  encodePoolTransaction,
  type Hex,
  keccak256,
  type NonceCommitment,
  type PoolPayload,
  signDigest,
  signPoolTransaction,
} from "@sequorum/protocol";
import { applyPayload, applyTransaction } from "../../../src/core/pool/apply-transaction.ts";
import { hashState } from "../../../src/core/pool/canonical.ts";
import { executeBlock } from "../../../src/core/pool/execute-block.ts";
import { pendingObservationsMax } from "../../../src/core/pool/limits.ts";
import {
  dispositionOf,
  type RejectionCode,
  rejectionCodes,
} from "../../../src/core/pool/rejection.ts";
import type { PoolState } from "../../../src/core/pool/state.ts";
import { createMembers } from "../../../src/testing/pool-members.ts";
import { PoolWorld } from "../../../src/testing/pool-world.ts";

const stakes = [20, 20, 20, 20, 20];
const members = createMembers(stakes);
const reached = new Set<RejectionCode>();

const address = (index: number): Hex => members[index]?.address ?? "0x";
const keyAt = (index: number): Uint8Array => members[index]?.privateKey ?? new Uint8Array(32);
const hash = (byte: string): Hex => `0x${byte.repeat(32)}`;

/** Applies the payload and wants this very code. */
function rejects(
  state: PoolState,
  sender: number,
  payload: PoolPayload,
  code: RejectionCode,
): void {
  assert.equal(applyPayload(state, { sender: address(sender), payload }), code);
  reached.add(code);
}

function accepts(state: PoolState, sender: number, payload: PoolPayload): PoolState {
  const outcome = applyPayload(state, { sender: address(sender), payload });
  assert.ok(typeof outcome !== "string", String(outcome));
  return outcome.state;
}

/** A world run to a condition; the payloads that its operators would send next are held back. */
function runTo(
  condition: (state: PoolState) => boolean,
  prepare: (world: PoolWorld) => void = () => {},
): PoolWorld {
  const world = new PoolWorld(stakes, { batchAgeMsMax: 4_000 });
  prepare(world);
  assert.ok(world.runUntil(() => condition(world.state), 60_000));
  return world;
}

function silenceBatchers(world: PoolWorld): void {
  for (const { batcher } of world.nodes) batcher.faults.silent = true;
}

/** A valid header for the open batch of a world whose batchers are silent. */
function headerFor(world: PoolWorld): BatchHeader {
  const { batches, certified } = world.state;
  const { open } = batches;
  assert.ok(open !== null);
  let proposed: BatchHeader | undefined;
  const node = world.nodes.find(({ member }) => member.address === open.proposer);
  assert.ok(node !== undefined);
  node.batcher.faults.silent = false;
  const before = node.payloads.length;
  node.batcher.onTime(Number.MAX_SAFE_INTEGER);
  const payload = node.payloads[before];
  if (payload?.type === "batchProposal") proposed = payload.header;
  assert.ok(proposed !== undefined && proposed.lastBlock <= certified.height);
  return proposed;
}

describe("transactions", () => {
  const world = new PoolWorld(stakes);
  const encoded = (transaction: ReturnType<typeof signPoolTransaction>) =>
    bytesToHex(encodePoolTransaction(transaction));
  const { domain } = world.genesis.network;
  const payload = { type: "leaderSilent", term: 1n } as const;
  const rejectsBytes = (bytes: Hex, code: RejectionCode) => {
    const result = applyTransaction(world.state, bytes);
    assert.equal(result.type === "rejected" ? result.code : "applied", code);
    reached.add(code);
  };

  test("are decoded and authenticated", () => {
    const signed = signPoolTransaction(payload, keyAt(0), domain);
    assert.equal(applyTransaction(world.state, encoded(signed)).type, "applied");
    rejectsBytes("0xc0", "MALFORMED");
    rejectsBytes(
      encoded(signPoolTransaction(payload, new Uint8Array(32).fill(9), domain)),
      "SENDER_NOT_A_MEMBER",
    );
    rejectsBytes(encoded({ ...signed, sender: address(1) }), "BAD_SIGNATURE");
  });
});

describe("terms", () => {
  test("silence is reported once, for the current term", () => {
    const { state } = new PoolWorld(stakes);
    const later = { ...state, leadership: { ...state.leadership, term: 2n } };
    rejects(later, 0, { type: "leaderSilent", term: 1n }, "TERM_PAST");
    rejects(later, 0, { type: "leaderSilent", term: 3n }, "TERM_AHEAD");
    const reported = accepts(later, 0, { type: "leaderSilent", term: 2n });
    rejects(reported, 0, { type: "leaderSilent", term: 2n }, "SILENCE_ALREADY_REPORTED");
  });
});

describe("batches", () => {
  const world = runTo(
    (state) => state.batches.open !== null && state.certified.height >= 12n,
    silenceBatchers,
  );
  const { state } = world;
  const { open } = state.batches;
  assert.ok(open !== null);
  const proposer = members.findIndex((member) => member.address === open.proposer);
  const header = headerFor(world);
  const proposal = (changes: Partial<BatchHeader> = {}): PoolPayload => ({
    type: "batchProposal",
    attempt: open.attempt,
    header: { ...header, ...changes },
  });

  test("a proposal continues the chain of batches and covers certified blocks", () => {
    const cases: readonly (readonly [Partial<BatchHeader>, RejectionCode])[] = [
      [{ index: header.index + 1n }, "BATCH_AHEAD"],
      [{ index: header.index - 1n }, "BATCH_PAST"],
      [{ daSize: 0 }, "BATCH_HEADER_MALFORMED"],
      [{ chainId: 1n }, "BATCH_CHAIN_ID_MISMATCH"],
      [{ stfVersion: 2 }, "BATCH_VERSION_MISMATCH"],
      [{ firstBlock: header.firstBlock + 1n }, "BATCH_RANGE_MISMATCH"],
      [{ queueFrom: 1n, queueTo: 1n }, "BATCH_QUEUE_MISMATCH"],
      [{ epoch: 2n }, "BATCH_EPOCH_MISMATCH"],
      [{ daSize: 200_000 }, "BATCH_TOO_LARGE"],
      [{ lastBlock: state.certified.height + 1n }, "BATCH_NOT_CERTIFIED"],
      [{ blockRoot: hash("01") }, "BATCH_BLOCKS_MISMATCH"],
      [{ lastBlockHash: hash("01") }, "BATCH_BLOCKS_MISMATCH"],
    ];
    for (const [changes, code] of cases) rejects(state, proposer, proposal(changes), code);
    const other = (proposer + 1) % members.length;
    rejects(state, other, proposal({ proposer: address(other) }), "NOT_THE_PROPOSER");
    const { tip } = state.batches;
    const onTip = (changes: Partial<typeof tip>) => ({
      ...state,
      batches: { ...state.batches, tip: { ...tip, ...changes } },
    });
    rejects(onTip({ digest: hash("02") }), proposer, proposal(), "BATCH_PARENT_MISMATCH");
    rejects(onTip({ l1OriginNumber: 10_000n }), proposer, proposal(), "BATCH_ORIGIN_WENT_BACK");
  });

  test("a proposal is made once; endorsements and refusals follow it", () => {
    const { domain } = world.genesis.network;
    const digest = batchDigest(header, domain);
    const at = { index: header.index, attempt: open.attempt, digest };
    const endorsement = (index: number, changes = {}): PoolPayload => ({
      type: "batchEndorsement",
      ...at,
      signature: signDigest(keyAt(index), digest),
      ...changes,
    });
    const refusal: PoolPayload = { type: "batchRefusal", ...at, code: "WRONG" };
    rejects(state, 1, endorsement(1), "BATCH_NOT_PROPOSED");
    rejects(state, 1, refusal, "BATCH_NOT_PROPOSED");
    const proposed = accepts(state, proposer, proposal());
    rejects(proposed, proposer, proposal(), "BATCH_ALREADY_PROPOSED");
    rejects(proposed, 1, endorsement(1, { digest: hash("03") }), "DIGEST_MISMATCH");
    rejects(proposed, 1, endorsement(2), "BAD_ENDORSEMENT");
    const endorsed = accepts(proposed, 1, endorsement(1));
    rejects(endorsed, 1, endorsement(1), "ALREADY_ENDORSED");
    rejects(endorsed, 1, refusal, "ALREADY_ENDORSED");
    const refused = accepts(endorsed, 2, refusal);
    rejects(refused, 2, refusal, "ALREADY_REFUSED");
    const changed = accepts(refused, 2, endorsement(2));
    const quorum = accepts(accepts(changed, 0, endorsement(0)), 3, endorsement(3));
    assert.equal(quorum.batches.open?.stage.type, "endorsed");
    rejects(quorum, 4, endorsement(4), "BATCH_PAST");
  });
});

describe("ceremonies", () => {
  test("round 1 takes one good package of each roster member", () => {
    const world = runTo((state) => state.ceremonies.current !== null);
    const { state } = world;
    const ceremonyId = state.ceremonies.current?.ceremonyId ?? "0x";
    const own = world.node(0).payloads.find(({ type }) => type === "dkgRound1");
    assert.ok(own?.type === "dkgRound1");
    const length = own.package.length;
    rejects(state, 0, { ...own, ceremonyId: hash("01") }, "CEREMONY_NOT_CURRENT");
    rejects(state, 0, { ...own, package: "0x00" }, "ROUND1_LENGTH");
    rejects(state, 0, { ...own, package: `0x${"00".repeat((length - 2) / 2)}` }, "ROUND1_POINT");
    rejects(state, 1, own, "ROUND1_PROOF");
    rejects(accepts(state, 0, own), 0, own, "PACKAGE_ALREADY_SENT");
    rejects(
      state,
      0,
      { type: "dkgComplaint", ceremonyId, dealer: address(1) },
      "CEREMONY_STAGE_AHEAD",
    );
    const { current } = state.ceremonies;
    assert.ok(current !== null);
    const smaller = { ...current, roster: current.roster.slice(0, 4) };
    rejects(
      { ...state, ceremonies: { ...state.ceremonies, current: smaller } },
      4,
      own,
      "NOT_IN_ROSTER",
    );
  });

  test("round 2 takes complaints, reveals and matching confirmations", () => {
    const world = runTo((state) => state.ceremonies.current?.stage.type === "round2");
    const { state } = world;
    const ceremonyId = state.ceremonies.current?.ceremonyId ?? "0x";
    const first = world.node(0).payloads.find(({ type }) => type === "ceremonyConfirmation");
    assert.ok(first?.type === "ceremonyConfirmation");
    rejects(state, 0, { type: "dkgRound1", ceremonyId, package: "0x" }, "CEREMONY_STAGE_PAST");
    rejects(state, 0, { ...first, groupKey: hash("04") }, "CONFIRMATION_MISMATCH");
    rejects(state, 1, first, "BAD_CONFIRMATION");
    const complaint: PoolPayload = { type: "dkgComplaint", ceremonyId, dealer: address(1) };
    const confirmed = accepts(state, 0, first);
    rejects(confirmed, 0, first, "ALREADY_CONFIRMED");
    rejects(confirmed, 0, complaint, "COMPLAINT_AFTER_CONFIRMATION");
    rejects(state, 0, { ...complaint, dealer: address(0) }, "BAD_CULPRITS");
    rejects(accepts(state, 0, complaint), 0, complaint, "ALREADY_COMPLAINED");
    const reveal: PoolPayload = {
      type: "dkgReveal",
      ceremonyId,
      complainer: address(0),
      share: hash("05"),
    };
    rejects(state, 1, reveal, "NO_SUCH_COMPLAINT");
  });
});

describe("signing", () => {
  test("commitments are fresh points of a share holder", () => {
    const { state } = runTo(({ nonces }) => nonces.length === stakes.length);
    const [stock] = state.nonces;
    assert.ok(stock !== undefined);
    const { keyId, generation } = stock;
    const sender = members.findIndex((member) => member.address === stock.member);
    const [pair] = stock.commitments;
    assert.ok(pair !== undefined);
    const list = (commitments: readonly NonceCommitment[], at = generation + 1): PoolPayload => ({
      type: "nonceCommitments",
      keyId,
      generation: at,
      commitments,
    });
    rejects(state, sender, { ...list([pair]), keyId: hash("06") } as PoolPayload, "KEY_UNKNOWN");
    rejects(state, sender, list([pair], generation), "GENERATION_PAST");
    rejects(state, sender, list([]), "COMMITMENTS_EMPTY");
    rejects(state, sender, list([pair, pair]), "COMMITMENT_TWICE");
    rejects(state, (sender + 1) % 5, list([pair], 99), "COMMITMENT_TWICE");
    const off: Hex = `0x05${"00".repeat(32)}`;
    rejects(state, sender, list([{ hiding: off, binding: pair.binding }]), "COMMITMENT_POINT");
  });

  test("failures and signatures belong to an attempt", () => {
    const { state } = runTo(({ signing }) => signing.requests[0]?.session != null);
    const request = state.signing.requests[0];
    const session = request?.session;
    assert.ok(request !== undefined && session != null);
    const roster = session.roster.map(({ member }) =>
      members.findIndex((other) => other.address === member),
    );
    const [first = 0, second = 0] = roster;
    const outsider = members.findIndex((_, index) => !roster.includes(index));
    const report = (culprits: readonly Hex[]): PoolPayload => ({
      type: "signingFailure",
      sessionId: session.sessionId,
      attempt: request.attempt,
      culprits,
    });
    rejects(state, outsider, report([address(first)]), "NOT_IN_ROSTER");
    rejects(state, first, report([address(first)]), "BAD_CULPRITS");
    rejects(state, first, report([]), "BAD_CULPRITS");
    rejects(state, first, report([address(outsider)]), "BAD_CULPRITS");
    const reported = accepts(state, first, report([address(second)]));
    rejects(reported, first, report([address(second)]), "FAILURE_ALREADY_REPORTED");
    const signature = { r: address(0), s: hash("07") };
    const { sessionId } = session;
    rejects(state, 0, { type: "groupSignature", sessionId, signature }, "BAD_GROUP_SIGNATURE");
    rejects(
      state,
      0,
      { type: "groupSignature", sessionId: hash("08"), signature },
      "SESSION_NOT_OPEN",
    );
  });
});

describe("L1 and erasure", () => {
  const { state } = runTo(({ batches }) => batches.unposted.length > 0);
  const next = state.batches.unposted[0];
  assert.ok(next !== undefined);
  const posted = (changes = {}): PoolPayload => ({
    type: "l1Observation",
    event: {
      type: "batchPosted",
      index: next.index,
      digest: next.digest,
      l1TxHash: hash("09"),
      l1BlockNumber: 5n,
      ...changes,
    },
  });

  test("observations are of what may have happened, each counted once a member", () => {
    rejects(state, 0, posted({ index: 0n }), "OBSERVATION_PAST");
    rejects(state, 0, posted({ index: next.index + 5n }), "OBSERVATION_AHEAD");
    const seen = accepts(state, 0, posted());
    rejects(seen, 0, posted(), "ALREADY_OBSERVED");
    const epoch = { type: "epochRegistered", epoch: 1n, groupKeyHash: keccak256("0x01") } as const;
    const early = new PoolWorld(stakes);
    assert.ok(early.runUntil(() => early.state.keys.pending?.signed === true, 30_000));
    const observation: PoolPayload = {
      type: "l1Observation",
      event: { ...epoch, l1TxHash: hash("0a"), l1BlockNumber: 1n },
    };
    rejects(early.state, 0, observation, "OBSERVATION_MISMATCH");
  });

  test("a member has a bounded number of observations that do not count yet", () => {
    const final = (index: bigint): PoolPayload => ({
      type: "l1Observation",
      event: { type: "batchFinal", index, digest: hash("0b"), lastBlock: 1n },
    });
    let full: PoolState = { ...state, batches: { ...state.batches, postedIndex: 1_000n } };
    for (let i = 1n; i <= BigInt(pendingObservationsMax); i++) full = accepts(full, 0, final(i));
    rejects(full, 0, final(BigInt(pendingObservationsMax) + 1n), "TOO_MANY_OBSERVATIONS");
    accepts(full, 1, final(1n));
  });

  test("an erasure is recorded once", () => {
    const key = { keyId: hash("0c"), roster: members.map((member) => member.address), erased: [] };
    const retired: PoolState = { ...state, keys: { ...state.keys, retired: [key] } };
    const erasure: PoolPayload = { type: "keyErasure", keyId: key.keyId };
    rejects(retired, 0, { ...erasure, keyId: hash("0d") } as PoolPayload, "KEY_UNKNOWN");
    rejects(accepts(retired, 0, erasure), 0, erasure, "ALREADY_ERASED");
  });
});

test("Q11 a rejected transaction changes nothing, and a block that has one is not valid", () => {
  const { state, genesis } = new PoolWorld(stakes);
  const { domain } = genesis.network;
  const sign = (payload: PoolPayload) =>
    bytesToHex(encodePoolTransaction(signPoolTransaction(payload, keyAt(0), domain)));
  const good = sign({ type: "leaderSilent", term: 1n });
  const block = {
    height: 1n,
    timeMs: state.timeMs + 1,
    blockId: hash("01"),
    certified: { from: 1n, hashes: [] },
  } as const;
  const clean = executeBlock(state, { ...block, transactions: [good] });
  const dirty = executeBlock(state, {
    ...block,
    transactions: ["0xc0", good, good, sign({ type: "leaderSilent", term: 9n })],
  });
  assert.equal(hashState(dirty.state), hashState(clean.state));
  assert.ok(clean.isValid && !dirty.isValid);
  const skipped = executeBlock(state, {
    ...block,
    certified: { from: 5n, hashes: [hash("02")] },
    transactions: [good],
  });
  assert.equal(hashState(skipped.state), hashState(clean.state));
  assert.ok(!skipped.isValid);
});

test("every code of the table was reached, and each has a disposition", () => {
  const missing = rejectionCodes.filter((code) => !reached.has(code));
  assert.deepEqual(missing, []);
  for (const code of rejectionCodes) assert.ok(dispositionOf(code));
});
