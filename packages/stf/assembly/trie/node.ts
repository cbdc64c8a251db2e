/**
 * Nodes of a Merkle-Patricia trie (Yellow Paper, appendix D) in memory.
 *
 * A *slot* is where a node hangs: in a branch, in an extension, or at the root. It holds 0 (nothing), a pointer to a
 * node in memory, or a pointer to the node's *reference*: the RLP item by which the parent names it, which is its hash
 * (0xa0 and 32 bytes) or, when its RLP is shorter than 32 bytes, that RLP itself. A node in memory begins with its
 * kind and a reference with a byte from 0xa0 on, so the first byte tells them apart.
 *
 * A node whose `reference` is 0 has changed since it was hashed; so has then every node above it. No node is shared.
 */
import { allocate, allocateZeroed } from "../memory/arena.ts";

export const kindBranch: i32 = 1;
export const kindExtension: i32 = 2;
export const kindLeaf: i32 = 3;
/** A root that is known by its hash. */
export const kindOpened: i32 = 4;

/** First byte of a reference that is a hash; that of any other reference is higher. */
export const hashReference: u8 = 0xa0;
/** RLP of a node shorter than this is the reference itself. */
export const hashBytes: usize = 32;

const slotShift: usize = 2;
const branchSlots: usize = 16;

/** What all nodes begin with. */
@unmanaged
export class Node {
  kind: i32;
  /** Reference to this node in its present form; 0: not made yet. */
  reference: usize;
}

/** Sixteen slots, behind the record, and the value of the key that ends here. */
@unmanaged
export class Branch extends Node {
  value: usize;
  /** 0: no value. */
  valueLength: usize;
}

/** What leaves and extensions have in common: a part of the key, as nibbles of bytes that are never changed. */
@unmanaged
export class Short extends Node {
  path: usize;
  /** Where in `path` it begins, nibbles. */
  pathStart: usize;
  /** Nibbles. */
  pathLength: usize;
}

/** The rest of a key, and its value. */
@unmanaged
export class Leaf extends Short {
  value: usize;
  valueLength: usize;
}

/** A part that all keys below have in common. */
@unmanaged
export class Extension extends Short {
  /** Slot of a branch. */
  child: usize;
}

/** A root that is known by its hash. */
@unmanaged
export class OpenedRoot extends Node {
  /** Slot. */
  root: usize;
}

/** Whether a slot that is not 0 holds a reference, not a node in memory. */
export function isReference(slot: usize): bool {
  return load<u8>(slot) >= hashReference;
}

/** Size of a reference, bytes. */
export function referenceSize(reference: usize): usize {
  const first: usize = load<u8>(reference);
  return first === hashReference ? 1 + hashBytes : first - 0xc0 + 1;
}

/** Room for a hash as a reference; the hash itself, behind its prefix, is aligned to 8. */
export function allocateHashReference(): usize {
  const reference = allocate(8 + hashBytes) + 7;
  store<u8>(reference, hashReference);
  return reference;
}

/** A branch without children and value. */
export function makeBranch(): Branch {
  const branch = changetype<Branch>(
    allocateZeroed(offsetof<Branch>() + (branchSlots << slotShift)),
  );
  branch.kind = kindBranch;
  return branch;
}

/** An extension above the branch in `child`; its path is to be set. */
export function makeExtension(child: usize): Extension {
  const extension = changetype<Extension>(allocate(offsetof<Extension>()));
  extension.kind = kindExtension;
  extension.reference = 0;
  extension.child = child;
  return extension;
}

/** A leaf; its path is to be set. */
export function makeLeaf(value: usize, valueLength: usize): Leaf {
  const leaf = changetype<Leaf>(allocate(offsetof<Leaf>()));
  leaf.kind = kindLeaf;
  leaf.reference = 0;
  leaf.value = value;
  leaf.valueLength = valueLength;
  return leaf;
}

/** What is in one of the sixteen slots. */
export function slotOf(branch: Branch, nibble: usize): usize {
  return load<usize>(changetype<usize>(branch) + (nibble << slotShift), offsetof<Branch>());
}

/** Fills one of the sixteen slots. */
export function setSlot(branch: Branch, nibble: usize, content: usize): void {
  store<usize>(changetype<usize>(branch) + (nibble << slotShift), content, offsetof<Branch>());
}
