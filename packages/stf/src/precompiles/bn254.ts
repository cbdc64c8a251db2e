/** Precompiles 6 to 8: addition, multiplication and the pairing check on alt_bn128 (EIP-196, EIP-197). */
import { bn254 } from "@noble/curves/bn254.js";
import { fixedBytes, wordAt } from "./bytes.ts";

const { G1, G2, fields } = { G1: bn254.G1.Point, G2: bn254.G2.Point, fields: bn254.fields };
type G1Point = InstanceType<typeof G1>;
type G2Point = InstanceType<typeof G2>;

const g1Bytes = 64;
const pairBytes = 192;

/** Thrown and caught in here: an input that is no point. */
class NoPoint extends Error {}

/** The sum of two points; undefined when one is none. */
export function bn254Add(input: Uint8Array): Uint8Array | undefined {
  return unlessNoPoint(() => encode(g1At(input, 0).add(g1At(input, g1Bytes))));
}

/** A point times an integer of 256 bits; undefined when it is no point. */
export function bn254Multiply(input: Uint8Array): Uint8Array | undefined {
  return unlessNoPoint(() => {
    const factor = wordAt(input, g1Bytes) % fields.Fr.ORDER;
    return encode(g1At(input, 0).multiplyUnsafe(factor));
  });
}

/** The word 1 when the product of the pairings is one, else 0; undefined when an input is no pair of points. */
export function bn254Pairing(input: Uint8Array): Uint8Array | undefined {
  if (input.length % pairBytes !== 0) return undefined;
  return unlessNoPoint(() => {
    const pairs: Parameters<typeof bn254.millerLoopBatch>[0] = [];
    for (let at = 0; at < input.length; at += pairBytes) {
      const [g1, g2] = [g1At(input, at), g2At(input, at + g1Bytes)];
      if (g1.is0() || g2.is0()) continue; // a pairing with the point at infinity is one
      const { x, y } = g1.toAffine();
      pairs.push([bn254.utils.calcPairingPrecomputes(g2), x, y]);
    }
    // not `pairingBatch`, which would check the points once more
    const product = fields.Fp12.finalExponentiate(bn254.millerLoopBatch(pairs));
    return fixedBytes(fields.Fp12.eql(product, fields.Fp12.ONE) ? 1n : 0n, 32);
  });
}

function unlessNoPoint(work: () => Uint8Array): Uint8Array | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof NoPoint) return undefined;
    throw error;
  }
}

/** A coordinate; it must be below the modulus of the field. */
function coordinateAt(input: Uint8Array, start: number): bigint {
  const value = wordAt(input, start);
  if (value >= fields.Fp.ORDER) throw new NoPoint();
  return value;
}

/** A point of the curve y² = x³ + 3, whose group has prime order; (0, 0) is the point at infinity. */
function g1At(input: Uint8Array, start: number): G1Point {
  const x = coordinateAt(input, start);
  const y = coordinateAt(input, start + 32);
  if (x === 0n && y === 0n) return G1.ZERO;
  const { Fp } = fields;
  if (Fp.sqr(y) !== Fp.add(Fp.mul(Fp.sqr(x), x), 3n)) throw new NoPoint();
  return G1.fromAffine({ x, y });
}

/** A point of the twist's subgroup; the imaginary part of a coordinate comes first (EIP-197, "Encoding"). */
function g2At(input: Uint8Array, start: number): G2Point {
  const [x1, x0] = [coordinateAt(input, start), coordinateAt(input, start + 32)];
  const [y1, y0] = [coordinateAt(input, start + 64), coordinateAt(input, start + 96)];
  if (x0 === 0n && x1 === 0n && y0 === 0n && y1 === 0n) return G2.ZERO;
  const point = G2.fromAffine({ x: { c0: x0, c1: x1 }, y: { c0: y0, c1: y1 } });
  try {
    point.assertValidity(); // on the curve, and in the subgroup of prime order
  } catch {
    throw new NoPoint();
  }
  return point;
}

function encode(point: G1Point): Uint8Array {
  const output = new Uint8Array(g1Bytes);
  if (point.is0()) return output;
  const { x, y } = point.toAffine();
  output.set(fixedBytes(x, 32));
  output.set(fixedBytes(y, 32), 32);
  return output;
}
