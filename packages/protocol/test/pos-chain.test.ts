/** Votes, certificates and blocks of the PoS chain: digests, encodings, verification. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  bodyMatchesHeader,
  buildPosBlock,
  bytesToHex,
  type CommitCertificate,
  decodeCommitCertificate,
  decodePosBlock,
  decodeSignedProposal,
  decodeSignedVote,
  encodeCommitCertificate,
  encodePosBlock,
  encodeSignedProposal,
  encodeSignedVote,
  findCertificateFault,
  type Hex,
  hexToBytes,
  keccak256,
  posBlockId,
  privateKeyToPublicKey,
  proposalDigest,
  publicKeyToAddress,
  RlpError,
  rlpEncode,
  rlpUint,
  type SigningDomain,
  signDigest,
  type Vote,
  voteDigest,
  zeroHash,
} from "../src/index.ts";

const domain: SigningDomain = {
  l1ChainId: 31_337n,
  rollupChain: "0x00000000000000000000000000000000000000aa",
};
const keys = [1n, 2n, 3n, 4n].map((n) => {
  const privateKey = hexToBytes(`0x${n.toString(16).padStart(64, "0")}`);
  return { privateKey, address: publicKeyToAddress(privateKeyToPublicKey(privateKey)) };
});
const validators = keys.map(({ address }) => ({ address, power: 10n }));
const blockId: Hex = `0x${"17".repeat(32)}`;
const precommit: Vote = { type: "precommit", height: 9n, round: 2, blockId };

const block = buildPosBlock(
  {
    height: 9n,
    timestampMs: 1_700_000_000_123n,
    proposer: keys[0]?.address ?? "0x",
    parentId: `0x${"01".repeat(32)}`,
    appHash: `0x${"02".repeat(32)}`,
    validatorsHash: `0x${"03".repeat(32)}`,
  },
  {
    transactions: ["0xaabb", "0x"],
    certified: { from: 5n, hashes: [`0x${"04".repeat(32)}`, `0x${"05".repeat(32)}`] },
    lastCommit: certificateOf([0, 1, 3]),
  },
);

function certificateOf(signers: readonly number[], vote: Vote = precommit): CommitCertificate {
  const { height, round } = vote;
  const signatures = signers.map((i) => {
    const key = keys[i];
    assert.ok(key);
    return {
      validator: key.address,
      signature: signDigest(key.privateKey, voteDigest(domain, vote)),
    };
  });
  return { height, round, blockId: vote.blockId, signatures };
}

test("the digests that are signed do not change", () => {
  assert.deepEqual(
    [
      voteDigest(domain, precommit),
      voteDigest(domain, { ...precommit, type: "prevote", blockId: zeroHash }),
      proposalDigest(domain, { height: 9n, round: 2, validRound: -1, blockId }),
      posBlockId(domain, block.header),
      keccak256(encodePosBlock(block)),
    ],
    [
      // The first three also by viem's hashTypedData.
      "0x36dd81ce66a052fdc57e9be957557357b23db398207936ef3a7f3344d9434c70",
      "0x3805981413f9783465b2004970e90aa274bb734065ac89606a5535533942b715",
      "0x0c37e33773e2fcafb6a02e590b8085fa8586d7ac4163588becd321906beefea8",
      "0x88b5246ada350f8da64c0bc01dffc9647f8d9688d6480a4bfd6231183d8f40d3",
      "0xe562d45096ec4472c4538453746f23f60438de5b4cc6270ce37fcac2ca13a276",
    ],
  );
});

test("every field of a vote, and the domain, is in its digest", () => {
  const digests = [
    voteDigest(domain, precommit),
    voteDigest(domain, { ...precommit, type: "prevote" }),
    voteDigest(domain, { ...precommit, height: 10n }),
    voteDigest(domain, { ...precommit, round: 3 }),
    voteDigest(domain, { ...precommit, blockId: zeroHash }),
    voteDigest({ ...domain, l1ChainId: 1n }, precommit),
    voteDigest({ ...domain, rollupChain: `0x${"ab".repeat(20)}` }, precommit),
    proposalDigest(domain, { height: 9n, round: 2, validRound: 1, blockId }),
    proposalDigest(domain, { height: 9n, round: 2, validRound: -1, blockId }),
  ];
  assert.equal(new Set(digests).size, digests.length);
});

test("every field of a header is in the block's id", () => {
  const { header } = block;
  const other = `0x${"ee".repeat(32)}` as const;
  const changed = [
    { ...header, version: 2 },
    { ...header, height: 8n },
    { ...header, timestampMs: 1n },
    { ...header, proposer: keys[1]?.address ?? "0x" },
    { ...header, parentId: other },
    { ...header, lastCommitHash: other },
    { ...header, appHash: other },
    { ...header, validatorsHash: other },
    { ...header, transactionsRoot: other },
    { ...header, certifiedFrom: 1n },
    { ...header, certifiedTo: 1n },
    { ...header, certifiedRoot: other },
  ];
  const ids = [header, ...changed].map((candidate) => posBlockId(domain, candidate));
  assert.equal(new Set(ids).size, ids.length);
});

test("a header commits to the whole body", () => {
  assert.ok(bodyMatchesHeader(block));
  const { certified, transactions } = block;
  const bodies = [
    { transactions: [...transactions, "0x01"] as const },
    { transactions: [...transactions].reverse() },
    { certified: { ...certified, from: 6n } },
    { certified: { ...certified, hashes: [] } },
    { certified: { ...certified, hashes: [...certified.hashes].reverse() } },
    { lastCommit: undefined },
    { lastCommit: certificateOf([0, 1, 2]) },
  ];
  for (const body of bodies) assert.equal(bodyMatchesHeader({ ...block, ...body }), false);
});

test("blocks, certificates, votes and proposals survive encoding", () => {
  assert.deepEqual(decodePosBlock(encodePosBlock(block)), block);
  const first = { ...block, lastCommit: undefined, certified: { from: 1n, hashes: [] } };
  const empty = buildPosBlock(block.header, { ...first, transactions: [] });
  assert.deepEqual(decodePosBlock(encodePosBlock(empty)), empty);
  const certificate = certificateOf([0, 2, 3]);
  assert.deepEqual(decodeCommitCertificate(encodeCommitCertificate(certificate)), certificate);
  const [key] = keys;
  assert.ok(key);
  const vote = {
    ...precommit,
    validator: key.address,
    signature: signDigest(key.privateKey, voteDigest(domain, precommit)),
  };
  assert.deepEqual(decodeSignedVote(domain, encodeSignedVote(vote)), vote);
  const proposal = { height: 9n, round: 2, validRound: -1, blockId };
  const signature = signDigest(key.privateKey, proposalDigest(domain, proposal));
  const signed = { ...proposal, proposer: key.address, signature };
  assert.deepEqual(decodeSignedProposal(domain, encodeSignedProposal(signed)), signed);
});

test("a block has one encoding: any changed byte is another block or none", () => {
  const bytes = encodePosBlock(block);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ change;
      try {
        assert.equal(bytesToHex(encodePosBlock(decodePosBlock(changed))), bytesToHex(changed));
      } catch (error) {
        assert.ok(error instanceof RlpError, String(error));
      }
    }),
    { numRuns: 300 },
  );
});

test("votes of unknown type, too large rounds and bad signatures do not decode", () => {
  const encode = (type: bigint, round: bigint, signature: Uint8Array) =>
    rlpEncode([rlpUint(type), rlpUint(1n), rlpUint(round), hexToBytes(blockId), signature]);
  const signature = new Uint8Array(65).fill(1);
  for (const bytes of [
    encode(3n, 0n, signature),
    encode(1n, 2n ** 31n, signature),
    encode(1n, 0n, signature),
    encode(1n, 0n, new Uint8Array(64)),
  ]) {
    assert.throws(() => decodeSignedVote(domain, bytes), RlpError);
  }
});

test("a certificate needs more than two thirds, distinct members in order and each signature", () => {
  const fault = (certificate: CommitCertificate) =>
    findCertificateFault(domain, certificate, validators);
  assert.equal(fault(certificateOf([0, 1, 2, 3])), undefined);
  assert.equal(fault(certificateOf([1, 2, 3])), undefined);
  assert.equal(fault(certificateOf([0, 1])), "POWER_TOO_LOW");
  assert.equal(
    findCertificateFault(domain, certificateOf([0, 1]), validators.slice(0, 3)),
    "POWER_TOO_LOW",
    "exactly two thirds",
  );
  assert.equal(fault(certificateOf([0, 1, 1, 2])), "SIGNERS_NOT_IN_ORDER");
  assert.equal(fault(certificateOf([2, 1, 0])), "SIGNERS_NOT_IN_ORDER");
  assert.equal(
    findCertificateFault(domain, certificateOf([0, 1, 2, 3]), validators.slice(0, 3)),
    "SIGNER_NOT_IN_SET",
  );
  assert.equal(
    fault(certificateOf([0, 1, 2], { ...precommit, blockId: zeroHash })),
    "NIL_CERTIFICATE",
  );
  const good = certificateOf([0, 1, 2]);
  for (const change of [
    { height: 8n },
    { round: 3 },
    { blockId: `0x${"18".repeat(32)}` as const },
  ]) {
    assert.equal(fault({ ...good, ...change }), "BAD_SIGNATURE");
  }
  const prevotes = certificateOf([0, 1, 2], { ...precommit, type: "prevote" });
  assert.equal(fault(prevotes), "BAD_SIGNATURE", "prevotes are no commit");
  const [a, b, c] = good.signatures;
  assert.ok(a && b && c);
  const swapped = [{ ...a, signature: b.signature }, { ...b, signature: a.signature }, c];
  assert.equal(fault({ ...good, signatures: swapped }), "BAD_SIGNATURE");
});
