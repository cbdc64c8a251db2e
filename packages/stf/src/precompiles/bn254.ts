/** Precompiles 6 to 8: addition, multiplication and the pairing check on alt_bn128 (EIP-196, EIP-197). */
import { fixedBytes, isLess, padded } from "./bytes.ts";
import { curves, PairingCurve } from "./pairing-curve.ts";

const { coordinateBytes } = curves.bn254;
/** Modulus of the field (EIP-196). */
const fieldModulus = fixedBytes(
  21888242871839275222246405745257275088696311157297823662689037894645226208583n,
  coordinateBytes,
);
const g1Bytes = 2 * coordinateBytes;
const pairBytes = 6 * coordinateBytes;

type Curve = { readonly mcl: PairingCurve; readonly a: number; readonly b: number };
let loaded: Curve | undefined;

/** The curve, and room for two points. */
function curve(): Curve {
  if (loaded === undefined) {
    const mcl = new PairingCurve(curves.bn254);
    loaded = { mcl, a: mcl.newG1(), b: mcl.newG1() };
  }
  return loaded;
}

/** The sum of two points; undefined when one is none. */
export function bn254Add(input: Uint8Array): Uint8Array | undefined {
  const { mcl, a, b } = curve();
  if (!readG1(a, input, 0) || !readG1(b, input, g1Bytes)) return undefined;
  mcl.run.mclBnG1_add(a, a, b);
  return encode(a);
}

/** A point times an integer of 256 bits; undefined when it is no point. */
export function bn254Multiply(input: Uint8Array): Uint8Array | undefined {
  const { mcl, a } = curve();
  if (!readG1(a, input, 0)) return undefined;
  mcl.multiplyG1(a, a, padded(input, g1Bytes, 32));
  return encode(a);
}

/** The word 1 when the product of the pairings is one, else 0; undefined when an input is no pair of points. */
export function bn254Pairing(input: Uint8Array): Uint8Array | undefined {
  if (input.length % pairBytes !== 0) return undefined;
  const { mcl } = curve();
  const count = input.length / pairBytes;
  const [g1s, g2s, product] = [mcl.newG1(count + 1), mcl.newG2(count + 1), mcl.newGt()];
  try {
    let used = 0;
    for (let i = 0; i < count; i++) {
      const [p, q] = [mcl.g1At(g1s, used), mcl.g2At(g2s, used)];
      const at = i * pairBytes;
      if (!readG1(p, input, at) || !readG2(q, input, at + g1Bytes)) return undefined;
      const isOne = mcl.run.mclBnG1_isZero(p) === 1 || mcl.run.mclBnG2_isZero(q) === 1;
      if (!isOne) used += 1; // a pairing with the point at infinity is one
    }
    if (used === 0) return fixedBytes(1n, 32);
    mcl.run.mclBn_millerLoopVec(product, g1s, g2s, used);
    mcl.run.mclBn_finalExp(product, product);
    return fixedBytes(BigInt(mcl.run.mclBnGT_isOne(product)), 32);
  } finally {
    for (const room of [g1s, g2s, product]) mcl.free(room);
  }
}

/** Coordinates from `start` on; undefined when one is not below the modulus. */
function coordinatesAt(
  input: Uint8Array,
  start: number,
  count: number,
): readonly Uint8Array[] | undefined {
  const coordinates = Array.from({ length: count }, (_, i) =>
    padded(input, start + i * coordinateBytes, coordinateBytes),
  );
  return coordinates.every((each) => isLess(each, fieldModulus)) ? coordinates : undefined;
}

/** A point of the curve y² = x³ + 3; (0, 0) is the point at infinity. */
function readG1(out: number, input: Uint8Array, start: number): boolean {
  const { mcl } = curve();
  const [x, y] = coordinatesAt(input, start, 2) ?? [];
  if (x === undefined || y === undefined) return false;
  if (!isZero(x) || !isZero(y)) return mcl.setG1(out, x, y);
  mcl.run.mclBnG1_clear(out);
  return true;
}

/** A point of the twist's subgroup; the imaginary part of a coordinate comes first (EIP-197, "Encoding"). */
function readG2(out: number, input: Uint8Array, start: number): boolean {
  const { mcl } = curve();
  const [x1, x0, y1, y0] = coordinatesAt(input, start, 4) ?? [];
  if (x0 === undefined || x1 === undefined || y0 === undefined || y1 === undefined) return false;
  const coordinates = [x0, x1, y0, y1];
  if (!coordinates.every(isZero)) return mcl.setG2(out, coordinates);
  mcl.run.mclBnG2_clear(out);
  return true;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

function encode(point: number): Uint8Array {
  const output = new Uint8Array(g1Bytes);
  const [x, y] = curve().mcl.affineG1(point) ?? [];
  if (x === undefined || y === undefined) return output;
  output.set(x);
  output.set(y, coordinateBytes);
  return output;
}
