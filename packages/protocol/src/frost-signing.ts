/** What anybody can check of a signing session: nonce commitments, signature shares, and their sum. RFC 9591, section 5. */
import { assert } from "./assert.ts";
import { type Hex, hexToBytes } from "./bytes.ts";
import {
  frost,
  frostIdentifier,
  type GroupPublic,
  isCurvePoint,
  isNonZeroScalar,
  toFrostPublic,
  toSchnorrSignature,
} from "./frost-suite.ts";
import { type SchnorrSignature, verifySchnorr } from "./schnorr.ts";

/** One signer's nonce commitments; `index` is its place in the KEY's roster (not in the session's). */
export type SigningCommitment = {
  readonly index: number;
  readonly hiding: Hex;
  readonly binding: Hex;
};

/** What one signing attempt is about; equal on all nodes because the PoS chain assigned the commitments. */
export type SigningPackage = {
  readonly group: GroupPublic;
  readonly digest: Hex;
  readonly commitments: readonly SigningCommitment[];
};

/** Why a signing package is refused. */
export type SigningPackageFault =
  | "SIGNER_NOT_A_MEMBER"
  | "SIGNER_TWICE"
  | "TOO_FEW_SIGNERS"
  | "COMMITMENT_POINT"
  | "COMMITMENT_TWICE";

/** A good signature, or the roster places whose shares are wrong. */
export type Aggregation =
  | { readonly type: "signed"; readonly signature: SchnorrSignature }
  | { readonly type: "failed"; readonly culprits: readonly number[] };

/** Checks what noble leaves to its caller: members only, each once, at least t, proper points, none used by two. */
export function checkSigningPackage({
  group,
  commitments,
}: SigningPackage): SigningPackageFault | undefined {
  const seen = new Set<number>();
  const points = new Set<Hex>();
  for (const { index, hiding, binding } of commitments) {
    if (group.verifyingShares[index] === undefined) return "SIGNER_NOT_A_MEMBER";
    if (seen.has(index)) return "SIGNER_TWICE";
    seen.add(index);
    if (!isCurvePoint(hiding) || !isCurvePoint(binding)) return "COMMITMENT_POINT";
    if (points.has(hiding) || points.has(binding) || hiding === binding) return "COMMITMENT_TWICE";
    points.add(hiding).add(binding);
  }
  return commitments.length < group.threshold ? "TOO_FEW_SIGNERS" : undefined;
}

/** Whether the share of roster place `index` is right; total function, also for malformed shares. */
export function isSignatureShareValid(
  pkg: SigningPackage,
  { index, share }: { index: number; share: Hex },
): boolean {
  if (!isNonZeroScalar(share) || !pkg.commitments.some((c) => c.index === index)) return false;
  const commitments = toNobleCommitments(pkg.commitments);
  return frost.verifyShare(
    toFrostPublic(pkg.group),
    commitments,
    hexToBytes(pkg.digest),
    frostIdentifier(index),
    hexToBytes(share),
  );
}

/** Sums the shares and verifies the result as L1 would; only when that fails are shares checked one by one (slower). */
export function aggregateShares(
  pkg: SigningPackage,
  shares: ReadonlyMap<number, Hex>,
): Aggregation {
  assert(
    pkg.commitments.every(({ index }) => shares.has(index)) &&
      shares.size === pkg.commitments.length,
    "one share for each commitment",
  );
  const malformed = [...shares]
    .filter(([, share]) => !isNonZeroScalar(share))
    .map(([index]) => index);
  if (malformed.length > 0) return { type: "failed", culprits: malformed };
  try {
    const encoded = frost.aggregate(
      toFrostPublic(pkg.group),
      toNobleCommitments(pkg.commitments),
      hexToBytes(pkg.digest),
      Object.fromEntries(
        [...shares].map(([index, share]) => [frostIdentifier(index), hexToBytes(share)]),
      ),
    );
    const signature = toSchnorrSignature(encoded);
    assert(
      verifySchnorr(pkg.group.groupKey, pkg.digest, signature),
      "an aggregate that noble accepts is valid on L1",
    );
    return { type: "signed", signature };
  } catch (error) {
    const cheaters = (error as { cheaters?: readonly string[] }).cheaters;
    if (cheaters === undefined) throw error;
    return { type: "failed", culprits: cheaters.map((id) => Number(BigInt(`0x${id}`)) - 1) };
  }
}

/** noble's commitment list, in the order of the identifiers (RFC 9591, section 4.3). */
export function toNobleCommitments(commitments: readonly SigningCommitment[]) {
  return [...commitments]
    .sort((a, b) => a.index - b.index)
    .map(({ index, hiding, binding }) => ({
      identifier: frostIdentifier(index),
      hiding: hexToBytes(hiding),
      binding: hexToBytes(binding),
    }));
}
