import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hashTypedData as viemHashTypedData, toRlp } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import {
  bytesToHex,
  type Hex,
  hashTypedData,
  hasQuorum,
  hexToBytes,
  keccak256,
  merkleProof,
  merkleRoot,
  privateKeyToPublicKey,
  publicKeyToAddress,
  quorum,
  type RlpItem,
  recoverAddress,
  rlpDecode,
  rlpEncode,
  signDigest,
  verifyMerkleProof,
  zeroHash,
} from "../src/index.ts";

const domain = { l1ChainId: 31337n, rollupChain: `0x${"ab".repeat(20)}` as Hex };
const key = hexToBytes(`0x${"11".repeat(32)}`);
const bytes = (max = 80) => fc.uint8Array({ maxLength: max });

test("a quorum is ceil(2n/3) of the members", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6, 7, 20].map(quorum), [1, 2, 2, 3, 4, 4, 5, 14]);
  assert.equal(hasQuorum(2n, 3n), true);
  assert.equal(hasQuorum(1n, 3n), false);
  assert.equal(hasQuorum(0n, 0n), false);
});

test("an EIP-712 digest equals viem's", () => {
  const type = "Vote(uint8 voteType,uint64 height,uint32 round,bytes32 blockId)";
  const expected = viemHashTypedData({
    domain: {
      name: "Sequorum",
      version: "1",
      chainId: 31337,
      verifyingContract: domain.rollupChain,
    },
    types: {
      Vote: [
        { name: "voteType", type: "uint8" },
        { name: "height", type: "uint64" },
        { name: "round", type: "uint32" },
        { name: "blockId", type: "bytes32" },
      ],
    },
    primaryType: "Vote",
    message: { voteType: 1, height: 7n, round: 2, blockId: zeroHash },
  });
  assert.equal(hashTypedData(domain, type, [1n, 7n, 2n, zeroHash]), expected);
});

test("RLP equals viem's and decodes to what was encoded", () => {
  const { item } = fc.letrec<{ item: RlpItem }>((tie) => ({
    item: fc.oneof({ maxDepth: 4 }, bytes(), fc.array(tie("item") as fc.Arbitrary<RlpItem>)),
  }));
  fc.assert(
    fc.property(item, (value) => {
      const encoded = rlpEncode(value);
      assert.equal(bytesToHex(encoded), toRlp(value as never, "hex"));
      assert.deepEqual(plain(rlpDecode(encoded)), plain(value));
    }),
  );
});

test("RLP decoding accepts canonical bytes only", () => {
  fc.assert(
    fc.property(bytes(12), (data) => {
      const decoded = attempt(() => rlpDecode(data));
      if (decoded !== undefined) assert.equal(bytesToHex(rlpEncode(decoded)), bytesToHex(data));
    }),
    { numRuns: 5_000 },
  );
});

test("a signature recovers its signer and no flipped bit does", () => {
  const digest = keccak256("0x01");
  const signature = signDigest(key, digest);
  const address = privateKeyToAccount(bytesToHex(key)).address.toLowerCase();
  assert.equal(publicKeyToAddress(privateKeyToPublicKey(key)), address);
  assert.equal(recoverAddress(digest, signature), address);
  for (let bit = 0; bit < 65 * 8; bit++) {
    assert.notEqual(recoverAddress(digest, flip(signature, bit)), address, `bit ${bit}`);
  }
});

test("a Merkle proof opens its leaf and nothing else", () => {
  for (let count = 1; count <= 17; count++) {
    const leaves = Array.from({ length: count }, (_, i) => Uint8Array.of(i));
    const root = merkleRoot(leaves);
    for (const [index, leaf] of leaves.entries()) {
      const proof = merkleProof(leaves, index);
      const opening = { index, count, proof };
      assert.ok(verifyMerkleProof(root, leaf, opening), `leaf ${index} of ${count}`);
      assert.ok(!verifyMerkleProof(root, Uint8Array.of(99), opening));
      assert.ok(!verifyMerkleProof(root, leaf, { ...opening, proof: [...proof, root] }));
      if (count > 1)
        assert.ok(!verifyMerkleProof(root, leaf, { ...opening, index: (index + 1) % count }));
    }
  }
  assert.equal(merkleRoot([]), zeroHash);
});

function flip(hex: Hex, bit: number): Hex {
  const data = hexToBytes(hex);
  data[bit >> 3] = (data[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return bytesToHex(data);
}

function plain(item: RlpItem): unknown {
  return item instanceof Uint8Array ? bytesToHex(item) : item.map(plain);
}

function attempt<T>(f: () => T): T | undefined {
  try {
    return f();
  } catch {
    return undefined;
  }
}
