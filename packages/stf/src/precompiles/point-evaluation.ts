/**
 * Precompile 10: p(z) = y for a polynomial p to which somebody committed (EIP-4844).
 * Only one point of the ceremony is needed to verify: [tau]G2.
 */
import { hash } from "node:crypto";
import { assert } from "@sequorum/protocol";
import { fixedBytes, toInteger } from "./bytes.ts";
import { curves, PairingCurve } from "./pairing-curve.ts";

/** Modulus of the field, and order of the groups (BLS_MODULUS). */
const fieldModulus =
  0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn;
const groupOrder = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
/** The curve is y² = x³ + 4. */
const curveConstant = 4;

/** Affine coordinates of G1's generator (draft-irtf-cfrg-pairing-friendly-curves, 4.2.1). */
const g1 = [
  "17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb",
  "08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1",
];
/** x0, x1, y0, y1 of G2's generator (ibid.). */
const g2 = [
  "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8",
  "13e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e",
  "0ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801",
  "0606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be",
];
/** x0, x1, y0, y1 of [tau]G2 of Ethereum's KZG ceremony (consensus-specs, trusted_setup_4096.json, g2_monomial[1]). */
const tauG2 = [
  "185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2",
  "15bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72",
  "014353bdb96b626dd7d5ee8599d1fca2131569490e28de18e82451a496a9c9794ce26d105941f383ee689bfbbb832a99",
  "1666c54b0a32529503432fcae0181b4bef79de09fc63671fda5ed1ba9bfa07899495346f3d7ac9cd23048ef30d0a154f",
];

/** Versioned hash (32), z (32), y (32), commitment (48), proof (48). */
const inputBytes = 192;
const pointBytes = curves.bls12381.coordinateBytes;
/** VERSIONED_HASH_VERSION_KZG. */
const hashVersion = 1;
/** FIELD_ELEMENTS_PER_BLOB and BLS_MODULUS: what the precompile answers. */
const answer = Buffer.concat([fixedBytes(4_096n, 32), fixedBytes(groupOrder, 32)]);

type Ceremony = {
  readonly mcl: PairingCurve;
  readonly generator: number;
  /** What the pairing precomputes of G2's generator and of [tau]G2, the only points of G2 that ever occur. */
  readonly generatorLines: number;
  readonly tauLines: number;
  readonly committed: number;
  readonly proof: number;
  readonly sum: number;
  readonly product: number;
};
let loaded: Ceremony | undefined;

/** Two constants when the proof holds; undefined when it does not or the input is malformed. */
export function pointEvaluation(input: Uint8Array): Uint8Array | undefined {
  if (input.length !== inputBytes) return undefined;
  const commitment = input.subarray(96, 96 + pointBytes);
  const versionedHash = hash("sha256", commitment, "buffer");
  versionedHash[0] = hashVersion;
  if (!versionedHash.equals(input.subarray(0, 32))) return undefined;
  const [z, y] = [input.subarray(32, 64), input.subarray(64, 96)];
  if (toInteger(z) >= groupOrder || toInteger(y) >= groupOrder) return undefined;
  const { committed, proof } = ceremony();
  if (!readPoint(committed, commitment)) return undefined;
  if (!readPoint(proof, input.subarray(96 + pointBytes))) return undefined;
  return verify(z, y) ? Uint8Array.from(answer) : undefined;
}

/**
 * e(C - [y]G1, G2) == e(proof, [tau - z]G2), with all that is not tau brought to one side: so
 * e([y]G1 - C - [z]proof, G2) e(proof, [tau]G2) is one, and nothing is computed in G2.
 */
function verify(z: Uint8Array, y: Uint8Array): boolean {
  const { mcl, generator, committed, proof, sum, product, ...lines } = ceremony();
  mcl.multiplyG1(sum, generator, y);
  mcl.run.mclBnG1_sub(sum, sum, committed);
  mcl.multiplyG1(committed, proof, z);
  mcl.run.mclBnG1_sub(sum, sum, committed);
  // a pairing with the point at infinity is one
  const pairs = [
    { point: sum, lines: lines.generatorLines },
    { point: proof, lines: lines.tauLines },
  ].filter(({ point }) => mcl.run.mclBnG1_isZero(point) === 0);
  const [first, second] = pairs;
  if (first === undefined) return true;
  if (second === undefined) {
    mcl.run.mclBn_precomputedMillerLoop(product, first.point, first.lines);
  } else {
    const both = [first.point, first.lines, second.point, second.lines];
    mcl.run.mclBn_precomputedMillerLoop2(product, ...both);
  }
  mcl.run.mclBn_finalExp(product, product);
  return mcl.run.mclBnGT_isOne(product) === 1;
}

/** A compressed point of the subgroup of prime order (ZCash's encoding); false when it is none. */
function readPoint(out: number, bytes: Uint8Array): boolean {
  const { mcl } = ceremony();
  const flags = bytes[0] ?? 0;
  if ((flags & 0x80) === 0) return false; // not compressed
  const x = Uint8Array.from(bytes);
  x[0] = flags & 0x1f;
  if ((flags & 0x40) !== 0) {
    mcl.run.mclBnG1_clear(out);
    return flags === 0xc0 && x.every((byte) => byte === 0);
  }
  if (toInteger(x) >= fieldModulus) return false;
  const root = mcl.ordinate(x, curveConstant);
  if (root === undefined) return false;
  const isLarger = (flags & 0x20) !== 0;
  const y = toInteger(root);
  const isRight = y > fieldModulus / 2n === isLarger;
  return mcl.setG1(out, x, isRight ? root : fixedBytes(fieldModulus - y, pointBytes));
}

/** The curve with its constants, and room for what is computed. */
function ceremony(): Ceremony {
  if (loaded !== undefined) return loaded;
  const mcl = new PairingCurve(curves.bls12381);
  const generator = mcl.newG1();
  const [x = "", y = ""] = g1;
  const isPoint = mcl.setG1(generator, Buffer.from(x, "hex"), Buffer.from(y, "hex"));
  assert(isPoint, "the generator is a point");
  loaded = {
    mcl,
    generator,
    generatorLines: linesOf(mcl, g2),
    tauLines: linesOf(mcl, tauG2),
    committed: mcl.newG1(),
    proof: mcl.newG1(),
    sum: mcl.newG1(),
    product: mcl.newGt(),
  };
  return loaded;
}

function linesOf(mcl: PairingCurve, coordinates: readonly string[]): number {
  const point = mcl.newG2();
  const isPoint = mcl.setG2(
    point,
    coordinates.map((each) => Buffer.from(each, "hex")),
  );
  assert(isPoint, "a constant of G2 is a point");
  const lines = mcl.allocate(8 * mcl.run.mclBn_getUint64NumToPrecompute());
  mcl.run.mclBn_precomputeG2(lines, point);
  mcl.free(point);
  return lines;
}
