/**
 * The ciphersuite FROST-secp256k1-ETHKECCAK-v1: RFC 9591 with the hashes of its secp256k1 suite (section 6.5) under
 * our own name, and one departure, H2: the challenge is the one L1 recomputes (see schnorr.ts). All signing
 * arithmetic is @noble/curves'; this file only binds it.
 */
import {
  createFROST,
  type FROST,
  type FrostPublic,
  type Key,
} from "@noble/curves/abstract/frost.js";
import { secp256k1, secp256k1_hasher } from "@noble/curves/secp256k1.js";
import type { TArg, TRet } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { assert } from "./assert.ts";
import { bytesToHex, type Hex, hexToBytes } from "./bytes.ts";
import { pointToAddress, type SchnorrSignature, schnorrChallenge } from "./schnorr.ts";

const { Point } = secp256k1;

/** Name and domain separator of the suite. */
export const frostSuiteName = "FROST-secp256k1-ETHKECCAK-v1";
/** Compressed point, and scalar, in bytes. */
export const frostPointBytes = 33;
export const frostScalarBytes = 32;

/** What everybody may know of a group key: `verifyingShares[i]` belongs to roster place i; `commitment[0]` is the group key. */
export type GroupPublic = {
  readonly threshold: number;
  /** x-coordinate of the even-Y group key. */
  readonly groupKey: Hex;
  readonly commitment: readonly Hex[];
  readonly verifyingShares: readonly Hex[];
};

/** The suite for signing. */
export const frost: FROST = suite();

/** The suite for one ceremony: its proofs of possession are valid in this ceremony only (HDKG). */
export function ceremonySuite(context: Hex): FROST {
  return suite(`${frostSuiteName}dkg${context}`);
}

/** RFC 9591 identifier of the roster place `index` (from 0): the scalar index + 1. */
export function frostIdentifier(index: number): string {
  assert(Number.isSafeInteger(index) && index >= 0, "a roster place is a natural number", {
    index,
  });
  return frost.Identifier.fromNumber(index + 1);
}

/** Negates a key package whose group key has odd Y, once, so that L1 needs the x-coordinate only. */
export function normaliseToEvenY(key: TArg<Key>): TRet<Key> {
  const groupKey = key.public.commitments[0];
  assert(groupKey !== undefined, "a key package has a group key");
  if (hasEvenY(groupKey)) return key as TRet<Key>; // noble's argument and result types differ in buffer kind only
  const { Fn } = Point;
  return {
    public: {
      signers: key.public.signers,
      commitments: key.public.commitments.map(negatePoint),
      verifyingShares: Object.fromEntries(
        Object.entries(key.public.verifyingShares).map(([id, share]) => [id, negatePoint(share)]),
      ),
    },
    secret: {
      identifier: key.secret.identifier,
      signingShare: new Uint8Array(Fn.toBytes(Fn.neg(Fn.fromBytes(key.secret.signingShare)))),
    },
  };
}

/** noble's public package from ours. */
export function toFrostPublic(group: GroupPublic): TRet<FrostPublic> {
  return {
    signers: { min: group.threshold, max: group.verifyingShares.length },
    commitments: group.commitment.map((point) => pointBytes(point)),
    verifyingShares: Object.fromEntries(
      group.verifyingShares.map((share, index) => [frostIdentifier(index), pointBytes(share)]),
    ),
  };
}

/** Our public package from noble's (identifiers 1..n). */
export function fromFrostPublic(pub: TArg<FrostPublic>): GroupPublic {
  const commitment = pub.commitments.map((point) => bytesToHex(point));
  const verifyingShares = Array.from({ length: pub.signers.max }, (_, index) => {
    const share = pub.verifyingShares[frostIdentifier(index)];
    assert(share !== undefined, "every roster place has a verifying share", { index });
    return bytesToHex(share);
  });
  const first = pub.commitments[0];
  assert(first !== undefined && hasEvenY(first), "the group key is normalised to even Y");
  assert(commitment.length === pub.signers.min, "the group polynomial has t coefficients");
  return {
    threshold: pub.signers.min,
    groupKey: bytesToHex(first.subarray(1)),
    commitment,
    verifyingShares,
  };
}

/** noble's 65-byte R | z to the form L1 checks. */
export function toSchnorrSignature(signature: Uint8Array): SchnorrSignature {
  assert(signature.length === frostPointBytes + frostScalarBytes, "a FROST signature is R and z");
  return {
    r: pointToAddress(Point.fromBytes(signature.subarray(0, frostPointBytes))),
    s: bytesToHex(signature.subarray(frostPointBytes)),
  };
}

/** Whether the hex is a compressed point of the curve, not the identity. */
export function isCurvePoint(hex: Hex): boolean {
  return decodePoint(hex) !== undefined;
}

/** Whether the hex is a scalar in [1, n). */
export function isNonZeroScalar(hex: Hex): boolean {
  if (!/^0x[0-9a-f]{64}$/.test(hex)) return false;
  const value = BigInt(hex);
  return value > 0n && value < Point.Fn.ORDER;
}

/** The point, or undefined for anything but the canonical compressed encoding of a non-identity point. */
export function decodePoint(hex: Hex): InstanceType<typeof Point> | undefined {
  if (!/^0x0[23][0-9a-f]{64}$/.test(hex)) return undefined;
  try {
    return Point.fromBytes(hexToBytes(hex));
  } catch {
    return undefined; // x is not on the curve: peer input
  }
}

function suite(hdkg?: string): FROST {
  return createFROST({
    name: frostSuiteName,
    Point,
    hash: sha256,
    hashToScalar: secp256k1_hasher.hashToScalar,
    challenge(R, PK, message) {
      const key = PK.toBytes();
      assert(hasEvenY(key), "signing uses the even-Y group key");
      assert(message.length === 32, "only 32-byte digests are signed");
      return schnorrChallenge(key.subarray(1), message, hexToBytes(pointToAddress(R)));
    },
    adjustDKG: normaliseToEvenY,
    ...(hdkg === undefined ? {} : { HDKG: hdkg }),
  });
}

function hasEvenY(point: Uint8Array): boolean {
  return point[0] === 2;
}

function negatePoint(point: TArg<Uint8Array>): TRet<Uint8Array> {
  return Point.fromBytes(point).negate().toBytes();
}

function pointBytes(hex: Hex): TRet<Uint8Array> {
  return new Uint8Array(hexToBytes(hex));
}
