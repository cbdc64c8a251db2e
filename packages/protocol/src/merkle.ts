/**
 * Binary Merkle tree of the protocol, the same in Solidity.
 * leaf = keccak256(0x00 || data), node = keccak256(0x01 || left || right); an odd node is carried up
 * unchanged; the root of no leaves is 32 zero bytes. The number of leaves is known from the context.
 */
import { assert } from "./assert.ts";
import { concatBytes, type Hex, hexToBytes, keccak256, zeroHash } from "./bytes.ts";

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

/** Root over the leaves' data. */
export function merkleRoot(leaves: readonly (Uint8Array | Hex)[]): Hex {
  return levels(leaves).at(-1)?.[0] ?? zeroHash;
}

/** Sibling hashes of leaf `index` from the bottom up; levels where it is carried up have none. */
export function merkleProof(leaves: readonly (Uint8Array | Hex)[], index: number): Hex[] {
  assert(index >= 0 && index < leaves.length, "the leaf exists", { index, count: leaves.length });
  const proof: Hex[] = [];
  let position = index;
  for (const level of levels(leaves)) {
    const sibling = level[position ^ 1];
    if (sibling !== undefined && level.length > 1) proof.push(sibling);
    position >>= 1;
  }
  return proof;
}

/** Whether `proof` opens `root` at leaf `index` of `count` to `leaf`. */
export function verifyMerkleProof(
  root: Hex,
  leaf: Uint8Array | Hex,
  opening: { readonly index: number; readonly count: number; readonly proof: readonly Hex[] },
): boolean {
  let { index: position, count } = opening;
  if (position < 0 || position >= count) return false;
  const siblings = opening.proof[Symbol.iterator]();
  let hash = hashLeaf(leaf);
  for (; count > 1; count = (count + 1) >> 1) {
    if ((position ^ 1) < count) {
      const { value: sibling } = siblings.next();
      if (sibling === undefined) return false;
      hash = position % 2 === 0 ? hashNode(hash, sibling) : hashNode(sibling, hash);
    }
    position >>= 1;
  }
  return siblings.next().done === true && hash === root;
}

function levels(leaves: readonly (Uint8Array | Hex)[]): Hex[][] {
  if (leaves.length === 0) return [];
  const all = [leaves.map(hashLeaf)];
  for (let level = all[0] ?? []; level.length > 1; ) {
    const next: Hex[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i], level[i + 1]];
      assert(left !== undefined, "a pair has a left node", { i });
      next.push(right === undefined ? left : hashNode(left, right));
    }
    all.push(next);
    level = next;
  }
  return all;
}

function hashLeaf(data: Uint8Array | Hex): Hex {
  return keccak256(concatBytes(leafPrefix, typeof data === "string" ? hexToBytes(data) : data));
}

function hashNode(left: Hex, right: Hex): Hex {
  return keccak256(concatBytes(nodePrefix, hexToBytes(left), hexToBytes(right)));
}
