/** Tries: opening, and what reads along the path of one key. */
import { copy32, equal32 } from "../memory/bytes.ts";
import { allocate } from "../memory/arena.ts";
import {
  allocateHashReference,
  Branch,
  Extension,
  hashReference,
  kindBranch,
  kindLeaf,
  kindOpened,
  Leaf,
  Node,
  OpenedRoot,
  Short,
} from "./node.ts";
import { emitProofNode, emptyRootHash } from "./hash.ts";
import { commonNibbles, nibbleAt } from "./path.ts";
import { branchChild, extensionChild, rootNode } from "./read.ts";

/** Length of what the last `findInTrie` found, bytes. */
export let foundLength: usize = 0;

// Where on the path of a key a walk is, and where that key ends; nibbles.
let depth: usize = 0;
let keyLength: usize = 0;

/** Start of a run. What else this folder has at module level is set before it is used. */
export function resetTrie(): void {
  foundLength = 0;
}

/** The trie with this root hash; 0 when it is empty. No node is read yet. */
export function openTrie(rootHash: usize): usize {
  if (equal32(rootHash, emptyRootHash)) return 0;
  const reference = allocateHashReference();
  copy32(reference + 1, rootHash);
  const opened = changetype<OpenedRoot>(allocate(offsetof<OpenedRoot>()));
  opened.kind = kindOpened;
  opened.reference = reference;
  opened.root = reference;
  return changetype<usize>(opened);
}

/** Pointer to the value of a key, which stays as it is, or 0; `foundLength` is its length. Keeps the nodes it reads. */
export function findInTrie(root: usize, key: usize, nibbles: i32): usize {
  let last = beginPath(rootNode(root), nibbles);
  let next = last;
  while (next !== null) {
    last = next;
    next = nextOnPath(next, key);
  }
  foundLength = 0;
  if (last === null) return 0;
  if (last.kind === kindLeaf) {
    const leaf = changetype<Leaf>(last);
    if (leaf.pathLength !== keyLength - depth || !hasPath(leaf, key)) return 0;
    foundLength = leaf.valueLength;
    return leaf.value;
  }
  if (last.kind !== kindBranch || depth < keyLength) return 0;
  const branch = changetype<Branch>(last);
  foundLength = branch.valueLength;
  return branch.valueLength > 0 ? branch.value : 0;
}

/**
 * Emits the RLP of the nodes on the path of a key, topmost first, as far as there are any (EIP-1186). Nodes that are
 * inside the RLP of their parent are not emitted again. The trie has no changes that are not hashed.
 */
export function visitPath(root: usize, key: usize, nibbles: i32): void {
  const top = rootNode(root);
  let node = beginPath(top, nibbles);
  while (node !== null) {
    if (node.reference === 0) unreachable();
    if (node === top || load<u8>(node.reference) === hashReference) emitProofNode(node);
    node = nextOnPath(node, key);
  }
}

function beginPath(top: Node | null, nibbles: i32): Node | null {
  depth = 0;
  keyLength = <usize>nibbles;
  return top;
}

/** The node below `node` on the path of the key, or null where the path ends; `depth` moves along. */
function nextOnPath(node: Node, key: usize): Node | null {
  if (node.kind === kindBranch) {
    if (depth === keyLength) return null;
    const child = branchChild(changetype<Branch>(node), nibbleAt(key, depth));
    if (child !== null) depth += 1;
    return child;
  }
  if (node.kind === kindLeaf) return null;
  const extension = changetype<Extension>(node);
  if (!hasPath(extension, key)) return null;
  depth += extension.pathLength;
  return extensionChild(extension);
}

function hasPath(node: Short, key: usize): bool {
  return commonNibbles(node, key, depth, keyLength) === node.pathLength;
}
