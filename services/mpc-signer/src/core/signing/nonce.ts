/** The secret side of signing: a nonce pair and the one share it may make. RFC 9591, sections 5.1 and 5.2. */
import {
  assert,
  bytesToHex,
  frost,
  frostIdentifier,
  type Hex,
  hexToBytes,
  type NonceCommitment,
  type SigningPackage,
  toFrostPublic,
  toNobleCommitments,
} from "@sequorum/protocol";
import type { KeyShare } from "../dkg/dealer.ts";

/** SECRET. One use; lives in memory only. */
export type NoncePair = {
  readonly hiding: Uint8Array<ArrayBuffer>;
  readonly binding: Uint8Array<ArrayBuffer>;
};

/** A fresh nonce pair and its public commitments; `randomBytes` is the source of randomness. */
export function createNonce(
  share: KeyShare,
  randomBytes: (length?: number) => Uint8Array<ArrayBuffer>,
): { nonces: NoncePair; commitment: NonceCommitment } {
  const { nonces, commitments } = frost.commit(secretOf(share), randomBytes);
  return {
    nonces,
    commitment: {
      hiding: bytesToHex(commitments.hiding),
      binding: bytesToHex(commitments.binding),
    },
  };
}

/** This member's signature share. Zeroes the nonce pair: a second use throws. */
export function computeSignatureShare(
  pkg: SigningPackage,
  { share, nonces }: { share: KeyShare; nonces: NoncePair },
): Hex {
  assert(
    pkg.commitments.some(({ index }) => index === share.index),
    "this member is in the session",
    { index: share.index },
  );
  return bytesToHex(
    frost.signShare(
      secretOf(share),
      toFrostPublic(pkg.group),
      nonces,
      toNobleCommitments(pkg.commitments),
      hexToBytes(pkg.digest),
    ),
  );
}

/** Overwrites a nonce pair that will not be used. */
export function wipeNonce(nonces: NoncePair): void {
  nonces.hiding.fill(0);
  nonces.binding.fill(0);
}

function secretOf(share: KeyShare) {
  return { identifier: frostIdentifier(share.index), signingShare: hexToBytes(share.signingShare) };
}
