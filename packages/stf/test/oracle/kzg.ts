/**
 * The point-evaluation precompile (EIP-4844): checks p(z) = y for a committed polynomial.
 * Only one point of the ceremony is needed to verify: [tau]G2.
 */
import { bls12_381 } from "@noble/curves/bls12-381.js";
import type { KZG } from "@ethereumjs/util";
import { assert } from "@sequorum/protocol";

/** [tau]G2 of Ethereum's KZG ceremony (consensus-specs, trusted_setup_4096.json, g2_monomial[1]). */
const tauG2Hex =
  "b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2";

const { G1, G2, fields } = {
  G1: bls12_381.G1.Point,
  G2: bls12_381.G2.Point,
  fields: bls12_381.fields,
};

/** e(C - [y]G1, G2) == e(proof, [tau - z]G2); throws on a point or scalar that is malformed. */
export function verifyPointEvaluation(
  commitment: string,
  z: string,
  y: string,
  proof: string,
): boolean {
  const zScalar = scalar(z);
  const yScalar = scalar(y);
  const committed = point(commitment);
  const witness = point(proof);
  const left = committed.subtract(times(G1.BASE, yScalar));
  const right = G2.fromHex(tauG2Hex).subtract(times(G2.BASE, zScalar));
  const pairs = [
    { g1: left, g2: G2.BASE.negate() },
    { g1: witness, g2: right },
  ].filter(({ g1, g2 }) => !g1.is0() && !g2.is0());
  if (pairs.length === 0) return true;
  return fields.Fp12.eql(bls12_381.pairingBatch(pairs), fields.Fp12.ONE);
}

/** What ethereumjs asks for; blob transactions do not exist on L2, so only verification is there. */
export const kzg: KZG = {
  verifyProof: (commitment, z, y, proof) => {
    try {
      return verifyPointEvaluation(commitment, z, y, proof);
    } catch {
      throw new Error("C_KZG_BADARGS"); // the message by which the precompile tells malformed input
    }
  },
  blobToKzgCommitment: noBlobs,
  computeBlobProof: noBlobs,
  verifyBlobProofBatch: noBlobs,
  computeCells: noBlobs,
  computeCellsAndProofs: noBlobs,
  recoverCellsAndProofs: noBlobs,
  verifyCellKzgProofBatch: noBlobs,
};

function point(hex: string): InstanceType<typeof G1> {
  const value = G1.fromHex(hex.replace(/^0x/, ""));
  value.assertValidity();
  return value;
}

function scalar(hex: string): bigint {
  const value = BigInt(hex);
  if (value >= fields.Fr.ORDER) throw new RangeError("scalar is not below the group order");
  return value;
}

function times<P extends { multiplyUnsafe(scalar: bigint): P }>(base: P, factor: bigint): P {
  return base.multiplyUnsafe(factor);
}

function noBlobs(): never {
  assert(false, "blob transactions do not exist on L2");
}
