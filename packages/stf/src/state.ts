/** Opens the state under a root for execution: reads come from the store, writes stay in a map of this execution. */
import { MerklePatriciaTrie } from "@ethereumjs/mpt";
import { type NestedUint8Array, RLP } from "@ethereumjs/rlp";
import { Caches, MerkleStateManager } from "@ethereumjs/statemanager";
import { type BatchDBOp, createAddressFromString, type DB } from "@ethereumjs/util";
import { assert, type Hex, hexToBytes } from "@sequorum/protocol";
import { fromHex, toHex, unprefixed } from "./bytes.ts";
import type { Common } from "./common.ts";
import { emptyTrieRoot } from "./header.ts";
import type { AccountSummary, StateStore } from "./types.ts";

/** Prefix of code keys: "c" in hexadecimal (ethereumjs' form). */
const codeKeyPrefix = "63";
const cacheEntriesMax = 100_000;

/** State of one execution. */
export type OpenState = {
  readonly manager: MerkleStateManager;
  /** Nodes and codes written so far; only the last root's are live (`liveWrites`). */
  readonly written: Map<string, Uint8Array>;
};

/** The state under `root`; throws when the store does not hold it. */
export async function openState(store: StateStore, root: Hex, common: Common): Promise<OpenState> {
  const written = new Map<string, Uint8Array>();
  const trie = new MerklePatriciaTrie({
    db: new OverlayDatabase(store, written),
    useKeyHashing: true,
    common,
    valueEncoding: "view",
  });
  const caches = new Caches({
    account: { size: cacheEntriesMax },
    code: { size: cacheEntriesMax },
    storage: { size: cacheEntriesMax },
  });
  const manager = new MerkleStateManager({ trie, common, caches });
  if (root !== emptyTrieRoot) {
    assert((await store.get(root.slice(2))) !== undefined, "the parent's state is stored", {
      root,
    });
  }
  await manager.setStateRoot(fromHex(root));
  return { manager, written };
}

/** Nonce and balance; zero for an account that does not exist. */
export async function readAccount(
  manager: MerkleStateManager,
  address: Hex,
): Promise<AccountSummary> {
  const account = await manager.getAccount(createAddressFromString(address));
  return { nonce: account?.nonce ?? 0n, balanceWei: account?.balance ?? 0n };
}

/**
 * Of `written`, what `root` reaches: execution rewrites nodes many times over and only the last versions matter.
 * Codes are always kept. A node that is not in `written` is in the store already, and so is all below it.
 */
export function liveWrites(
  written: ReadonlyMap<string, Uint8Array>,
  root: Hex,
): ReadonlyMap<string, Uint8Array> {
  const live = new Map<string, Uint8Array>();
  for (const [key, value] of written) if (key.length > 64) live.set(key, value);
  const pending: { readonly key: string; readonly isStorage: boolean }[] = [
    { key: root.slice(2), isStorage: false },
  ];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const bytes = written.get(next.key);
    if (bytes === undefined || live.has(next.key)) continue;
    live.set(next.key, bytes);
    const isStorage = next.isStorage;
    for (const child of references(RLP.decode(bytes), isStorage)) pending.push(child);
  }
  return live;
}

type Item = Uint8Array | NestedUint8Array;

/** Keys that a decoded node refers to: children by hash, and the storage root in an account leaf. */
function references(node: Item, isStorage: boolean): { key: string; isStorage: boolean }[] {
  if (!Array.isArray(node)) return [];
  if (node.length === 17) {
    return node.slice(0, 16).flatMap((child) => childReference(child, isStorage));
  }
  const [path, value] = node;
  if (!(path instanceof Uint8Array) || value === undefined) return [];
  const isLeaf = ((path[0] ?? 0) & 0x20) !== 0;
  if (!isLeaf) return childReference(value, isStorage);
  if (isStorage || !(value instanceof Uint8Array)) return [];
  const account = RLP.decode(value);
  const storageRoot = Array.isArray(account) ? account[2] : undefined;
  if (!(storageRoot instanceof Uint8Array)) return [];
  return [{ key: unprefixed(storageRoot), isStorage: true }];
}

function childReference(child: Item, isStorage: boolean): { key: string; isStorage: boolean }[] {
  if (Array.isArray(child)) return references(child, isStorage); // inlined, below 32 bytes
  return child.length === 32 ? [{ key: unprefixed(child), isStorage }] : [];
}

/** Reads through to the store, writes to the map. Nothing is ever deleted from the store. */
class OverlayDatabase implements DB<string, string | Uint8Array> {
  readonly #store: StateStore;
  readonly #written: Map<string, Uint8Array>;
  constructor(store: StateStore, written: Map<string, Uint8Array>) {
    this.#store = store;
    this.#written = written;
  }
  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#written.get(key) ?? this.#store.get(key);
  }
  async put(key: string, value: string | Uint8Array): Promise<void> {
    this.#written.set(key, typeof value === "string" ? hexToBytes(`0x${value}`) : value);
  }
  async del(_key: string): Promise<void> {}
  async batch(operations: BatchDBOp<string, string | Uint8Array>[]): Promise<void> {
    for (const operation of operations) {
      if (operation.type === "put") await this.put(operation.key, operation.value);
    }
  }
  shallowCopy(): OverlayDatabase {
    return this;
  }
  async open(): Promise<void> {}
}

/** Key under which a code is stored. */
export function codeKey(codeHash: Uint8Array): string {
  return `${codeKeyPrefix}${toHex(codeHash).slice(2)}`;
}
