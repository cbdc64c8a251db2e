import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  aggregateShares,
  checkSigningPackage,
  type Hex,
  isSignatureShareValid,
  keccak256,
  type SigningPackage,
  verifySchnorr,
} from "@sequorum/protocol";
import { frostScheme } from "../../src/core/signature-scheme.ts";
import { computeSignatureShare, createNonce, wipeNonce } from "../../src/core/signing/nonce.ts";
import { type signingStep, submitStaggerMs } from "../../src/core/signing/step.ts";
import { dealKey, random, SigningPool } from "./signing-pool.ts";

const keys = new Map([
  [3, dealKey(3, 2)],
  [5, dealKey(5, 4)],
  [7, dealKey(7, 5)],
]);
const keyOf = (n: number) => {
  const key = keys.get(n);
  assert.ok(key);
  return key;
};

test("S1 any t or more of n sign, and L1 accepts the signature", () => {
  fc.assert(
    fc.property(
      fc
        .constantFrom(3, 5, 7)
        .chain((n) =>
          fc.tuple(
            fc.constant(n),
            fc.shuffledSubarray([...Array(n).keys()], { minLength: keyOf(n).group.threshold }),
          ),
        ),
      ([n, signers]) => {
        const key = keyOf(n);
        const pool = new SigningPool({ key, signers }).run();
        assert.deepEqual(
          pool.submitted.map(({ member }) => member),
          [signers[0]],
          "the first in the roster submits at once",
        );
        for (const { signature } of pool.submitted)
          assert.ok(verifySchnorr(key.group.groupKey, pool.digest, signature));
        pool.fire("submit");
        assert.equal(pool.submitted.length, signers.length);
        assert.equal(
          new Set(pool.submitted.map(({ signature }) => `${signature.r}${signature.s}`)).size,
          1,
        );
      },
    ),
    { numRuns: 12, seed: 9591 },
  );
});

test("S1 the others submit one after another", () => {
  const pool = new SigningPool({ key: keyOf(5), signers: [4, 1, 2, 0] }).run();
  const submits = pool.timers
    .filter(({ id }) => id === "submit")
    .map(({ member, afterMs }) => [member, afterMs]);
  assert.deepEqual(
    submits.sort((a, b) => (a[1] ?? 0) - (b[1] ?? 0)),
    [
      [1, submitStaggerMs],
      [2, 2 * submitStaggerMs],
      [0, 3 * submitStaggerMs],
    ],
  );
});

test("S2 fewer than t cannot sign: the session is refused, and their shares do not verify as a signature", () => {
  const key = keyOf(5);
  const pool = new SigningPool({ key, signers: [0, 1, 2] }).run();
  assert.deepEqual(
    [...pool.states.values()].map(({ refusal }) => refusal),
    ["TOO_FEW_SIGNERS", "TOO_FEW_SIGNERS", "TOO_FEW_SIGNERS"],
  );
  // Even lying about t: the three interpolate another polynomial.
  const lied = { ...key.group, threshold: 3, commitment: key.group.commitment.slice(0, 3) };
  const made = key.shares.slice(0, 3).map((share) => ({ share, ...createNonce(share, random) }));
  const pkg: SigningPackage = {
    group: lied,
    digest: keccak256(random()),
    commitments: made.map(({ share, commitment }) => ({ index: share.index, ...commitment })),
  };
  const shares = new Map(
    made.map(({ share, nonces }) => [share.index, computeSignatureShare(pkg, { share, nonces })]),
  );
  assert.equal(aggregateShares(pkg, shares).type, "failed");
});

test("S3 a wrong, zero, too large or malformed share is blamed on its sender and on nobody else", () => {
  const key = keyOf(5);
  const order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
  for (const bad of [
    `0x${"33".repeat(32)}`,
    `0x${"00".repeat(32)}`,
    `0x${order}`,
    `0x${"ff".repeat(32)}`,
  ] as Hex[]) {
    const pool = new SigningPool({
      key,
      signers: [0, 1, 2, 4],
      tamper: (e, member) =>
        member === 2 && e.type === "sendShare" ? [{ ...e, share: bad }] : [e],
    }).run();
    const cheater = key.roster[2];
    assert.equal(pool.failures.length, 3, bad);
    for (const { member, culprits } of pool.failures) {
      assert.notEqual(member, 2);
      assert.deepEqual(culprits, [cheater], bad);
    }
  }
});

test("S3 verifyShare tells every right share from every wrong one", () => {
  const key = keyOf(5);
  const made = key.shares.slice(0, 4).map((share) => ({ share, ...createNonce(share, random) }));
  const pkg: SigningPackage = {
    group: key.group,
    digest: keccak256(random()),
    commitments: made.map(({ share, commitment }) => ({ index: share.index, ...commitment })),
  };
  const shares = made.map(({ share, nonces }) => computeSignatureShare(pkg, { share, nonces }));
  for (const [index, share] of shares.entries()) {
    assert.ok(frostScheme.verifyShare(pkg, { index, share }));
    assert.ok(!isSignatureShareValid(pkg, { index: (index + 1) % 4, share }));
    assert.ok(!isSignatureShareValid({ ...pkg, digest: keccak256(random()) }, { index, share }));
    assert.ok(!isSignatureShareValid(pkg, { index, share: "0x" }));
  }
  assert.ok(!isSignatureShareValid(pkg, { index: 4, share: shares[0] as Hex }));
});

test("S3 a signer that sends different shares to different members is blamed where it lied and cannot stop the signature", () => {
  const key = keyOf(5);
  const victim = key.roster[0];
  const pool = new SigningPool({
    key,
    signers: [0, 1, 2, 3],
    tamper: (e, member) => {
      if (member !== 3 || e.type !== "sendShare") return [e];
      return [
        { ...e, receivers: e.receivers.filter((r) => r !== victim) },
        { ...e, receivers: e.receivers.filter((r) => r === victim), share: `0x${"44".repeat(32)}` },
      ];
    },
  }).run();
  assert.deepEqual(pool.failures, [{ member: 0, culprits: [key.roster[3]] }]);
  pool.fire("submit");
  assert.deepEqual(pool.submitted.map(({ member }) => member).sort(), [1, 2, 3]);
});

test("S3 a silent signer is reported when the time is up, and a late share still makes the signature", () => {
  const key = keyOf(5);
  let held: (() => void) | undefined;
  const pool: SigningPool = new SigningPool({
    key,
    signers: [0, 1, 2, 3],
    tamper: (e, member) => {
      if (member !== 1 || e.type !== "sendShare") return [e];
      held = () => {
        for (const to of [0, 2, 3])
          pool.input(to, { type: "shareReceived", from: key.roster[1] as Hex, share: e.share });
      };
      return [];
    },
  });
  pool.run();
  assert.equal(pool.submitted.length, 0);
  pool.fire("expire");
  assert.deepEqual(
    pool.failures.map(({ culprits }) => culprits),
    [[key.roster[1]], [key.roster[1]], [key.roster[1]]],
  );
  held?.();
  assert.equal(pool.submitted.length, 1);
});

test("S4 a digest this operator did not compute is refused with a typed code and spends no nonce", () => {
  const key = keyOf(5);
  for (const [own, code] of [
    [undefined, "NOT_ENDORSED"],
    [keccak256("0x01"), "DIGEST_DIFFERS"],
  ] as const) {
    const released: number[] = [];
    const pool: SigningPool = new SigningPool({
      key,
      signers: [0, 1, 2, 3],
      ownDigest: (member) => (member === 1 ? own : pool_digest),
      digest: pool_digest,
      tamper: (e, member) => {
        if (e.type === "releaseShare") released.push(member);
        return [e];
      },
    }).run();
    assert.equal(pool.states.get(1)?.refusal, code);
    assert.deepEqual(released, [0, 2, 3]);
    assert.equal(pool.submitted.length, 0);
  }
});
const pool_digest = keccak256("0x1234");

test("S5 a roster that names strangers, repeats a signer or a commitment, or holds a bad point is refused", () => {
  const key = keyOf(5);
  const signers = [0, 1, 2, 3];
  const cases: [
    string,
    NonNullable<ConstructorParameters<typeof SigningPool>[0]["changeRoster"]>,
  ][] = [
    [
      "ROSTER_DIFFERS",
      (r) => r.map((s, i) => (i === 3 ? { ...s, member: `0x${"99".repeat(20)}` as Hex } : s)),
    ],
    ["ROSTER_DIFFERS", (r) => r.map((s, i) => (i === 3 ? { ...s, identifier: 5 } : s))],
    ["SIGNER_NOT_A_MEMBER", (r) => r.map((s, i) => (i === 3 ? { ...s, identifier: 6 } : s))],
    ["SIGNER_NOT_A_MEMBER", (r) => r.map((s, i) => (i === 3 ? { ...s, identifier: 0 } : s))],
    ["SIGNER_TWICE", (r) => r.map((s, i) => (i === 3 ? { ...s, identifier: 1 } : s))],
    [
      "COMMITMENT_TWICE",
      (r) => r.map((s, i) => (i === 3 ? { ...s, hiding: r[0]?.hiding ?? "0x" } : s)),
    ],
    ["COMMITMENT_TWICE", (r) => r.map((s, i) => (i === 3 ? { ...s, hiding: s.binding } : s))],
    [
      "COMMITMENT_POINT",
      (r) => r.map((s, i) => (i === 3 ? { ...s, binding: `0x02${"ff".repeat(32)}` as Hex } : s)),
    ],
    [
      "COMMITMENT_POINT",
      (r) => r.map((s, i) => (i === 3 ? { ...s, binding: `0x${"00".repeat(33)}` as Hex } : s)),
    ],
  ];
  for (const [code, changeRoster] of cases) {
    const pool = new SigningPool({ key, signers, changeRoster }).run();
    for (const state of pool.states.values())
      assert.deepEqual([state.phase, state.refusal], ["refused", code]);
  }
});

test("S6 a nonce pair makes one share: the second use throws, and so does a wiped one", () => {
  const key = keyOf(3);
  const [a, b] = key.shares;
  assert.ok(a && b);
  const made = [a, b].map((share) => ({ share, ...createNonce(share, random) }));
  const pkg: SigningPackage = {
    group: key.group,
    digest: keccak256("0x01"),
    commitments: made.map(({ share, commitment }) => ({ index: share.index, ...commitment })),
  };
  const [first, second] = made;
  assert.ok(first && second);
  computeSignatureShare(pkg, first);
  assert.throws(
    () => computeSignatureShare({ ...pkg, digest: keccak256("0x02") }, first),
    /already used/,
  );
  wipeNonce(second.nonces);
  assert.throws(() => computeSignatureShare(pkg, second), /already used/);
});

test("S7 messages of strangers, oneself, repeated and after the end are refused", () => {
  const key = keyOf(5);
  const pool = new SigningPool({ key, signers: [0, 1, 2, 3] }).run();
  const share: Hex = `0x${"01".repeat(32)}`;
  const refused = (input: Parameters<typeof signingStep>[1]) => pool.input(0, input).rejected;
  assert.equal(
    refused({ type: "shareReceived", from: key.roster[4] as Hex, share }),
    "NOT_A_SIGNER",
  );
  assert.equal(
    refused({ type: "shareReceived", from: key.roster[0] as Hex, share }),
    "OWN_MESSAGE",
  );
  assert.equal(refused({ type: "shareReceived", from: key.roster[1] as Hex, share }), "DUPLICATE");
  assert.equal(
    refused({ type: "shareReceived", from: key.roster[1] as Hex, share: "0x" }),
    "MALFORMED",
  );
  assert.equal(refused({ type: "digestChecked", refusal: null }), "PHASE");
  assert.equal(refused({ type: "shareReleased", share }), "PHASE");
  pool.input(0, { type: "closed" });
  assert.equal(refused({ type: "timerFired", id: "submit" }), "PHASE");
});

test("S8 shares that arrive before this node has released its own are kept", () => {
  const key = keyOf(3);
  const pool = new SigningPool({
    key,
    signers: [0, 2],
    tamper: (e, member) => (member === 0 && e.type === "checkDigest" ? [] : [e]),
  }).run();
  assert.equal(pool.states.get(0)?.phase, "checking");
  pool.input(0, { type: "digestChecked", refusal: null });
  pool.run();
  assert.equal(pool.states.get(0)?.phase, "signed");
});

test("the nonce commitments of a group are checked without a session too", () => {
  const key = keyOf(3);
  assert.equal(
    checkSigningPackage({ group: key.group, digest: keccak256("0x"), commitments: [] }),
    "TOO_FEW_SIGNERS",
  );
});
