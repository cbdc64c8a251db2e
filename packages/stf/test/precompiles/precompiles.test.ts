import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { bn254 } from "@noble/curves/bn254.js";
import {
  concatBytes,
  type Hex,
  hexToBytes,
  keccak256,
  privateKeyToPublicKey,
  publicKeyToAddress,
  signDigest,
} from "@sequorum/protocol";
import { runPrecompile } from "../../src/precompiles/precompiles.ts";
import { fixedBytes } from "../../src/precompiles/bytes.ts";

function output(number: number, ...parts: readonly (Uint8Array | bigint | string)[]) {
  const result = runPrecompile(number, bytesOf(...parts));
  return result === undefined ? "failed" : Buffer.from(result).toString("hex");
}

/** Integers are words; strings are hexadecimal. */
function bytesOf(...parts: readonly (Uint8Array | bigint | string)[]): Uint8Array {
  return concatBytes(
    ...parts.map((part) => {
      if (typeof part === "bigint") return fixedBytes(part, 32);
      return typeof part === "string" ? hexToBytes(`0x${part}`) : part;
    }),
  );
}

const word = (value: bigint) => value.toString(16).padStart(64, "0");

test("ecrecover gives the signer, and nothing for what no key signed", () => {
  const hash = "18c547e4f7b0f325ad1e56f57e26c745b09a3e503d86e00e5255ff7f715d3d1c";
  const r = "73b1693892219d736caba55bdb67216e485557ea6b6af75f37096c9aa6a5a75f";
  const s = "eeb940b1d03b21e36b0e47e79769f095fe2ab855bd91e3a38756b7d75a9c4549";
  const signer = `${"0".repeat(24)}a94f5374fce5edbc8e2a8697c15331677e6ebf0b`;
  assert.equal(output(1, hash, 28n, r, s), signer, "s is in the upper half");
  assert.equal(output(1, hash, 28n, r, s, "ff"), signer, "what follows is ignored");
  assert.notEqual(output(1, hash, 27n, r, s), signer);
  assert.equal(output(1, hash, 29n, r, s), "");
  assert.equal(output(1, hash, 28n + (1n << 248n), r, s), "", "v is a whole word");
  assert.equal(output(1, hash, 28n, r, s.slice(0, 62)).length > 0, true, "a short input has zeros");
  assert.equal(output(1, hash, 28n, 0n, s), "");
  assert.equal(output(1, hash, 28n, r, 0n), "");
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  assert.equal(output(1, hash, 28n, order, s), "");
  assert.equal(output(1, hash, 28n, r, order), "");
  assert.equal(output(1, hash, 28n, 5n, s), "", "no point has x = 5");
  assert.equal(output(1), "");
});

test("ecrecover agrees with the signatures that this project makes", () => {
  for (let i = 1; i <= 20; i++) {
    const key = new Uint8Array(32).fill(i);
    const digest = keccak256(key);
    const signature = hexToBytes(signDigest(key, digest));
    const v = BigInt(signature[64] ?? 0);
    const address = publicKeyToAddress(privateKeyToPublicKey(key));
    const found = output(1, digest.slice(2), v, signature.subarray(0, 64));
    assert.equal(found, address.slice(2).padStart(64, "0"));
  }
});

test("hashes are those of FIPS 180-4 and of the RIPEMD-160 paper", () => {
  const abc = "616263";
  assert.equal(output(2, abc), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert.equal(output(2), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert.equal(output(3, abc), `${"0".repeat(24)}8eb208f7e05d987a9b044a8e98c6b087f15a0bfc`);
  assert.equal(output(3), `${"0".repeat(24)}9c1185a5c5e9fc54612808977ee8f548b2258d31`);
});

test("modular exponentiation follows EIP-198 in its examples and at its edges", () => {
  const prime = 2n ** 256n - 2n ** 32n - 977n;
  assert.equal(output(5, 1n, 32n, 32n, "03", prime - 1n, prime), word(1n));
  assert.equal(output(5, 0n, 32n, 32n, prime - 1n, prime), word(0n));
  // 3 ** 0xffff % 2 ** 255: the input is cut short, which is as if zeros followed
  const cut = output(5, 1n, 2n, 32n, "03ffff80");
  assert.equal(cut, "3b01b01ac41f2d6e917c6d6a221ce793802469026d9ab7578fa2e79e4da6aaab");
  assert.equal(output(5, 1n, 2n, 32n, "03ffff80", new Uint8Array(31), "07"), cut);
  assert.equal(output(5), "");
  assert.equal(output(5, 1n, 1n, 0n, "0302"), "", "an empty modulus");
  assert.equal(output(5, 1n, 1n, 2n, "03020000"), "0000", "a zero modulus");
  assert.equal(output(5, 1n, 1n, 1n, "030001"), "00", "modulo one");
  assert.equal(output(5, 0n, 0n, 1n, "05"), "01", "0 ** 0 is 1");
  assert.equal(output(5, 0n, 0n, 1n, "01"), "00");
  assert.equal(output(5, 2n ** 200n, 2n ** 200n, 0n), "", "lengths beyond every input");
});

// EIP-196: p, the generator (1, 2) and its double.
const p = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
const r = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
const doubled = [
  1368015179489954701390400359078579693043519447331113978918064868415326638035n,
  9918110051302171585080402603319702774565515993150576347155970296011118125764n,
] as const;

test("curve addition follows EIP-196", () => {
  assert.equal(output(6, 1n, 2n, 1n, 2n), word(doubled[0]) + word(doubled[1]));
  assert.equal(output(6, 1n, 2n, 1n, p - 2n), word(0n) + word(0n), "a point and its negative");
  assert.equal(output(6, 1n, 2n), word(1n) + word(2n), "a missing point is infinity");
  assert.equal(output(6), word(0n) + word(0n));
  assert.equal(output(6, 1n, 3n, 0n, 0n), "failed", "not on the curve");
  assert.equal(output(6, 1n + p, 2n, 0n, 0n), "failed", "a coordinate above the field");
  assert.equal(output(6, 0n, p, 0n, 0n), "failed", "p is not zero");
});

test("curve multiplication follows EIP-196", () => {
  assert.equal(output(7, 1n, 2n, 2n), word(doubled[0]) + word(doubled[1]));
  assert.equal(output(7, 1n, 2n, r + 2n), word(doubled[0]) + word(doubled[1]), "above the order");
  assert.equal(output(7, 1n, 2n, r), word(0n) + word(0n));
  assert.equal(output(7, 1n, 2n, 2n ** 256n - 1n).length, 128);
  assert.equal(output(7, 0n, 0n, 5n), word(0n) + word(0n));
  assert.equal(output(7, 1n, 2n), word(0n) + word(0n), "a missing factor is zero");
  assert.equal(output(7, 1n, 3n, 0n), "failed");
});

// EIP-197: the generator of G2, imaginary parts first.
const g2 = [
  11559732032986387107991004021392285783925812861821192530917403151452391805634n,
  10857046999023057135944570762232829481370756359578518086990519993285655852781n,
  4082367875863433681332203403145435568316851327593401208105741076214120093531n,
  8495653923123431417604973247489272438418190587263600148770280649306958101930n,
] as const;

test("the pairing check follows EIP-197", () => {
  assert.equal(output(8), word(1n), "the empty product");
  assert.equal(output(8, 1n, 2n, ...g2), word(0n));
  assert.equal(output(8, 1n, 2n, ...g2, 1n, p - 2n, ...g2), word(1n), "e(P, Q) e(-P, Q)");
  assert.equal(output(8, ...doubled, ...g2, 1n, p - 2n, ...g2, 1n, p - 2n, ...g2), word(1n));
  assert.equal(output(8, 0n, 0n, ...g2), word(1n), "infinity in G1");
  assert.equal(output(8, 1n, 2n, 0n, 0n, 0n, 0n), word(1n), "infinity in G2");
  assert.equal(output(8, 1n, 2n, ...g2, "00"), "failed", "193 bytes");
  assert.equal(output(8, 1n, 3n, ...g2), "failed", "not on the curve");
  assert.equal(output(8, 0n, 0n, ...g2.map((part) => part + 1n)), "failed", "not on the twist");
  assert.equal(output(8, 0n, 0n, g2[0] + p, g2[1], g2[2], g2[3]), "failed", "above the field");
  assert.equal(output(8, 0n, 0n, 0n, p, 0n, 0n), "failed", "p is not zero");
});

test("a point of the twist outside the subgroup is refused", () => {
  // the first x = (c0, 0) whose point lies on the twist: its cofactor is large, so it is not in the subgroup
  const { Fp2 } = bn254.fields;
  const b = Fp2.div({ c0: 3n, c1: 0n }, { c0: 9n, c1: 1n });
  for (let c0 = 1n; ; c0++) {
    const x = { c0, c1: 0n };
    const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), b);
    let y: typeof x;
    try {
      y = Fp2.sqrt(square);
    } catch {
      continue; // no square root
    }
    assert.equal(output(8, 0n, 0n, 0n, c0, y.c1, y.c0), "failed");
    return;
  }
});

test("the point evaluation gives the results of the consensus specifications' vectors", () => {
  const file = new URL("testdata/point-evaluation.json", import.meta.url);
  const { vectors } = JSON.parse(readFileSync(file, "utf8")) as {
    vectors: readonly { name: string; input: Hex; isValid: boolean }[];
  };
  const modulus = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";
  const answer = word(4_096n) + modulus;
  for (const { name, input, isValid } of vectors) {
    assert.equal(output(10, input.slice(2)), isValid ? answer : "failed", name);
    if (!isValid) continue;
    // the claimed value, the point, the commitment's hash: none of them may be another
    for (const at of [0, 1, 63, 95]) {
      const changed = hexToBytes(input);
      changed[at] = (changed[at] ?? 0) ^ 1;
      // a polynomial that is constant has its value at every point, and its proof is infinity
      const isStillTrue = at === 63 && input.endsWith(`c0${"0".repeat(94)}`);
      assert.equal(output(10, changed), isStillTrue ? answer : "failed", `${name}, byte ${at}`);
    }
  }
  const [first] = vectors;
  assert.equal(output(10, first?.input.slice(2) ?? "", "00"), "failed", "193 bytes");
});
