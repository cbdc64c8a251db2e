/**
 * RLP and hashes of nodes (Yellow Paper, appendix D: the functions c and n). Only nodes that changed since they were
 * last hashed are encoded, each once, children first.
 */
import { emit } from "../host.ts";
import { outputNode, outputProofNode } from "../interface.ts";
import { allocate } from "../memory/arena.ts";
import { copy32, copyBytes } from "../memory/bytes.ts";
import { keccak256 } from "../crypto/keccak.ts";
import {
  bytesSize,
  listHeaderSize,
  writeBytes,
  writeHash,
  writeListHeader,
} from "../codec/rlp-writer.ts";
import {
  allocateHashReference,
  Branch,
  Extension,
  hashBytes,
  hashReference,
  isReference,
  kindBranch,
  kindLeaf,
  kindOpened,
  Leaf,
  Node,
  OpenedRoot,
  referenceSize,
  Short,
  slotOf,
} from "./node.ts";
import { hexPrefixSize, writeHexPrefix } from "./path.ts";

/** Root hash of the empty trie: keccak256(0x80). */
export const emptyRootHash: usize = memory.data<u8>([
  0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6, 0xff, 0x83, 0x45, 0xe6, 0x92, 0xc0, 0xf8, 0x6e,
  0x5b, 0x48, 0xe0, 0x1b, 0x99, 0x6c, 0xad, 0xc0, 0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21,
]);

/** More than a branch of a state or of a storage has: 3 + 16 x 33 + 1. Larger nodes get room of their own. */
const bufferBytes: usize = 1_024;
/** A hash and the RLP it is of. */
const buffer: usize = memory.data(32 + 1_024);

/** Size of the RLP that `encodeNode` wrote last. */
let encodedSize: usize = 0;

/**
 * Writes the root hash to `out`. When `isStored`, emits each node that is not inside the RLP of its parent and has
 * changed since the trie was last hashed.
 */
export function hashTrie(root: usize, out: usize, isStored: bool): void {
  if (root === 0) {
    copy32(out, emptyRootHash);
    return;
  }
  const isOpened = changetype<Node>(root).kind === kindOpened;
  const slot = isOpened ? changetype<OpenedRoot>(root).root : root;
  const reference = referenceTo(slot, isStored);
  if (load<u8>(reference) === hashReference) copy32(out, reference + 1);
  else hashSmallRoot(changetype<Node>(slot), out, isStored);
}

/** Emits the RLP of a node that has not changed since it was hashed. */
export function emitProofNode(node: Node): void {
  const encoded = encodeNode(node, false);
  emit(outputProofNode, encoded, encodedSize);
}

/** The root is hashed however short its RLP. */
function hashSmallRoot(root: Node, out: usize, isStored: bool): void {
  const encoded = encodeNode(root, isStored);
  keccak256(encoded, encodedSize, out);
  if (isStored) emitNode(encoded, out);
}

/** Stands before `encoded`: room for its hash. */
function emitNode(encoded: usize, hash: usize): void {
  copy32(encoded - hashBytes, hash);
  emit(outputNode, encoded - hashBytes, hashBytes + encodedSize);
}

/** Reference to what is in a slot that is not 0; changed nodes from there down are hashed. */
function referenceTo(slot: usize, isStored: bool): usize {
  if (isReference(slot)) return slot;
  const node = changetype<Node>(slot);
  if (node.reference !== 0) return node.reference;
  const encoded = encodeNode(node, isStored);
  if (encodedSize < hashBytes) {
    node.reference = allocate(encodedSize);
    copyBytes(node.reference, encoded, encodedSize);
  } else {
    node.reference = allocateHashReference();
    keccak256(encoded, encodedSize, node.reference + 1);
    if (isStored) emitNode(encoded, node.reference + 1);
  }
  return node.reference;
}

/** Writes the RLP of a node behind room for a hash; answers where, and sets `encodedSize`. */
function encodeNode(node: Node, isStored: bool): usize {
  if (node.kind === kindBranch) return encodeBranch(changetype<Branch>(node), isStored);
  if (node.kind === kindLeaf) return encodeLeaf(changetype<Leaf>(node));
  return encodeExtension(changetype<Extension>(node), isStored);
}

function encodeBranch(branch: Branch, isStored: bool): usize {
  let payloadSize = bytesSize(branch.value, branch.valueLength);
  // all children are hashed before the buffer is used for this node
  for (let nibble: usize = 0; nibble < 16; nibble += 1) {
    const slot = slotOf(branch, nibble);
    payloadSize += slot === 0 ? 1 : referenceSize(referenceTo(slot, isStored));
  }
  const encoded = beginNode(payloadSize);
  let at = writeListHeader(encoded, payloadSize);
  for (let nibble: usize = 0; nibble < 16; nibble += 1) {
    const slot = slotOf(branch, nibble);
    if (slot === 0) {
      store<u8>(at, 0x80);
      at += 1;
    } else {
      at = writeReference(at, referenceTo(slot, isStored));
    }
  }
  writeBytes(at, branch.value, branch.valueLength);
  return encoded;
}

function encodeLeaf(leaf: Leaf): usize {
  const payloadSize = pathItemSize(leaf) + bytesSize(leaf.value, leaf.valueLength);
  const encoded = beginNode(payloadSize);
  const at = writePathItem(writeListHeader(encoded, payloadSize), leaf);
  writeBytes(at, leaf.value, leaf.valueLength);
  return encoded;
}

function encodeExtension(extension: Extension, isStored: bool): usize {
  const reference = referenceTo(extension.child, isStored);
  const payloadSize = pathItemSize(extension) + referenceSize(reference);
  const encoded = beginNode(payloadSize);
  const at = writePathItem(writeListHeader(encoded, payloadSize), extension);
  writeReference(at, reference);
  return encoded;
}

function beginNode(payloadSize: usize): usize {
  encodedSize = listHeaderSize(payloadSize) + payloadSize;
  return hashBytes + (encodedSize <= bufferBytes ? buffer : allocate(hashBytes + encodedSize));
}

function writeReference(at: usize, reference: usize): usize {
  if (load<u8>(reference) === hashReference) return writeHash(at, reference + 1);
  const size = referenceSize(reference);
  copyBytes(at, reference, size);
  return at + size;
}

function pathItemSize(node: Short): usize {
  const size = hexPrefixSize(node);
  return size === 1 ? 1 : 1 + size;
}

/** Keys are short enough (insert.ts) for a prefix of one byte. */
function writePathItem(at: usize, node: Short): usize {
  const size = hexPrefixSize(node);
  if (size > 1) {
    store<u8>(at, 0x80 + size);
    at += 1;
  }
  return writeHexPrefix(at, node);
}
