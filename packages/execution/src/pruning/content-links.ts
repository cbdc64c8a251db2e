/** What a content refers to: the edges along which a state is walked (Yellow Paper, appendix D). */
import { assert, type RlpItem, rlpDecode } from "@sequorum/protocol";

/** What a content is, which its bytes alone do not tell. */
export type ContentKind = "header" | "accountNode" | "storageNode" | "code";

/** A content that another one refers to. */
export type ContentLink = { readonly hash: Uint8Array; readonly kind: ContentKind };

const branchItems = 17;
/** Flag of the first nibble of a compact path: the node is a leaf (appendix C). */
const leafFlag = 0x20;
/** Places in a header's and in an account's list. */
const headerParent = 0;
const headerStateRoot = 3;
const accountStorageRoot = 2;
const accountCodeHash = 3;

/** keccak256 of RLP's empty string: the root of a trie without entries, which is stored nowhere. */
const emptyTrieRoot = Buffer.from(
  "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
  "hex",
);
/** keccak256 of nothing: the code of an account without code. */
const emptyCodeHash = Buffer.from(
  "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
  "hex",
);

/** Everything that `content` refers to, once for each reference. A header refers to its parent first, then to its state. */
export function linksOf(kind: ContentKind, content: Uint8Array): ContentLink[] {
  if (kind === "code") return [];
  const links: ContentLink[] = [];
  if (kind === "header") {
    const fields = listOf(rlpDecode(content));
    links.push({ hash: hashOf(fields[headerParent]), kind: "header" });
    addTrie(links, hashOf(fields[headerStateRoot]), "accountNode");
  } else {
    addNode(links, kind, rlpDecode(content));
  }
  return links;
}

function addNode(links: ContentLink[], kind: "accountNode" | "storageNode", node: RlpItem): void {
  const items = listOf(node);
  if (items.length === branchItems) {
    // keys of both tries have one length, so a branch holds no value
    for (const child of items.slice(0, branchItems - 1)) addChild(links, kind, child);
    return;
  }
  const [path, target] = items;
  assert(path instanceof Uint8Array && target !== undefined, "a trie node has 2 or 17 items");
  if (((path[0] ?? 0) & leafFlag) === 0) return addChild(links, kind, target);
  if (kind === "storageNode") return;
  assert(target instanceof Uint8Array, "a leaf holds a value");
  const account = listOf(rlpDecode(target));
  addTrie(links, hashOf(account[accountStorageRoot]), "storageNode");
  const codeHash = hashOf(account[accountCodeHash]);
  if (!emptyCodeHash.equals(codeHash)) links.push({ hash: codeHash, kind: "code" });
}

function addChild(links: ContentLink[], kind: "accountNode" | "storageNode", child: RlpItem): void {
  // a node that stands in its parent is shorter than a hash, so it refers to nothing
  if (child instanceof Uint8Array && child.length > 0) links.push({ hash: hashOf(child), kind });
}

function addTrie(links: ContentLink[], root: Uint8Array, kind: ContentKind): void {
  if (!emptyTrieRoot.equals(root)) links.push({ hash: root, kind });
}

function listOf(item: RlpItem): readonly RlpItem[] {
  assert(!(item instanceof Uint8Array), "the content is a list");
  return item;
}

function hashOf(item: RlpItem | undefined): Uint8Array {
  assert(item instanceof Uint8Array && item.length === 32, "a reference is a hash");
  return item;
}
