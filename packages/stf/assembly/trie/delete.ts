/** Deletion of one key; what remains has the one shape that a trie of the remaining keys has. */
import {
  Branch,
  Extension,
  kindBranch,
  kindLeaf,
  Leaf,
  makeExtension,
  makeLeaf,
  Node,
  setSlot,
  Short,
  slotOf,
} from "./node.ts";
import { commonNibbles, nibbleAt, prependNibble, prependPath, setPath } from "./path.ts";
import { branchChild, extensionChild, rootNode } from "./read.ts";

// Arguments that do not change while `remove` goes down.
let oldKey: usize = 0;
let oldNibbles: usize = 0;

/** Deletes a key and answers the new root; the old root is used no more. Nothing is marked as changed when the key is absent. */
export function deleteFromTrie(root: usize, key: usize, nibbles: i32): usize {
  oldKey = key;
  oldNibbles = <usize>nibbles;
  const node = rootNode(root);
  return node === null ? 0 : changetype<usize>(remove(node, 0));
}

/** Removes the key below a node that its first `depth` nibbles lead to; answers what comes into the node's place. */
function remove(node: Node, depth: usize): Node | null {
  if (node.kind === kindBranch) return removeFromBranch(changetype<Branch>(node), depth);
  const short = changetype<Short>(node);
  if (commonNibbles(short, oldKey, depth, oldNibbles) < short.pathLength) return node;
  const end = depth + short.pathLength;
  if (node.kind === kindLeaf) return end === oldNibbles ? null : node;
  return removeFromExtension(changetype<Extension>(node), end);
}

function removeFromExtension(extension: Extension, depth: usize): Node {
  const left = remove(extensionChild(extension), depth);
  // a branch has at least two entries, so one remains
  if (left === null) return unreachable();
  if (left.reference !== 0) return extension;
  return extend(extension, left);
}

function removeFromBranch(branch: Branch, depth: usize): Node {
  if (depth === oldNibbles) {
    if (branch.valueLength === 0) return branch;
    branch.valueLength = 0;
    return collapse(branch);
  }
  const nibble = nibbleAt(oldKey, depth);
  const child = branchChild(branch, nibble);
  if (child === null) return branch;
  const left = remove(child, depth + 1);
  if (left !== null && left.reference !== 0) return branch;
  setSlot(branch, nibble, changetype<usize>(left));
  if (left === null) return collapse(branch);
  branch.reference = 0;
  return branch;
}

/** A branch that lost an entry, or, when one is left, what stands for that one alone. */
function collapse(branch: Branch): Node {
  branch.reference = 0;
  let only: usize = 16;
  for (let nibble: usize = 0; nibble < 16; nibble += 1) {
    if (slotOf(branch, nibble) === 0) continue;
    if (only < 16 || branch.valueLength > 0) return branch;
    only = nibble;
  }
  const sibling = only < 16 ? branchChild(branch, only) : null;
  if (sibling === null) return leafAtBranch(branch);
  // its kind is known only now that it is read
  if (sibling.kind === kindBranch) {
    const extension = makeExtension(changetype<usize>(sibling));
    setPath(extension, 0, 0, 0);
    prependNibble(extension, only);
    return extension;
  }
  sibling.reference = 0;
  prependNibble(changetype<Short>(sibling), only);
  return sibling;
}

/** Only the value of a branch is left. */
function leafAtBranch(branch: Branch): Leaf {
  const leaf = makeLeaf(branch.value, branch.valueLength);
  setPath(leaf, 0, 0, 0);
  return leaf;
}

/** An extension above what its branch became, which has changed. */
function extend(extension: Extension, below: Node): Node {
  if (below.kind === kindBranch) {
    extension.child = changetype<usize>(below);
    extension.reference = 0;
    return extension;
  }
  prependPath(changetype<Short>(below), extension);
  return below;
}
