/** Insertion and replacement of one key's value. */
import { allocate } from "../memory/arena.ts";
import { copyBytes, equalBytes } from "../memory/bytes.ts";
import { deleteFromTrie } from "./delete.ts";
import {
  Branch,
  Extension,
  kindBranch,
  kindLeaf,
  Leaf,
  makeBranch,
  makeExtension,
  makeLeaf,
  Node,
  setSlot,
  Short,
} from "./node.ts";
import { commonNibbles, nibbleAt, pathNibble, setPath, setPathCopy, shortenPath } from "./path.ts";
import { branchChild, extensionChild, rootNode } from "./read.ts";

/** Longest key, so that the RLP of a path has a prefix of one byte. States need 64, lists at most 18. */
const nibblesMax: i32 = 108;

// What is being inserted: arguments that do not change while `insert` goes down.
let newKey: usize = 0;
let newNibbles: usize = 0;
let newValue: usize = 0;
let newValueLength: usize = 0;

/**
 * Sets the value of a key and answers the new root; the old root is used no more. Copies key and value. Nothing is
 * marked as changed when the value is the present one. An empty value deletes the key.
 */
export function insertIntoTrie(
  root: usize,
  key: usize,
  nibbles: i32,
  value: usize,
  valueLength: usize,
): usize {
  if (valueLength === 0) return deleteFromTrie(root, key, nibbles);
  if (nibbles > nibblesMax) unreachable();
  newKey = key;
  newNibbles = <usize>nibbles;
  newValue = value;
  newValueLength = valueLength;
  const node = rootNode(root);
  return changetype<usize>(node === null ? leafFrom(0) : insert(node, 0));
}

/** Inserts below a node that the first `depth` nibbles of the key lead to; answers what comes into its place. */
function insert(node: Node, depth: usize): Node {
  if (node.kind === kindBranch) return insertIntoBranch(changetype<Branch>(node), depth);
  const short = changetype<Short>(node);
  const common = commonNibbles(short, newKey, depth, newNibbles);
  if (common < short.pathLength) return fork(short, depth, common);
  if (node.kind === kindLeaf) return insertAtLeaf(changetype<Leaf>(node), depth);
  const extension = changetype<Extension>(node);
  const child = insert(extensionChild(extension), depth + common);
  if (child.reference === 0) extension.reference = 0;
  return extension;
}

function insertIntoBranch(branch: Branch, depth: usize): Node {
  if (depth === newNibbles) {
    if (isNewValue(branch.value, branch.valueLength)) return branch;
    setBranchValue(branch);
    branch.reference = 0;
    return branch;
  }
  const nibble = nibbleAt(newKey, depth);
  const child = branchChild(branch, nibble);
  const inserted = child === null ? leafFrom(depth + 1) : insert(child, depth + 1);
  if (inserted.reference === 0) {
    setSlot(branch, nibble, changetype<usize>(inserted));
    branch.reference = 0;
  }
  return branch;
}

/** The leaf's whole path leads to where the key ends or goes on. */
function insertAtLeaf(leaf: Leaf, depth: usize): Node {
  const common = leaf.pathLength;
  if (depth + common < newNibbles) return fork(leaf, depth, common);
  if (isNewValue(leaf.value, leaf.valueLength)) return leaf;
  leaf.value = copyOfNewValue();
  leaf.valueLength = newValueLength;
  leaf.reference = 0;
  return leaf;
}

/** A branch behind the first `common` nibbles of a path, with what was below that path and with the new value. */
function fork(short: Short, depth: usize, common: usize): Node {
  const branch = makeBranch();
  const path = short.path;
  const pathStart = short.pathStart;
  hangBelow(branch, short, common);
  const end = depth + common;
  if (end === newNibbles) setBranchValue(branch);
  else setSlot(branch, nibbleAt(newKey, end), changetype<usize>(leafFrom(end + 1)));
  if (common === 0) return branch;
  const extension = makeExtension(changetype<usize>(branch));
  setPath(extension, path, pathStart, common);
  return extension;
}

/** Hangs a leaf or extension without the first `common` nibbles of its path into an empty branch. */
function hangBelow(branch: Branch, short: Short, common: usize): void {
  if (common === short.pathLength) {
    // a leaf whose key ends at the branch
    const leaf = changetype<Leaf>(short);
    branch.value = leaf.value;
    branch.valueLength = leaf.valueLength;
    return;
  }
  const nibble = pathNibble(short, common);
  shortenPath(short, common + 1);
  short.reference = 0;
  const isEmptied = short.kind !== kindLeaf && short.pathLength === 0;
  setSlot(
    branch,
    nibble,
    isEmptied ? changetype<Extension>(short).child : changetype<usize>(short),
  );
}

function leafFrom(depth: usize): Node {
  const leaf = makeLeaf(copyOfNewValue(), newValueLength);
  setPathCopy(leaf, newKey, depth, newNibbles - depth);
  return leaf;
}

function setBranchValue(branch: Branch): void {
  branch.value = copyOfNewValue();
  branch.valueLength = newValueLength;
}

function copyOfNewValue(): usize {
  const copy = allocate(newValueLength);
  copyBytes(copy, newValue, newValueLength);
  return copy;
}

function isNewValue(value: usize, valueLength: usize): bool {
  return valueLength === newValueLength && equalBytes(value, newValue, valueLength);
}
