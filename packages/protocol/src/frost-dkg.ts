/**
 * What anybody can check of a key generation (Pedersen DKG with proofs of possession; Komlo and Goldberg, FROST,
 * figure 1): round-1 packages, a dealt or revealed share, and the group key that follows from the packages. The
 * PoS chain's state machine and the signers use the same functions.
 */
import { createFROST } from "@noble/curves/abstract/frost.js";
import { secp256k1, secp256k1_hasher } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { assert } from "./assert.ts";
import { bytesToHex, concatBytes, type Hex, hexToBytes, isHex, keccak256 } from "./bytes.ts";
import type { Epoch } from "./ids.ts";
import { rlpEncode } from "./rlp.ts";
import {
  decodePoint,
  frost,
  frostIdentifier,
  frostPointBytes,
  frostScalarBytes,
  frostSuiteName,
  type GroupPublic,
  isNonZeroScalar,
} from "./frost-suite.ts";
import type { SigningDomain } from "./typed-data.ts";

const { Point } = secp256k1;
const proofBytes = frostPointBytes + frostScalarBytes;

/** Everything a ceremony is bound to; a different roster, threshold or attempt is a different ceremony. */
export type CeremonyBinding = {
  readonly domain: SigningDomain;
  readonly ceremonyId: string;
  readonly epoch: Epoch;
  readonly threshold: number;
  /** Sequencer addresses; the place in this list is the member's index. */
  readonly roster: readonly Hex[];
};

/** A round-1 package: commitment to a polynomial of degree t - 1, and proof of knowledge of its constant term. */
export type Round1Package = {
  readonly commitment: readonly Hex[];
  readonly proofOfPossession: Hex;
};

/** Why a round-1 package is refused. */
export type Round1Fault = "ROUND1_LENGTH" | "ROUND1_POINT" | "ROUND1_PROOF";

/** Hash that names a ceremony in every proof, share and transcript of it. */
export function ceremonyContext(binding: CeremonyBinding): Hex {
  assert(binding.roster.length >= 2, "a key is shared by two or more", {
    members: binding.roster.length,
  });
  assert(binding.threshold >= 2 && binding.threshold <= binding.roster.length, "2 <= t <= n");
  const text = new TextEncoder();
  return keccak256(
    rlpEncode([
      text.encode("sequorum/dkg/v1"),
      text.encode(frostSuiteName),
      text.encode(binding.domain.l1ChainId.toString()),
      hexToBytes(binding.domain.rollupChain),
      text.encode(binding.ceremonyId),
      text.encode(binding.epoch.toString()),
      text.encode(binding.threshold.toString()),
      binding.roster.map((address) => hexToBytes(address)),
    ]),
  );
}

/** Wire form: t compressed points, then the 65-byte proof. The length alone fixes t. */
export function encodeRound1Package({ commitment, proofOfPossession }: Round1Package): Hex {
  assert(isHex(proofOfPossession, proofBytes), "a proof of possession is R and z");
  return bytesToHex(
    concatBytes(...commitment.map((point) => hexToBytes(point)), hexToBytes(proofOfPossession)),
  );
}

/** Decodes and checks the package of roster place `index`; returns the fault's code if it is not acceptable. */
export function checkRound1Package(
  context: Hex,
  { index, threshold, encoded }: { index: number; threshold: number; encoded: Hex },
): Round1Package | Round1Fault {
  const bytesExpected = threshold * frostPointBytes + proofBytes;
  if (!isHex(encoded, bytesExpected)) return "ROUND1_LENGTH";
  const commitment = Array.from({ length: threshold }, (_, k): Hex => {
    const start = 2 + 2 * frostPointBytes * k;
    return `0x${encoded.slice(start, start + 2 * frostPointBytes)}`;
  });
  if (commitment.some((point) => decodePoint(point) === undefined)) return "ROUND1_POINT";
  const proofOfPossession: Hex = `0x${encoded.slice(-2 * proofBytes)}`;
  const [constantTerm] = commitment;
  assert(constantTerm !== undefined, "t is at least 2");
  if (!isProofValid(context, index, { constantTerm, proofOfPossession })) return "ROUND1_PROOF";
  return { commitment, proofOfPossession };
}

/** Whether `share` is f_i(j): the value, at receiver j, of the polynomial the dealer committed to. */
export function isDealtShareValid(
  commitment: readonly Hex[],
  { receiverIndex, share }: { receiverIndex: number; share: Hex },
): boolean {
  if (!isNonZeroScalar(share)) return false;
  try {
    frost.validateSecret(
      { identifier: frostIdentifier(receiverIndex), signingShare: hexToBytes(share) },
      {
        signers: { min: commitment.length, max: Math.max(commitment.length, receiverIndex + 1) },
        commitments: commitment.map((point) => hexToBytes(point)),
        verifyingShares: {},
      },
    );
    return true;
  } catch {
    return false; // noble reports a wrong share by throwing
  }
}

/** The key that follows from all round-1 packages, in roster order: sum of the commitments, normalised to even Y. */
export function deriveGroup(packages: readonly Round1Package[]): GroupPublic {
  const threshold = packages[0]?.commitment.length ?? 0;
  assert(threshold >= 2 && packages.length >= threshold, "packages of one ceremony", { threshold });
  const sums = Array.from({ length: threshold }, (_, k) =>
    packages.reduce((sum, { commitment }) => {
      assert(commitment.length === threshold, "every commitment has t points");
      const point = decodePoint(commitment[k] ?? "0x");
      assert(point !== undefined, "packages were checked before");
      return sum.add(point);
    }, Point.ZERO),
  );
  const [sum] = sums;
  assert(sum !== undefined && !sum.is0(), "the group key is not the identity");
  const negate = sum.toBytes()[0] !== 2;
  const commitment = negate ? sums.map((point) => point.negate()) : sums;
  const verifyingShares = packages.map((_, index) =>
    // Horner: X_j = ((C_{t-1} j + C_{t-2}) j + ...) + C_0
    commitment.reduceRight(
      (acc, point) => acc.multiplyUnsafe(BigInt(index + 1)).add(point),
      Point.ZERO,
    ),
  );
  const points = commitment.map((point) => bytesToHex(point.toBytes()));
  return {
    threshold,
    groupKey: `0x${(points[0] ?? "").slice(4)}`,
    commitment: points,
    verifyingShares: verifyingShares.map((point) => bytesToHex(point.toBytes())),
  };
}

/** What every member signs with its confirmation: the ceremony and all round-1 packages in roster order. */
export function ceremonyTranscriptHash(context: Hex, packages: readonly Round1Package[]): Hex {
  return keccak256(
    rlpEncode([hexToBytes(context), ...packages.map((p) => hexToBytes(encodeRound1Package(p)))]),
  );
}

/**
 * A proof of possession is a Schnorr signature under C_0 with the challenge HDKG(id | C_0 | R); noble checks it only
 * for all senders at once, so its `verify` runs here on the one sender with that challenge.
 */
function isProofValid(
  context: Hex,
  index: number,
  { constantTerm, proofOfPossession }: { constantTerm: Hex; proofOfPossession: Hex },
): boolean {
  const DST = new TextEncoder().encode(`${frostSuiteName}dkg${context}`);
  const proofSuite = createFROST({
    name: frostSuiteName,
    Point,
    hash: sha256,
    challenge: (R, PK, id) =>
      secp256k1_hasher.hashToScalar(concatBytes(id, PK.toBytes(), R.toBytes()), { DST }),
  });
  try {
    return proofSuite.verify(
      hexToBytes(proofOfPossession),
      Point.Fn.toBytes(BigInt(index + 1)),
      hexToBytes(constantTerm),
    );
  } catch {
    return false; // R or z is malformed
  }
}
