/** RLP and tries of the module by themselves, compiled from the same sources with a test entry. */
import type { Hex } from "@sequorum/protocol";
import { type Compiled, compileAssembly } from "../test/assembly/compile.ts";
import type { Engine, Tree, TrieChange } from "./engine.ts";

/** Items of a description begin with a kind (1 byte) and a length (4 bytes, little-endian). */
const headBytes = 5;

/** Compiles the parts. */
export async function createPartsEngine(): Promise<
  Pick<Engine, "encodeRlp" | "decodeRlp" | "trieRoot">
> {
  const entry = new URL("../test/assembly/conformance-entry.ts", import.meta.url);
  const parts = await compileAssembly(entry, () => ({ emit: () => {} }));
  return {
    encodeRlp: (tree) => {
      parts.call("begin");
      const description = describe(tree);
      const source = put(parts, description);
      const out = parts.call("allocate", 2 * description.length + 16);
      return parts.bytes(out, parts.call("encodeRlp", source, out)).slice();
    },
    decodeRlp: (bytes) => {
      parts.call("begin");
      const source = put(parts, bytes);
      const out = parts.call("allocate", headBytes * (bytes.length + 1));
      const length = parts.call("decodeRlp", source, bytes.length, out) | 0;
      return length < 0 ? undefined : understand(parts.bytes(out, length).slice())[0];
    },
    trieRoot: (changes) => trieRoot(parts, changes),
  };
}

function trieRoot(parts: Compiled, changes: readonly TrieChange[]): Hex {
  parts.call("begin");
  let root = 0;
  for (const { key, value } of changes) {
    const [at, nibbles] = [put(parts, key), 2 * key.length];
    root =
      value === undefined
        ? parts.call("deleteFromTrie", root, at, nibbles)
        : parts.call("insertIntoTrie", root, at, nibbles, put(parts, value), value.length);
  }
  const out = parts.call("allocate", 32);
  parts.call("hashTrie", root, out, 0);
  return `0x${Buffer.from(parts.bytes(out, 32)).toString("hex")}`;
}

function put(parts: Compiled, bytes: Uint8Array): number {
  const at = parts.call("allocate", bytes.length);
  parts.bytes(at, bytes.length).set(bytes);
  return at;
}

function describe(tree: Tree): Uint8Array {
  const isList = !(tree instanceof Uint8Array);
  const content = isList ? Buffer.concat(tree.map(describe)) : tree;
  const head = Buffer.alloc(headBytes);
  head.writeUInt8(isList ? 1 : 0);
  head.writeUInt32LE(content.length, 1);
  return Buffer.concat([head, content]);
}

function understand(description: Uint8Array): Tree[] {
  const view = new DataView(description.buffer, description.byteOffset, description.byteLength);
  const trees: Tree[] = [];
  for (let at = 0; at < description.length; ) {
    const end = at + headBytes + view.getUint32(at + 1, true);
    const content = description.subarray(at + headBytes, end);
    trees.push(description[at] === 0 ? content : understand(content));
    at = end;
  }
  return trees;
}
