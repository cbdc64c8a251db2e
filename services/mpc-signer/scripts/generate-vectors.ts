/** Writes contracts/test/vectors/frost-ethkeccak.json: the suite's own vectors, checked in TypeScript and in Solidity. */
import { writeFileSync } from "node:fs";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import {
  aggregateShares,
  bytesToHex,
  encodeFrostProof,
  frost,
  frostSuiteName,
  fromFrostPublic,
  type Hex,
  hexToBytes,
  keccak256,
  normaliseToEvenY,
  type SchnorrSignature,
  signDigest,
  verifySchnorr,
} from "@sequorum/protocol";

type Vector = {
  description: string;
  groupKey: Hex;
  digest: Hex;
  r: Hex;
  s: Hex;
  expected: boolean;
};
type Signed = { groupKey: Hex; digest: Hex; signature: SchnorrSignature; transcript: object };

const order = secp256k1.Point.Fn.ORDER;
const word = (value: bigint): Hex => `0x${value.toString(16).padStart(64, "0")}`;

/** A reproducible stream of bytes; vectors only, never a source of real keys. */
function seededRng(label: string): (length?: number) => Uint8Array<ArrayBuffer> {
  let calls = 0;
  return (length = 32) => {
    calls += 1;
    return new Uint8Array(
      hkdf(
        sha256,
        new TextEncoder().encode(label),
        undefined,
        new TextEncoder().encode(`${calls}`),
        length,
      ),
    );
  };
}

function sign(label: string, { n, t, digest }: { n: number; t: number; digest: Hex }): Signed {
  const rng = seededRng(label);
  const dealt = frost.trustedDealer({ min: t, max: n }, undefined, undefined, rng);
  const ids = Object.keys(dealt.secretShares).sort().slice(0, t);
  const keys = ids.map((id) =>
    normaliseToEvenY({ public: dealt.public, secret: dealt.secretShares[id] as never }),
  );
  const pub = keys[0]?.public as never;
  const rounds = keys.map((key) => ({ key, ...frost.commit(key.secret, rng) }));
  const list = rounds.map(({ commitments }) => commitments);
  const nonces = rounds.map((round) => ({
    hiding: bytesToHex(round.nonces.hiding),
    binding: bytesToHex(round.nonces.binding),
  }));
  const shares = rounds.map((round) =>
    frost.signShare(round.key.secret, pub, round.nonces, list, hexToBytes(digest)),
  );
  const group = fromFrostPublic(pub);
  const commitments = list.map((c, index) => ({
    index,
    hiding: bytesToHex(c.hiding),
    binding: bytesToHex(c.binding),
  }));
  const result = aggregateShares(
    { group, digest, commitments },
    new Map(shares.map((share, index) => [index, bytesToHex(share)])),
  );
  if (result.type !== "signed") throw new Error("vector does not aggregate");
  const transcript = {
    description: label,
    participants: n,
    threshold: t,
    groupKey: group.groupKey,
    commitment: group.commitment,
    verifyingShares: group.verifyingShares,
    digest,
    signers: rounds.map((round, index) => ({
      index,
      signingShare: bytesToHex(round.key.secret.signingShare),
      nonces: nonces[index],
      commitment: commitments[index],
      signatureShare: bytesToHex(shares[index] ?? new Uint8Array()),
    })),
    signature: result.signature,
  };
  return { groupKey: group.groupKey, digest, signature: result.signature, transcript };
}

function negatives({ groupKey, digest, signature: { r, s } }: Signed, other: Signed): Vector[] {
  const flip = (hex: Hex, byte: number): Hex => {
    const bytes = hexToBytes(hex);
    bytes[byte] = (bytes[byte] ?? 0) ^ 1;
    return bytesToHex(bytes);
  };
  const wrong = (description: string, change: Partial<Vector>): Vector => ({
    description,
    groupKey,
    digest,
    r,
    s,
    ...change,
    expected: false,
  });
  return [
    ...[0, 15, 31].map((i) => wrong(`bit flipped in byte ${i} of s`, { s: flip(s, i) })),
    ...[0, 10, 19].map((i) => wrong(`bit flipped in byte ${i} of r`, { r: flip(r, i) })),
    ...[0, 31].map((i) =>
      wrong(`bit flipped in byte ${i} of the digest`, { digest: flip(digest, i) }),
    ),
    wrong("signature of another key", { groupKey: other.groupKey }),
    wrong("signature of another digest", { digest: other.digest }),
    wrong("r of another signature", { r: other.signature.r }),
    wrong("s negated", { s: word(order - BigInt(s)) }),
    wrong("s plus n does not fit, s = n", { s: word(order) }),
    wrong("s = 0", { s: word(0n) }),
    wrong("s = 2^256 - 1", { s: word(2n ** 256n - 1n) }),
    wrong("r = address(0)", { r: `0x${"00".repeat(20)}` }),
    wrong("group key 0", { groupKey: word(0n) }),
    wrong("group key = n", { groupKey: word(order) }),
    wrong("group key is no x-coordinate of the curve", { groupKey: word(5n) }),
  ];
}

function main(): void {
  const signed = [
    ["2 of 3", 3, 2],
    ["4 of 5", 5, 4],
    ["5 of 7", 7, 5],
    ["2 of 2", 2, 2],
    ["3 of 4", 4, 3],
    ["7 of 10", 10, 7],
  ].map(([label, n, t], i) =>
    sign(`${frostSuiteName} vector ${i}: ${label}`, {
      n: Number(n),
      t: Number(t),
      digest: keccak256(new TextEncoder().encode(`sequorum vector ${i}`)),
    }),
  );
  const [first, second] = signed;
  if (first === undefined || second === undefined) throw new Error("vectors exist");
  const edge = [word(0n), word(2n ** 256n - 1n)].map((digest) =>
    sign(`${frostSuiteName} edge ${digest}`, { n: 5, t: 4, digest }),
  );
  const vectors: Vector[] = [
    ...[...signed, ...edge].map(({ groupKey, digest, signature }, i) => ({
      description: `valid ${i}`,
      groupKey,
      digest,
      ...signature,
      expected: true,
    })),
    ...negatives(first, second),
  ];
  for (const v of vectors) {
    if (verifySchnorr(v.groupKey, v.digest, v) !== v.expected)
      throw new Error(`vector is wrong: ${v.description}`);
  }
  const endorsers = [1, 2, 3, 4, 5].map((i) => hexToBytes(word(BigInt(i))));
  const proofs = [[0, 1, 2, 3], [0, 1, 2, 3, 4], [1, 4], []].map((indexes) => {
    const endorsements = indexes.map((index) => ({
      index,
      signature: signDigest(endorsers[index] as Uint8Array, first.digest),
    }));
    return {
      digest: first.digest,
      groupKey: first.groupKey,
      signature: first.signature,
      endorsements,
      encoded: encodeFrostProof({ signature: first.signature, endorsements }),
    };
  });
  const file = new URL("../../../contracts/test/vectors/frost-ethkeccak.json", import.meta.url);
  const body = {
    suite: frostSuiteName,
    note: "challenge = keccak256(groupKey | 0x1b | digest | r) mod n; endorser i has private key i + 1; sequorum test vectors, no real keys",
    vectors,
    proofs,
    transcripts: signed.map(({ transcript }) => transcript),
  };
  writeFileSync(file, `${JSON.stringify(body, undefined, 2)}\n`);
}

main();
