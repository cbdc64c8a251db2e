/**
 * Brings nodes into memory. They are parts of a state that somebody hashed, so one that is not well-formed cannot
 * occur, and the run ends with a trap.
 */
import { preimage, takePreimage } from "../host.ts";
import { preimageKeccak } from "../interface.ts";
import { allocate } from "../memory/arena.ts";
import { readItem, RlpItem } from "../codec/rlp-reader.ts";
import {
  Branch,
  Extension,
  hashReference,
  isReference,
  kindOpened,
  makeBranch,
  makeExtension,
  makeLeaf,
  Node,
  OpenedRoot,
  referenceSize,
  setSlot,
  Short,
  slotOf,
} from "./node.ts";
import { setPath } from "./path.ts";

const first = changetype<RlpItem>(memory.data(offsetof<RlpItem>()));
const second = changetype<RlpItem>(memory.data(offsetof<RlpItem>()));

/** The node in a slot of a branch, read when needed; null when there is none. */
export function branchChild(branch: Branch, nibble: usize): Node | null {
  const slot = slotOf(branch, nibble);
  if (slot === 0 || !isReference(slot)) return changetype<Node>(slot);
  const child = readNode(slot);
  setSlot(branch, nibble, changetype<usize>(child));
  return child;
}

/** The branch below an extension, read when needed. */
export function extensionChild(extension: Extension): Node {
  const slot = extension.child;
  if (!isReference(slot)) return changetype<Node>(slot);
  const child = readNode(slot);
  extension.child = changetype<usize>(child);
  return child;
}

/** The topmost node of a trie, read when needed; null when the trie is empty. */
export function rootNode(root: usize): Node | null {
  if (root === 0 || changetype<Node>(root).kind !== kindOpened) return changetype<Node>(root);
  const opened = changetype<OpenedRoot>(root);
  const slot = opened.root;
  if (!isReference(slot)) return changetype<Node>(slot);
  const node = readNode(slot);
  opened.root = changetype<usize>(node);
  return node;
}

function readNode(reference: usize): Node {
  if (load<u8>(reference) !== hashReference) {
    return parseNode(reference, referenceSize(reference), reference);
  }
  const size = <usize>preimage(preimageKeccak, reference + 1, 32);
  const encoded = allocate(size);
  takePreimage(encoded);
  return parseNode(encoded, size, reference);
}

function parseNode(at: usize, size: usize, reference: usize): Node {
  const end = at + size;
  if (!readItem(at, end, first) || !first.isList || first.end !== end) unreachable();
  const items = first.payload;
  if (!readItem(items, end, first) || !readItem(first.end, end, second)) unreachable();
  const node = second.end === end ? parseShort() : parseBranch(items, end);
  node.reference = reference;
  return node;
}

/** Hex-prefix path in `first`, value or reference in `second`. */
function parseShort(): Node {
  if (first.isList || first.length === 0) unreachable();
  const flags: usize = load<u8>(first.payload) >> 4;
  if (flags > 3) unreachable();
  const start: usize = 2 - (flags & 1);
  let node: Short;
  if (flags & 2) {
    if (second.isList || second.length === 0) unreachable();
    node = makeLeaf(second.payload, second.length);
  } else {
    if (!isNodeReference(first.end)) unreachable();
    node = makeExtension(first.end);
  }
  setPath(node, first.payload, start, 2 * first.length - start);
  return node;
}

function parseBranch(at: usize, end: usize): Node {
  const branch = makeBranch();
  for (let nibble: usize = 0; nibble < 16; nibble += 1) {
    if (at >= end) unreachable();
    if (load<u8>(at) === 0x80) {
      at += 1;
    } else {
      if (!isNodeReference(at)) unreachable();
      setSlot(branch, nibble, at);
      at += referenceSize(at);
    }
  }
  if (!readItem(at, end, first) || first.isList || first.end !== end) unreachable();
  branch.value = first.payload;
  branch.valueLength = first.length;
  return branch;
}

function isNodeReference(at: usize): bool {
  const prefix = load<u8>(at);
  return prefix === hashReference || (prefix > 0xc0 && prefix < 0xc0 + 31);
}
