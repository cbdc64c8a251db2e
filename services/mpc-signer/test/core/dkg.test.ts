import assert from "node:assert/strict";
import { test } from "node:test";
import {
  deriveGroup,
  frost,
  frostIdentifier,
  type Hex,
  hexToBytes,
  bytesToHex,
} from "@sequorum/protocol";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import type { DkgEffect } from "../../src/core/dkg/messages.ts";
import { dkgStep, openDkg } from "../../src/core/dkg/step.ts";
import { decryptShare, encryptShare } from "../../src/core/share-encryption.ts";
import { bytesOf, CeremonyPool, makeKeys } from "./dkg-pool.ts";

function groupSecret(pool: CeremonyPool, places: readonly number[]): Hex {
  const shares = places.map((i) => {
    const share = pool.members[i]?.stored?.share;
    assert.ok(share);
    return {
      identifier: frostIdentifier(share.index),
      signingShare: hexToBytes(share.signingShare),
    };
  });
  return bytesToHex(
    frost.combineSecret(shares, { min: pool.opening.threshold, max: pool.members.length }),
  );
}

function assertGoodKey(pool: CeremonyPool): void {
  const [first] = pool.members;
  assert.ok(first?.stored);
  for (const member of pool.members) {
    assert.equal(member.state.phase, "completed");
    assert.deepEqual(member.stored?.group, first.stored.group);
    assert.ok(member.active && member.erasedCeremony && !member.erasedKey);
  }
  assert.deepEqual(deriveGroup(first.state.packages), first.stored.group);
  const places = pool.members.map((_, i) => i);
  const t = pool.opening.threshold;
  const secret = groupSecret(pool, places.slice(0, t));
  assert.equal(groupSecret(pool, places.slice(-t)), secret);
  const groupKey = bytesToHex(secp256k1.getPublicKey(hexToBytes(secret), true));
  assert.equal(groupKey, `0x02${first.stored.group.groupKey.slice(2)}`, "even Y");
}

test("M1 all members end with shares of one key, whatever the size", () => {
  for (const [n, t] of [
    [2, 2],
    [3, 2],
    [5, 4],
    [7, 5],
  ] as const)
    assertGoodKey(new CeremonyPool({ n, t }).run());
});

test("M1 keys of both parities are normalised to even Y", () => {
  const keys = Array.from({ length: 6 }, (_, i) =>
    new CeremonyPool({ n: 2, t: 2, label: `parity ${i}` }).run(),
  );
  for (const pool of keys) assertGoodKey(pool);
});

test("M2 a dealer of a wrong share is complained about, reveals, and the key stands", () => {
  const wrong = (effect: DkgEffect, member: number): readonly DkgEffect[] => {
    if (member !== 1 || effect.type !== "sendShare" || effect.receiver !== makeKeys("3").address)
      return [effect];
    return [{ ...effect, ciphertext: `0x${"00".repeat(81)}` }];
  };
  const pool = new CeremonyPool({ n: 5, tamper: wrong }).run();
  assert.deepEqual(
    pool.decisions.filter(({ type }) => type !== "round1Completed").map(({ type }) => type),
    ["complaintRaised", "shareRevealed", "completed"],
  );
  assertGoodKey(pool);
});

test("M2 a dealer that reveals a wrong share is blamed and the attempt leaves nothing", () => {
  const pool = new CeremonyPool({
    n: 5,
    tamper: (effect, member) => {
      if (member !== 2) return [effect];
      if (effect.type === "sendShare") return [];
      if (effect.type === "submitReveal") return [{ ...effect, share: `0x${"07".repeat(32)}` }];
      return [effect];
    },
  }).run();
  assert.deepEqual(pool.failed, [makeKeys("2").address]);
  for (const member of pool.members) {
    assert.equal(member.state.phase, "failed");
    assert.ok(member.erasedCeremony && member.stored === undefined && !member.active);
  }
});

test("M2 a lost share is sent again on request without a complaint", () => {
  let lost = 0;
  const pool = new CeremonyPool({
    n: 4,
    tamper: (effect, member) => {
      if (member === 0 && effect.type === "sendShare" && lost < 3) {
        lost += 1;
        return [];
      }
      return [effect];
    },
  }).run();
  assert.ok(!pool.decisions.some(({ type }) => type === "complaintRaised"));
  assertGoodKey(pool);
});

test("M3 a package with another number of commitments, a bad point or a foreign proof is blamed on its sender", () => {
  const other = new CeremonyPool({ n: 5, label: "another ceremony" });
  const foreign = other.members[1];
  assert.ok(foreign);
  const replacements: [string, (pkg: Hex) => Hex][] = [
    ["ROUND1_LENGTH", (pkg) => `0x${pkg.slice(2 + 66)}`],
    ["ROUND1_LENGTH", (pkg) => `${pkg}00`],
    ["ROUND1_POINT", (pkg) => `0x02${"ff".repeat(32)}${pkg.slice(2 + 66)}`],
    ["ROUND1_POINT", (pkg) => `0x${"00".repeat(33)}${pkg.slice(2 + 66)}`],
    ["ROUND1_PROOF", (pkg) => `${pkg.slice(0, -2)}${pkg.endsWith("00") ? "01" : "00"}` as Hex],
    [
      "ROUND1_PROOF",
      () =>
        round1Of(
          openDkg({ ...other.opening, self: foreign.keys.address }, foreign.state.secret).effects,
        ),
    ],
  ];
  for (const [code, replace] of replacements) {
    const pool = new CeremonyPool({
      n: 5,
      tamper: (e, member) =>
        member === 1 && e.type === "submitRound1" ? [{ ...e, package: replace(e.package) }] : [e],
    }).run();
    for (const [i, member] of pool.members.entries()) {
      assert.equal(member.state.phase, "failed", code);
      assert.deepEqual(member.blame, [{ member: makeKeys("1").address, code }], `${code} at ${i}`);
    }
  }
});

function round1Of(effects: readonly DkgEffect[]): Hex {
  const effect = effects.find((e) => e.type === "submitRound1");
  assert.ok(effect?.type === "submitRound1");
  return effect.package;
}

test("M4 a seed under another roster, threshold or ceremony is an unrelated polynomial", () => {
  const pool = new CeremonyPool({ n: 5 });
  const member = pool.members[0];
  assert.ok(member);
  const base = { ...pool.opening, self: member.keys.address };
  const packages = [
    base,
    { ...base, roster: base.roster.slice(0, 4) },
    { ...base, threshold: 3 },
    { ...base, ceremonyId: `0x${"11".repeat(32)}` as Hex },
    { ...base, epoch: 2n },
  ].map((opening) => round1Of(openDkg(opening, member.state.secret).effects).slice(0, 68));
  assert.equal(new Set(packages).size, packages.length);
});

test("M4 a stored session replays to the same bytes after a crash before any input", () => {
  const calm = new CeremonyPool({ n: 3 }).run();
  for (let crashAt = 0; crashAt < 14; crashAt++) {
    let inputs = 0;
    const pool = new CeremonyPool({
      n: 3,
      beforeInput: (member) => {
        if (inputs++ === crashAt) member.state = JSON.parse(restorable(member.state), revive);
      },
    });
    pool.run();
    const crashed = pool.members[crashAt % 3];
    assert.ok(crashed);
    assertGoodKey(pool);
    assert.deepEqual(
      pool.members.map((m) => m.stored),
      calm.members.map((m) => m.stored),
      `crash ${crashAt}`,
    );
  }
});

test("M4 a resumed session repeats the bytes it sent before", () => {
  const pool = new CeremonyPool({ n: 4 });
  const member = pool.members[1];
  assert.ok(member);
  const before = openDkg({ ...pool.opening, self: member.keys.address }, member.state.secret);
  assert.deepEqual(dkgStep(before.state, { type: "resumed" }).effects, before.effects);
  const round1 = pool.decisions[0];
  assert.ok(round1);
  const sharing = dkgStep(before.state, round1);
  const sends = (effects: readonly DkgEffect[]) => effects.filter((e) => e.type === "sendShare");
  assert.equal(sends(sharing.effects).length, 3);
  assert.deepEqual(
    sends(dkgStep(sharing.state, { type: "resumed" }).effects),
    sends(sharing.effects),
  );
});

const restorable = (state: object) =>
  JSON.stringify(state, (_, v) => (typeof v === "bigint" ? `bigint:${v}` : v));
const revive = (_: string, v: unknown) =>
  typeof v === "string" && v.startsWith("bigint:") ? BigInt(v.slice(7)) : v;

test("M5 when more than n - t dealers are accused nobody reveals further and no one confirms", () => {
  const liar = makeKeys("4").address;
  const pool = new CeremonyPool({
    n: 5,
    tamper: (e, m) => (m !== 4 && e.type === "confirm" ? [] : [e]),
  });
  const reveals = () => pool.decisions.filter(({ type }) => type === "shareRevealed").length;
  const round1 = pool.decisions[0];
  assert.ok(round1);
  for (const i of pool.members.keys()) pool.input(i, round1);
  for (const dealer of [0, 1, 2]) {
    const input = {
      type: "complaintRaised",
      dealer: makeKeys(`${dealer}`).address,
      complainer: liar,
    } as const;
    for (const i of pool.members.keys()) pool.input(i, input);
  }
  assert.equal(reveals(), 1);
  for (const member of pool.members.slice(0, 4)) {
    assert.equal(member.state.phase, "failed");
    assert.deepEqual(
      member.blame.map(({ code, member: who }) => [code, who]),
      [["TOO_MANY_ACCUSED", liar]],
    );
  }
});

test("M5 false complaints after the confirmation neither reveal beyond the limit nor destroy the key", () => {
  const pool = new CeremonyPool({
    n: 5,
    tamper: (e, m) => (m === 4 && e.type === "confirm" ? [] : [e]),
  }).run();
  const liar = makeKeys("4").address;
  for (const dealer of [0, 1, 2, 3]) {
    const input = {
      type: "complaintRaised",
      dealer: makeKeys(`${dealer}`).address,
      complainer: liar,
    } as const;
    for (const i of pool.members.keys()) pool.input(i, input);
  }
  assert.equal(pool.decisions.filter(({ type }) => type === "shareRevealed").length, 1);
  for (const member of pool.members.slice(0, 4)) assert.equal(member.state.phase, "confirmed");
});

test("M6 a decided key that is not the own result is not used", () => {
  const pool = new CeremonyPool({ n: 3 });
  pool.drain();
  const other = new CeremonyPool({ n: 3, tamper: (e) => (e.type === "confirm" ? [] : [e]) });
  other.drain();
  const step = other.input(0, {
    type: "completed",
    groupKey: `0x${"12".repeat(32)}`,
    verifyingShares: [],
  });
  assert.equal(step.rejected, "KEY_DIFFERS");
  assert.equal(other.members[0]?.state.phase, "failed");
  assert.ok(other.members[0]?.erasedKey && other.members[0].erasedCeremony);
});

test("M7 an encrypted share opens for its receiver, dealer and ceremony only", () => {
  const [dealer, receiver, stranger] = ["a", "b", "c"].map(makeKeys);
  assert.ok(dealer && receiver && stranger);
  const route = {
    context: `0x${"aa".repeat(32)}` as Hex,
    dealer: dealer.address,
    receiver: receiver.address,
  };
  const share = bytesOf("share");
  const sealed = encryptShare(share, {
    route,
    receiverPublicKey: receiver.publicKey,
    ephemeralSecret: bytesOf("e"),
  });
  const open = (changes: Partial<typeof route>, key = receiver.privateKey, text = sealed) =>
    decryptShare(text, { route: { ...route, ...changes }, receiverPrivateKey: key });
  assert.deepEqual(open({}), share);
  assert.equal(open({ context: `0x${"ab".repeat(32)}` }), undefined);
  assert.equal(open({ dealer: stranger.address }), undefined);
  assert.equal(open({ receiver: stranger.address }), undefined);
  assert.equal(open({}, stranger.privateKey), undefined);
  for (let i = 2; i < sealed.length; i += 14) {
    const flipped =
      `${sealed.slice(0, i)}${sealed[i] === "0" ? "1" : "0"}${sealed.slice(i + 1)}` as Hex;
    assert.equal(open({}, receiver.privateKey, flipped), undefined, `digit ${i}`);
  }
});

test("inputs of strangers, of the wrong phase and repeated ones are refused", () => {
  const pool = new CeremonyPool({ n: 3 });
  const stranger = makeKeys("stranger").address;
  const early = pool.input(0, {
    type: "complaintRaised",
    dealer: makeKeys("1").address,
    complainer: makeKeys("2").address,
  });
  assert.equal(early.rejected, "PHASE");
  assert.equal(
    pool.input(0, { type: "shareReceived", dealer: stranger, share: null }).rejected,
    "NOT_A_MEMBER",
  );
  assert.equal(
    pool.input(0, { type: "shareReceived", dealer: makeKeys("0").address, share: null }).rejected,
    "OWN_MESSAGE",
  );
  assert.equal(
    pool.input(0, { type: "shareRequested", receiver: stranger }).rejected,
    "NOT_A_MEMBER",
  );
  pool.run();
  assert.equal(pool.input(0, { type: "resumed" }).rejected, "PHASE");
});
