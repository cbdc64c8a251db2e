import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  aggregateShares,
  frostSuiteName,
  type Hex,
  hexToBytes,
  isSignatureShareValid,
  type NonceCommitment,
  type SchnorrSignature,
  type SigningPackage,
} from "@sequorum/protocol";
import { computeSignatureShare } from "../../src/core/signing/nonce.ts";

type Transcript = {
  description: string;
  threshold: number;
  groupKey: Hex;
  commitment: Hex[];
  verifyingShares: Hex[];
  digest: Hex;
  signers: {
    index: number;
    signingShare: Hex;
    nonces: { hiding: Hex; binding: Hex };
    commitment: NonceCommitment & { index: number };
    signatureShare: Hex;
  }[];
  signature: SchnorrSignature;
};

const file = JSON.parse(
  readFileSync(
    new URL("../../../../contracts/test/vectors/frost-ethkeccak.json", import.meta.url),
    "utf8",
  ),
) as { suite: string; transcripts: Transcript[] };

test("S1 the suite's transcripts give the same shares and the same signature, byte for byte", () => {
  assert.equal(file.suite, frostSuiteName);
  assert.ok(file.transcripts.length >= 5);
  for (const {
    description,
    threshold,
    groupKey,
    commitment,
    verifyingShares,
    digest,
    signers,
    signature,
  } of file.transcripts) {
    const pkg: SigningPackage = {
      group: { threshold, groupKey, commitment, verifyingShares },
      digest,
      commitments: signers.map((signer) => signer.commitment),
    };
    const shares = new Map<number, Hex>();
    for (const { index, signingShare, nonces, signatureShare } of signers) {
      const pair = {
        hiding: new Uint8Array(hexToBytes(nonces.hiding)),
        binding: new Uint8Array(hexToBytes(nonces.binding)),
      };
      const share = computeSignatureShare(pkg, { share: { index, signingShare }, nonces: pair });
      assert.equal(share, signatureShare, description);
      assert.ok(isSignatureShareValid(pkg, { index, share }), description);
      shares.set(index, share);
    }
    assert.deepEqual(aggregateShares(pkg, shares), { type: "signed", signature }, description);
  }
});
