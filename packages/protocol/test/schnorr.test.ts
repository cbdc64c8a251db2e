import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import fc from "fast-check";
import { bytesToHex, type Hex, hexToBytes, keccak256 } from "../src/bytes.ts";
import {
  decodeFrostProof,
  encodeFrostProof,
  fromCompact,
  pointToAddress,
  schnorrChallenge,
  toCompact,
  verifySchnorr,
} from "../src/schnorr.ts";
import { signDigest } from "../src/secp256k1.ts";

const { Point } = secp256k1;
const { Fn } = Point;
const file = JSON.parse(
  readFileSync(
    new URL("../../../contracts/test/vectors/frost-ethkeccak.json", import.meta.url),
    "utf8",
  ),
) as {
  vectors: { description: string; groupKey: Hex; digest: Hex; r: Hex; s: Hex; expected: boolean }[];
  proofs: {
    signature: { r: Hex; s: Hex };
    endorsements: { index: number; signature: Hex }[];
    encoded: Hex;
  }[];
};

test("the suite's own vectors verify or fail as they say", () => {
  for (const v of file.vectors) {
    assert.equal(verifySchnorr(v.groupKey, v.digest, v), v.expected, v.description);
  }
  assert.ok(
    file.vectors.filter((v) => v.expected).length >= 5 && file.vectors.some((v) => !v.expected),
  );
});

test("the suite's proofs encode and decode to the same bytes", () => {
  for (const { signature, endorsements, encoded } of file.proofs) {
    assert.equal(encodeFrostProof({ signature, endorsements }), encoded);
    assert.deepEqual(decodeFrostProof(encoded), { signature, endorsements });
  }
});

/** ecrecover(h, 27, r, s) by its definition Q = r^-1 (s R - h G): an independent model of what L1 computes. */
function ecrecover(h: bigint, r: bigint, s: bigint): Hex {
  const R = Point.fromBytes(
    Uint8Array.of(2, ...hexToBytes(`0x${r.toString(16).padStart(64, "0")}`)),
  );
  const inverse = Fn.inv(r);
  const q = R.multiplyUnsafe(Fn.mul(s, inverse)).subtract(
    Point.BASE.multiplyUnsafe(Fn.mul(h, inverse)),
  );
  return pointToAddress(q);
}

test("a valid signature passes the ecrecover equation of L1", () => {
  for (const v of file.vectors.filter(({ expected }) => expected)) {
    const px = BigInt(v.groupKey);
    const e = schnorrChallenge(hexToBytes(v.groupKey), hexToBytes(v.digest), hexToBytes(v.r));
    const h = Fn.neg(Fn.mul(BigInt(v.s), px));
    assert.equal(ecrecover(h, px, Fn.neg(Fn.mul(e, px))), v.r, v.description);
  }
});

test("one flipped bit anywhere makes a signature invalid", () => {
  const [v] = file.vectors;
  assert.ok(v);
  for (const field of ["groupKey", "digest", "r", "s"] as const) {
    for (let bit = 0; bit < 4 * (v[field].length - 2); bit += 7) {
      const bytes = hexToBytes(v[field]);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const changed: { groupKey: Hex; digest: Hex; r: Hex; s: Hex } = {
        ...v,
        [field]: bytesToHex(bytes),
      };
      assert.equal(
        verifySchnorr(changed.groupKey, changed.digest, changed),
        false,
        `${field} bit ${bit}`,
      );
    }
  }
});

test("malformed fields are false, never an exception", () => {
  const [v] = file.vectors;
  assert.ok(v);
  for (const bad of [
    "0x",
    "",
    "0x12",
    v.s.slice(0, -2),
    `${v.s}00`,
    v.s.toUpperCase(),
    "zz",
  ] as Hex[]) {
    assert.equal(verifySchnorr(bad, v.digest, v), false);
    assert.equal(verifySchnorr(v.groupKey, bad, v), false);
    assert.equal(verifySchnorr(v.groupKey, v.digest, { r: bad, s: v.s }), false);
    assert.equal(verifySchnorr(v.groupKey, v.digest, { r: v.r, s: bad }), false);
  }
});

test("a compact endorsement keeps r, s and v", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.bigInt({ min: 1n, max: Fn.ORDER - 1n }),
      (m, key) => {
        const secret = hexToBytes(`0x${key.toString(16).padStart(64, "0")}`);
        const signature = signDigest(secret, keccak256(m));
        assert.equal(fromCompact(toCompact(signature)), signature);
      },
    ),
    { numRuns: 20 },
  );
});

test("a proof is refused when its bitmap and its length disagree or a member signs twice", () => {
  const proof = file.proofs[0];
  assert.ok(proof);
  assert.equal(decodeFrostProof(proof.encoded.slice(0, -2) as Hex), undefined);
  assert.equal(decodeFrostProof(`${proof.encoded}00`), undefined);
  assert.equal(decodeFrostProof("0x"), undefined);
  const [first] = proof.endorsements;
  assert.ok(first);
  assert.throws(
    () => encodeFrostProof({ signature: proof.signature, endorsements: [first, first] }),
    RangeError,
  );
  assert.throws(
    () =>
      encodeFrostProof({ signature: proof.signature, endorsements: [{ ...first, index: 256 }] }),
    RangeError,
  );
});
