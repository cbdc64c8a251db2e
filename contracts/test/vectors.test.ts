// packages/protocol against the vectors that the contracts are checked with too (contracts/test/Vectors.t.sol).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  batchDigest,
  bytesToHex,
  chunkRoot,
  decodeBatchHeader,
  decodeFrostProof,
  encodeBatchHeader,
  encodeFrostProof,
  epochUpdateDigest,
  frostSchemeId,
  type Hex,
  hexToBytes,
  keccak256,
  membersHash,
  recoverAddress,
  verifySchnorr,
} from "@sequorum/protocol";

type Vectors<Case> = {
  readonly domain?: { chainId: string; rollupChain: Hex };
  readonly cases: readonly Case[];
};

function load<Case>(name: string): Vectors<Case> {
  return JSON.parse(readFileSync(new URL(`./vectors/${name}.json`, import.meta.url), "utf8"));
}

function domainOf({ domain }: Vectors<unknown>) {
  assert.ok(domain);
  return { l1ChainId: BigInt(domain.chainId), rollupChain: domain.rollupChain };
}

test("batch headers encode and hash as on L1", () => {
  const vectors = load<{ encoded: Hex; digest: Hex }>("batch-header");
  for (const [i, { encoded, digest }] of vectors.cases.entries()) {
    const header = decodeBatchHeader(hexToBytes(encoded));
    assert.ok(header, `case ${i} decodes`);
    assert.equal(bytesToHex(encodeBatchHeader(header)), encoded, `case ${i}`);
    assert.equal(batchDigest(header, domainOf(vectors)), digest, `case ${i}`);
  }
});

test("epoch updates hash as on L1", () => {
  type Case = { members: Hex[]; groupKey: Hex; update: Record<string, string>; digest: Hex };
  const vectors = load<Case>("epoch-update");
  for (const { members, groupKey, update, digest } of vectors.cases) {
    const { epoch = "", threshold = "", membersHash: hash, previousUpdateHash } = update;
    assert.equal(membersHash(members), hash, epoch);
    assert.equal(update["groupKeyHash"], keccak256(groupKey), epoch);
    const typed = {
      epoch: BigInt(epoch),
      schemeId: frostSchemeId,
      threshold: Number(threshold),
      membersHash: membersHash(members),
      groupKeyHash: keccak256(groupKey),
      previousUpdateHash: previousUpdateHash as Hex,
    };
    assert.equal(epochUpdateDigest(typed, domainOf(vectors)), digest, epoch);
  }
});

test("data roots are those of L1", () => {
  for (const { size, dataHash, root } of load<{ size: string; dataHash: Hex; root: Hex }>("da-root")
    .cases) {
    const data = Uint8Array.from(
      { length: Number(size) },
      (_, i) => (131 * i + Number(size)) % 256,
    );
    assert.equal(keccak256(data), dataHash, size);
    assert.equal(chunkRoot(data), root, size);
  }
});

test("group signatures are accepted and refused as on L1", () => {
  type Case = { description: string; px: Hex; digest: Hex; r: Hex; s: Hex; valid: boolean };
  for (const { description, px, digest, r, s, valid } of load<Case>("schnorr").cases) {
    assert.equal(verifySchnorr(px, digest, { r, s }), valid, description);
  }
});

test("proofs decode, encode and verify as on L1", () => {
  type Case = { groupKey: Hex; digest: Hex; members: Hex[]; bitmap: string; proof: Hex };
  for (const { groupKey, digest, members, proof } of load<Case>("frost-proof").cases) {
    const decoded = decodeFrostProof(proof);
    assert.ok(decoded);
    assert.equal(encodeFrostProof(decoded), proof);
    assert.equal(verifySchnorr(groupKey, digest, decoded.signature), true);
    for (const { index, signature } of decoded.endorsements)
      assert.equal(recoverAddress(digest, signature), members[index]);
  }
});
