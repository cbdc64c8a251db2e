/**
 * The group signature as L1 sees it: a Schnorr signature over secp256k1 that `ecrecover` can check, and the
 * byte format of the L1 proof. Challenge: e = keccak256(Px | 27 | digest | address(R)) mod n; signature (address(R), s).
 */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import {
  bytesToBigint,
  bytesToHex,
  concatBytes,
  type Hex,
  hexToBytes,
  isHex,
  keccak256,
} from "./bytes.ts";
import { publicKeyToAddress } from "./secp256k1.ts";

const { Point } = secp256k1;
const { Fn } = Point;
/** The recovery id of an even-Y point in ecrecover; the group key is stored as its x-coordinate with even Y. */
const PARITY_EVEN = 27;
const MEMBERS_MAX = 256;
const ENDORSEMENT_BYTES = 64;
const FIXED_BYTES = 20 + 32 + 32;
/** Top bit of the second word of an EIP-2098 signature. */
const Y_PARITY_BIT = 1n << 255n;

/** A Schnorr signature in the form L1 checks: the 20-byte address of R and the 32-byte scalar s. */
export type SchnorrSignature = { readonly r: Hex; readonly s: Hex };

/** One member's ECDSA endorsement; `index` is its place in the epoch's member order, `signature` is r|s|v (65 bytes). */
export type IndexedEndorsement = { readonly index: number; readonly signature: Hex };

/** What the FROST scheme's L1 proof carries. */
export type FrostProof = {
  readonly signature: SchnorrSignature;
  readonly endorsements: readonly IndexedEndorsement[];
};

type CurvePoint = InstanceType<typeof Point>;

/** Ethereum address of a curve point: last 20 bytes of keccak256(x | y). */
export function pointToAddress(point: CurvePoint): Hex {
  return publicKeyToAddress(bytesToHex(point.toBytes(false).subarray(1)));
}

/** The challenge scalar e, unreduced range [0, n). Inputs must be 32, 32 and 20 bytes. */
export function schnorrChallenge(
  groupKeyX: Uint8Array,
  digest: Uint8Array,
  rAddress: Uint8Array,
): bigint {
  return Fn.create(
    BigInt(keccak256(concatBytes(groupKeyX, Uint8Array.of(PARITY_EVEN), digest, rAddress))),
  );
}

/**
 * Verifies a group signature exactly as L1 does: 0 < Px < n and on the curve, s < n, 0 < e < n, address(R) != 0,
 * address(sG - eP) == r. Malformed input of any kind is `false`.
 */
export function verifySchnorr(groupKey: Hex, digest: Hex, signature: SchnorrSignature): boolean {
  const px = fixedBytes(groupKey, 32);
  const message = fixedBytes(digest, 32);
  const rAddress = fixedBytes(signature.r, 20);
  const sBytes = fixedBytes(signature.s, 32);
  if (px === undefined || message === undefined || rAddress === undefined || sBytes === undefined)
    return false;
  const x = bytesToBigint(px);
  const s = bytesToBigint(sBytes);
  if (x === 0n || x >= Fn.ORDER || s >= Fn.ORDER) return false;
  if (rAddress.every((byte) => byte === 0)) return false;
  const e = schnorrChallenge(px, message, rAddress);
  if (e === 0n) return false;
  const key = liftEvenY(px);
  if (key === undefined) return false;
  const r = Point.BASE.multiplyUnsafe(s).subtract(key.multiplyUnsafe(e));
  return !r.is0() && pointToAddress(r) === signature.r;
}

/**
 * L1 proof of FrostSecp256k1Scheme: R address (20) | s (32) | bitmap (32, bit i = member i) | endorsements, 64
 * bytes each (EIP-2098), ascending by member. Throws RangeError on input that no verifier would accept.
 */
export function encodeFrostProof({ signature, endorsements }: FrostProof): Hex {
  if (!isHex(signature.r, 20) || !isHex(signature.s, 32))
    throw new RangeError("signature is not (address, scalar)");
  return joinHex(signature.r, signature.s, encodeEndorsements(endorsements));
}

/** Inverse of encodeFrostProof; undefined unless the bytes are the one canonical encoding. */
export function decodeFrostProof(proof: Hex): FrostProof | undefined {
  if (!isHex(proof) || proof.length < 2 + 2 * FIXED_BYTES) return undefined;
  const endorsements = decodeEndorsements(`0x${proof.slice(2 + 2 * 52)}`);
  if (endorsements === undefined) return undefined;
  return {
    signature: { r: `0x${proof.slice(2, 42)}`, s: `0x${proof.slice(42, 106)}` },
    endorsements,
  };
}

/** `bitmap (32) | endorsements (64 each)`: the whole proof of EcdsaMultisigScheme, the tail of the FROST one. */
export function encodeEndorsements(endorsements: readonly IndexedEndorsement[]): Hex {
  const ordered = [...endorsements].sort((a, b) => a.index - b.index);
  let bitmap = 0n;
  for (const { index } of ordered) {
    if (!Number.isSafeInteger(index) || index < 0 || index >= MEMBERS_MAX)
      throw new RangeError(`member index ${index}`);
    if ((bitmap >> BigInt(index)) & 1n) throw new RangeError(`member ${index} endorses twice`);
    bitmap |= 1n << BigInt(index);
  }
  return joinHex(word(bitmap), ...ordered.map(({ signature }) => toCompact(signature)));
}

/** Inverse of encodeEndorsements; undefined unless the number of signatures equals the number of bits set. */
export function decodeEndorsements(bytes: Hex): readonly IndexedEndorsement[] | undefined {
  if (!isHex(bytes) || bytes.length < 66) return undefined;
  const bitmap = BigInt(bytes.slice(0, 66));
  const indexes = Array.from({ length: MEMBERS_MAX }, (_, i) => i).filter(
    (i) => (bitmap >> BigInt(i)) & 1n,
  );
  if (bytes.length !== 66 + indexes.length * 2 * ENDORSEMENT_BYTES) return undefined;
  return indexes.map((index, at) => {
    const start = 66 + at * 2 * ENDORSEMENT_BYTES;
    return {
      index,
      signature: fromCompact(`0x${bytes.slice(start, start + 2 * ENDORSEMENT_BYTES)}`),
    };
  });
}

/** EIP-2098: 65-byte r|s|v (v 27 or 28, low s) to the 64-byte r|yParityAndS. */
export function toCompact(signature: Hex): Hex {
  const bytes = fixedBytes(signature, 65);
  const v = bytes?.[64];
  if (bytes === undefined || (v !== 27 && v !== 28))
    throw new RangeError("signature is not r|s|v with v 27 or 28");
  const s = bytesToBigint(bytes.subarray(32, 64));
  if (s >= Y_PARITY_BIT) throw new RangeError("high s has no compact form");
  return joinHex(bytesToHex(bytes.subarray(0, 32)), word(v === 28 ? s | Y_PARITY_BIT : s));
}

/** EIP-2098: the 64-byte r|yParityAndS to r|s|v. */
export function fromCompact(compact: Hex): Hex {
  const bytes = fixedBytes(compact, 64);
  if (bytes === undefined) throw new RangeError("compact signature is not 64 bytes");
  const vs = bytesToBigint(bytes.subarray(32));
  const s = vs & (Y_PARITY_BIT - 1n);
  return joinHex(bytesToHex(bytes.subarray(0, 32)), word(s), vs & Y_PARITY_BIT ? "0x1c" : "0x1b");
}

function liftEvenY(x: Uint8Array): CurvePoint | undefined {
  try {
    return Point.fromBytes(concatBytes(Uint8Array.of(2), x));
  } catch {
    return undefined; // not an x-coordinate of the curve: peer input, not a bug
  }
}

function word(value: bigint): Hex {
  return `0x${value.toString(16).padStart(64, "0")}`;
}

function joinHex(...parts: readonly Hex[]): Hex {
  return `0x${parts.map((part) => part.slice(2)).join("")}`;
}

/** Strict: lower-case hex of exactly `length` bytes, else undefined. */
function fixedBytes(hex: Hex, length: number): Uint8Array | undefined {
  return isHex(hex, length) ? hexToBytes(hex) : undefined;
}
