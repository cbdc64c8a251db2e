/**
 * Precompile 10: p(z) = y for a polynomial p to which somebody committed (EIP-4844).
 * Only one point of the ceremony is needed to verify: [tau]G2.
 */
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { fixedBytes, toInteger } from "./bytes.ts";

/** [tau]G2 of Ethereum's KZG ceremony (consensus-specs, trusted_setup_4096.json, g2_monomial[1]). */
const tauG2Hex =
  "b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2";

const { G1, G2, fields } = {
  G1: bls12_381.G1.Point,
  G2: bls12_381.G2.Point,
  fields: bls12_381.fields,
};
type G1Point = InstanceType<typeof G1>;

/** Versioned hash (32), z (32), y (32), commitment (48), proof (48). */
const inputBytes = 192;
/** VERSIONED_HASH_VERSION_KZG. */
const hashVersion = 1;
/** FIELD_ELEMENTS_PER_BLOB and BLS_MODULUS: what the precompile answers. */
const answer = Buffer.concat([fixedBytes(4_096n, 32), fixedBytes(fields.Fr.ORDER, 32)]);

/** Two constants when the proof holds; undefined when it does not or the input is malformed. */
export function pointEvaluation(input: Uint8Array): Uint8Array | undefined {
  if (input.length !== inputBytes) return undefined;
  const commitment = input.subarray(96, 144);
  const versionedHash = sha256(commitment);
  versionedHash[0] = hashVersion;
  if (!Buffer.from(versionedHash).equals(input.subarray(0, 32))) return undefined;
  const [z, y] = [toInteger(input.subarray(32, 64)), toInteger(input.subarray(64, 96))];
  if (z >= fields.Fr.ORDER || y >= fields.Fr.ORDER) return undefined;
  const [committed, proof] = [pointOf(commitment), pointOf(input.subarray(144))];
  if (committed === undefined || proof === undefined) return undefined;
  return verify(committed, { z, y, proof }) ? Uint8Array.from(answer) : undefined;
}

type Opening = { readonly z: bigint; readonly y: bigint; readonly proof: G1Point };
type Lines = ReturnType<typeof bls12_381.utils.calcPairingPrecomputes>;

/** The lines of the Miller loop for the two points of G2 that ever occur: -G2 and [tau]G2. */
let lines: readonly [Lines, Lines] | undefined;

/**
 * e(C - [y]G1, G2) == e(proof, [tau - z]G2), with z brought to the other side: e(C - [y]G1 + [z]proof, -G2) e(proof, [tau]G2)
 * is one. So nothing is computed in G2, and its points are constants.
 */
function verify(committed: G1Point, { z, y, proof }: Opening): boolean {
  lines ??= [
    bls12_381.utils.calcPairingPrecomputes(G2.BASE.negate()),
    bls12_381.utils.calcPairingPrecomputes(G2.fromHex(tauG2Hex)),
  ];
  const left = committed.subtract(G1.BASE.multiplyUnsafe(y)).add(proof.multiplyUnsafe(z));
  const pairs = [
    { g1: left, line: lines[0] },
    { g1: proof, line: lines[1] },
  ].filter(({ g1 }) => !g1.is0()); // a pairing with the point at infinity is one
  const product = bls12_381.millerLoopBatch(
    pairs.map(({ g1, line }) => {
      const { x, y: ordinate } = g1.toAffine();
      return [line, x, ordinate];
    }),
  );
  return fields.Fp12.eql(fields.Fp12.finalExponentiate(product), fields.Fp12.ONE);
}

/** A compressed point of the subgroup of prime order; undefined when it is none. */
function pointOf(bytes: Uint8Array): G1Point | undefined {
  try {
    const point = G1.fromBytes(bytes);
    if (!point.is0()) point.assertValidity(); // infinity is a commitment like others
    return point;
  } catch {
    return undefined;
  }
}
