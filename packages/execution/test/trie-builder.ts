/** States for tests: Merkle-Patricia tries built from nothing (Yellow Paper, appendix D), in the plainest way. */
import { type Hex, hexToBytes, keccak256, rlpEncode, rlpUint } from "@sequorum/protocol";
import type { RlpItem } from "@sequorum/protocol";

/** An account of a test; storage is slot to value, both small numbers. */
export type TestAccount = {
  readonly nonce: bigint;
  readonly code: string;
  readonly storage: ReadonlyMap<number, number>;
};

/** A state: accounts by a small number. */
export type TestState = ReadonlyMap<number, TestAccount>;

/** Contents by hash. */
export type Contents = Map<Hex, Uint8Array>;

const emptyRoot: Hex = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";

/** Every content of the state, and its root. */
export function buildState(state: TestState): { readonly root: Hex; readonly contents: Contents } {
  const contents: Contents = new Map();
  const entries = [...state].map(([name, { nonce, code, storage }]) => {
    const codeBytes = new TextEncoder().encode(code);
    if (code !== "") contents.set(keccak256(codeBytes), codeBytes);
    const slots = [...storage].map(
      ([slot, value]) => [keyOf(`slot ${slot}`), rlpEncode(rlpUint(BigInt(value)))] as const,
    );
    const storageRoot = buildTrie(slots, contents);
    const account = [
      rlpUint(nonce),
      rlpUint(1n),
      hexToBytes(storageRoot),
      hexToBytes(keccak256(codeBytes)),
    ];
    return [keyOf(`account ${name}`), rlpEncode(account)] as const;
  });
  return { root: buildTrie(entries, contents), contents };
}

/** A header-like list with what pruning reads of a header: parent first, state root fourth. */
export function buildHeader(parent: Hex, stateRoot: Hex, height: bigint): Uint8Array {
  const zero = new Uint8Array(32);
  return rlpEncode([hexToBytes(parent), zero, zero, hexToBytes(stateRoot), rlpUint(height)]);
}

type Entry = readonly [path: string, value: Uint8Array];

function keyOf(name: string): string {
  return keccak256(new TextEncoder().encode(name)).slice(2);
}

function buildTrie(entries: readonly Entry[], contents: Contents): Hex {
  if (entries.length === 0) return emptyRoot;
  const encoded = rlpEncode(buildNode(entries, contents));
  contents.set(keccak256(encoded), encoded);
  return keccak256(encoded);
}

function buildNode(entries: readonly Entry[], contents: Contents): RlpItem {
  const [first] = entries;
  if (first === undefined) return new Uint8Array(0);
  if (entries.length === 1) return [compact(first[0], true), first[1]];
  const shared = sharedPrefix(entries.map(([path]) => path));
  if (shared > 0) {
    const rest = entries.map(([path, value]) => [path.slice(shared), value] as const);
    return [compact(first[0].slice(0, shared), false), reference(rest, contents)];
  }
  const children = [..."0123456789abcdef"].map((nibble) => {
    const under = entries.filter(([path]) => path[0] === nibble);
    const rest = under.map(([path, value]) => [path.slice(1), value] as const);
    return rest.length === 0 ? new Uint8Array(0) : reference(rest, contents);
  });
  return [...children, new Uint8Array(0)];
}

/** A node in its parent: itself when it is short, else its hash. */
function reference(entries: readonly Entry[], contents: Contents): RlpItem {
  const node = buildNode(entries, contents);
  const encoded = rlpEncode(node);
  if (encoded.length < 32) return node;
  const hash = keccak256(encoded);
  contents.set(hash, encoded);
  return hexToBytes(hash);
}

function sharedPrefix(paths: readonly string[]): number {
  const [first = ""] = paths;
  let length = 0;
  while (length < first.length && paths.every((path) => path[length] === first[length])) length++;
  return length;
}

function compact(nibbles: string, isLeaf: boolean): Uint8Array {
  const flag = isLeaf ? 2 : 0;
  const text = nibbles.length % 2 === 0 ? `${flag}0${nibbles}` : `${flag + 1}${nibbles}`;
  return hexToBytes(`0x${text}`);
}
