/** A pool of three members with a group key whose secret one test holds. */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import type { Hex } from "@sequorum/protocol";
import {
  bytesToBigint,
  bytesToHex,
  encodeFrostProof,
  hexToBytes,
  keccak256,
  pointToAddress,
  privateKeyToPublicKey,
  publicKeyToAddress,
  schnorrChallenge,
  signDigest,
} from "@sequorum/protocol";

const { Fn, BASE } = { Fn: secp256k1.Point.Fn, BASE: secp256k1.Point.BASE };

/** Sequencer keys in epoch order. */
export const memberKeys: readonly Uint8Array[] = [1, 2, 3].map((byte) =>
  new Uint8Array(32).fill(byte),
);
export const memberPublicKeys: readonly Hex[] = memberKeys.map(privateKeyToPublicKey);
export const memberStakeWei = 20_000n * 10n ** 18n;
export const members = memberPublicKeys.map((publicKey) => ({
  address: publicKeyToAddress(publicKey),
  stakeWei: memberStakeWei,
}));

/** The group secret with even Y, and its public x-coordinate. */
const groupSecret = (() => {
  const secret = bytesToBigint(new Uint8Array(32).fill(9));
  const isEven = BASE.multiply(secret).toBytes(true)[0] === 2;
  return isEven ? secret : Fn.neg(secret);
})();
export const groupKey = bytesToHex(BASE.multiply(groupSecret).toBytes(true).subarray(1));

/** The proof that L1 wants over the digest, with endorsements of the given members. */
export function prove(digest: Hex, endorsers: readonly number[] = [0, 1, 2]): Hex {
  const nonce = Fn.create(BigInt(keccak256(digest)));
  const r = pointToAddress(BASE.multiply(nonce));
  const e = schnorrChallenge(hexToBytes(groupKey), hexToBytes(digest), hexToBytes(r));
  const s: Hex = `0x${Fn.add(nonce, Fn.mul(e, groupSecret)).toString(16).padStart(64, "0")}`;
  const endorsements = endorsers.map((index) => ({
    index,
    signature: signDigest(memberKeys[index] ?? new Uint8Array(32), digest),
  }));
  return encodeFrostProof({ signature: { r, s }, endorsements });
}
