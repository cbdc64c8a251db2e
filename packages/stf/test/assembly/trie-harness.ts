/** A trie of the module with a store of nodes behind it, as tests want it. */
import assert from "node:assert/strict";
import { RLP } from "@ethereumjs/rlp";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { outputNode, outputProofNode, preimageKeccak } from "../../assembly/interface.ts";
import { type Compiled, compileAssembly } from "./compile.ts";

export type Bytes = Uint8Array;

/** One change: `undefined` deletes. */
export type Change = readonly [key: Bytes, value: Bytes | undefined];

export const hex = (bytes: Bytes): string => Buffer.from(bytes).toString("hex");

/** keccak256(0x80). */
export const emptyRoot = keccak_256(Uint8Array.of(0x80));

export type Harness = {
  /** Nodes by their hash, hex. What tries emit is added. */
  readonly store: Map<string, Bytes>;
  /** Hashes of the nodes that the module asked for since `open`. */
  readonly reads: string[];
  /** Forgets the memory and opens the trie with this root. */
  open(root: Bytes): void;
  insert(key: Bytes, value: Bytes): void;
  insertItem(index: number, value: Bytes): void;
  remove(key: Bytes): void;
  find(key: Bytes): Bytes | undefined;
  /** The root hash, and the hashes of the nodes that were emitted. */
  hash(isStored: boolean): { readonly root: Bytes; readonly emitted: readonly string[] };
  proof(key: Bytes): readonly Bytes[];
  /** Whether what lies behind the static data, where tries have no business, is as it was. */
  isBeyondStaticDataClear(): boolean;
};

/** Longest value that tests use, bytes. */
const valueBytesMax = 65_536;

/** A harness on a fresh instance of trie-entry.ts. */
export async function createHarness(): Promise<Harness> {
  const store = new Map<string, Bytes>();
  const reads: string[] = [];
  let emitted: string[] = [];
  let proof: Bytes[] = [];
  let taken: Bytes = new Uint8Array();
  const module: Compiled = await compileAssembly(
    new URL("./trie-entry.ts", import.meta.url),
    (memoryOf) => {
      const slice = (at: number, length: number) =>
        new Uint8Array(memoryOf().buffer).slice(at >>> 0, (at >>> 0) + length);
      return {
        preimage: (kind, key, keyLength) => {
          assert.deepEqual([kind, keyLength], [preimageKeccak, 32]);
          const hash = hex(slice(key, 32));
          reads.push(hash);
          const node = store.get(hash);
          if (node === undefined) throw new Error(`no node ${hash}`);
          taken = node;
          return taken.length;
        },
        takePreimage: (at) => new Uint8Array(memoryOf().buffer).set(taken, at >>> 0),
        emit: (kind, at, length) => {
          const content = slice(at, length);
          if (kind === outputProofNode) {
            proof.push(content);
            return;
          }
          assert.equal(kind, outputNode);
          const hash = hex(content.subarray(0, 32));
          assert.equal(hash, hex(keccak_256(content.subarray(32))));
          store.set(hash, content.slice(32));
          emitted.push(hash);
        },
      };
    },
  );
  let key = 0;
  let root = 0;
  const out = () => key + 64;
  const value = () => key + 96;
  const put = (at: number, bytes: Bytes) => new Uint8Array(module.memory.buffer).set(bytes, at);
  return {
    store,
    reads,
    open(hash) {
      key = module.call("begin", valueBytesMax);
      put(out(), hash);
      root = module.call("openTrie", out());
      reads.length = 0;
    },
    insert(name, content) {
      put(key, name);
      put(value(), content);
      root = module.call("insertIntoTrie", root, key, 2 * name.length, value(), content.length);
      // the trie must not point into the caller's memory
      put(
        key,
        name.map((byte) => ~byte),
      );
      put(
        value(),
        content.map((byte) => ~byte),
      );
    },
    insertItem(index, content) {
      put(value(), content);
      root = module.call("insertIntoList", root, BigInt(index), value(), content.length);
    },
    remove(name) {
      put(key, name);
      root = module.call("deleteFromTrie", root, key, 2 * name.length);
    },
    find(name) {
      put(key, name);
      const at = module.call("findInTrie", root, key, 2 * name.length);
      const length = module.call("lengthFound");
      assert.equal(at === 0, length === 0);
      return at === 0 ? undefined : module.bytes(at, length).slice();
    },
    hash(isStored) {
      emitted = [];
      module.call("hashTrie", root, out(), isStored ? 1 : 0);
      return { root: module.bytes(out(), 32).slice(), emitted };
    },
    proof(name) {
      proof = [];
      put(key, name);
      module.call("visitPath", root, key, 2 * name.length);
      return proof;
    },
    isBeyondStaticDataClear() {
      const region = module.bytes(module.call("firstRegion"), 65_536);
      return region.every((byte) => byte === 0);
    },
  };
}

/** Hashes of all nodes below a root, topmost first, and values in order of key (hex). */
export function walk(
  store: ReadonlyMap<string, Bytes>,
  root: Bytes,
): { readonly hashes: readonly string[]; readonly values: readonly (readonly [string, Bytes])[] } {
  const hashes: string[] = [];
  const values: (readonly [string, Bytes])[] = [];
  const visitReference = (reference: unknown, path: string): void => {
    if (!(reference instanceof Uint8Array)) return visit(reference as unknown[], path);
    if (reference.length === 0) return;
    const node = store.get(hex(reference));
    assert(node !== undefined, `node ${hex(reference)} is stored`);
    hashes.push(hex(reference));
    visit(RLP.decode(node) as unknown[], path);
  };
  const visit = (node: unknown[], path: string): void => {
    if (node.length === 17) {
      if ((node[16] as Bytes).length > 0) values.push([path, node[16] as Bytes]);
      for (let i = 0; i < 16; i += 1) visitReference(node[i], path + i.toString(16));
      return;
    }
    const compact = hex(node[0] as Bytes);
    const flags = Number.parseInt(compact[0] ?? "", 16);
    const rest = path + compact.slice(flags & 1 ? 1 : 2);
    if (flags & 2) values.push([rest, node[1] as Bytes]);
    else visitReference(node[1], rest);
  };
  if (hex(root) !== hex(emptyRoot)) visitReference(root, "");
  return { hashes, values };
}
