/** Inputs of the precompiled contracts: valid ones, and valid ones with a fault. */
import { hash } from "node:crypto";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { bn254 } from "@noble/curves/bn254.js";
import type { Prng } from "@sequorum/testkit";
import secp256k1 from "secp256k1";
import { randomBytes, randomInteger } from "./random.ts";

const { G1, G2 } = { G1: bn254.G1.Point, G2: bn254.G2.Point };
const key = new Uint8Array(32).fill(7);

const makers: Readonly<Record<number, (prng: Prng) => Uint8Array>> = {
  1: recovery,
  2: (prng) => randomBytes(prng, prng.integer(0, 150)),
  3: (prng) => randomBytes(prng, prng.integer(0, 150)),
  4: (prng) => randomBytes(prng, prng.integer(0, 150)),
  5: modexp,
  6: (prng) => Buffer.concat([point(prng), point(prng)]),
  7: (prng) => Buffer.concat([point(prng), randomBytes(prng, 32)]),
  8: pairing,
  9: blake2f,
  10: pointEvaluation,
};

/** An input for the precompile of this number; one in three has a fault. */
export function precompileInput(prng: Prng, number: number): Uint8Array {
  const input = makers[number]?.(prng) ?? new Uint8Array(0);
  const fault = prng.next();
  if (fault < 0.15 && input.length > 0) {
    const changed = Uint8Array.from(input);
    changed[prng.integer(0, input.length - 1)] = prng.integer(0, 255);
    return changed;
  }
  if (fault < 0.25) return input.subarray(0, prng.integer(0, input.length));
  if (fault < 0.33) return Buffer.concat([input, randomBytes(prng, prng.integer(1, 40))]);
  return input;
}

function recovery(prng: Prng): Uint8Array {
  const digest = randomBytes(prng, 32);
  const { signature, recid } = secp256k1.ecdsaSign(digest, key);
  return Buffer.concat([digest, word(BigInt(27 + recid)), signature]);
}

function modexp(prng: Prng): Uint8Array {
  const lengths = [0, 0, 0].map(() => prng.pick([0, 1, 2, 31, 32, 33, 64]));
  const values = lengths.map((length) => randomBytes(prng, length));
  return Buffer.concat([...lengths.map((length) => word(BigInt(length))), ...values]);
}

function point(prng: Prng): Uint8Array {
  if (prng.chance(0.15)) return new Uint8Array(64);
  return prng.pick(g1Points());
}

/** Some multiples of the generator and their negatives; made once, because they take long. */
const g1Points = once(() =>
  [1n, 2n, 3n, 7n, 2n ** 64n + 13n, 2n ** 200n - 3n].flatMap((factor) => {
    const positive = G1.BASE.multiply(factor);
    return [positive, positive.negate()].map((each) => {
      const { x, y } = each.toAffine();
      return Buffer.concat([word(x), word(y)]);
    });
  }),
);

/** Commitments to the constant polynomials 1 to 4. */
const commitments = once(() =>
  [1n, 2n, 3n, 4n].map((value) => bls12_381.G1.Point.BASE.multiply(value).toBytes(true)),
);

function once<Value>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** e(P, Q) e(-P, Q), whose product is one; or only one of them, or none. */
function pairing(prng: Prng): Uint8Array {
  const count = prng.pick([0, 1, 2, 2]);
  const { x, y } = G2.BASE.toAffine();
  const second = Buffer.concat([word(x.c1), word(x.c0), word(y.c1), word(y.c0)]);
  const points = g1Points();
  const first = 2 * prng.integer(0, points.length / 2 - 1);
  const pairs = points.slice(first, first + count).flatMap((each) => [each, second]);
  return Buffer.concat(pairs);
}

function blake2f(prng: Prng): Uint8Array {
  const rounds = prng.pick([0, 1, 2, 10, 12, 13]);
  return Buffer.concat([
    Uint8Array.of(0, 0, 0, rounds),
    randomBytes(prng, 208),
    Uint8Array.of(prng.integer(0, 1)),
  ]);
}

/** The constant polynomial c: commitment [c]G1, proof the point at infinity, value c everywhere (EIP-4844). */
function pointEvaluation(prng: Prng): Uint8Array {
  const value = prng.pick([1n, 2n, 3n, 4n]);
  const commitment = commitments()[Number(value) - 1] ?? new Uint8Array(48);
  const versionedHash = Uint8Array.from(hash("sha256", commitment, "buffer"));
  versionedHash[0] = 1;
  const proof = new Uint8Array(48);
  proof[0] = 0xc0;
  return Buffer.concat([
    versionedHash,
    word(randomInteger(prng, 4)),
    word(value),
    commitment,
    proof,
  ]);
}

function word(value: bigint): Uint8Array {
  return Buffer.from(value.toString(16).padStart(64, "0"), "hex");
}
