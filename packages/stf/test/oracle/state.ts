/** State of the oracle: content-addressed nodes in a map, opened under a root for one execution. */
import { MerklePatriciaTrie } from "@ethereumjs/mpt";
import { Caches, MerkleStateManager } from "@ethereumjs/statemanager";
import {
  Account,
  type BatchDBOp,
  createAddressFromString,
  type DB,
  setLengthLeft,
} from "@ethereumjs/util";
import { assert, type Hex, hexToBytes } from "@sequorum/protocol";
import type { AccountSummary } from "../../src/types.ts";
import { fixedBytes, fromHex, toHex } from "./bytes.ts";
import type { Common } from "./common.ts";

/** Root of the empty Merkle-Patricia trie. */
export const emptyTrieRoot: Hex =
  "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";
const cacheEntriesMax = 100_000;

/** Trie nodes by hash and codes by "63" and hash, hexadecimal without prefix (ethereumjs' keys). */
export type OracleStore = Map<string, Uint8Array>;

/** An account as a test describes it. */
export type PlainAccount = {
  readonly address: Hex;
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly code: Uint8Array;
  /** Slots that are not zero. */
  readonly storage: readonly (readonly [slot: bigint, value: bigint])[];
};

/** The state under `root`. What is written goes into the store at once: content is never wrong, only unused. */
export async function openState(
  store: OracleStore,
  root: Hex,
  common: Common,
): Promise<MerkleStateManager> {
  const trie = new MerklePatriciaTrie({
    db: new StoreDatabase(store),
    useKeyHashing: true,
    common,
    valueEncoding: "view",
  });
  const size = cacheEntriesMax;
  const caches = new Caches({ account: { size }, code: { size }, storage: { size } });
  const manager = new MerkleStateManager({ trie, common, caches });
  if (root !== emptyTrieRoot) {
    assert(store.has(root.slice(2)), "the parent's state is stored", { root });
  }
  await manager.setStateRoot(fromHex(root));
  return manager;
}

/** Writes accounts into an empty state; answers its root. Empty accounts are kept. */
export async function writeAccounts(
  store: OracleStore,
  accounts: readonly PlainAccount[],
  common: Common,
): Promise<Hex> {
  const manager = await openState(store, emptyTrieRoot, common);
  for (const { address, balance, nonce, code, storage } of accounts) {
    const native = createAddressFromString(address);
    await manager.putAccount(native, new Account(nonce, balance));
    if (code.length > 0) await manager.putCode(native, code);
    for (const [slot, value] of storage) {
      if (value !== 0n) await manager.putStorage(native, fixedBytes(slot, 32), minimal(value));
    }
  }
  return toHex(await manager.getStateRoot());
}

/** Nonce and balance; zero for an account that does not exist. */
export async function readAccount(
  manager: MerkleStateManager,
  address: Hex,
): Promise<AccountSummary> {
  const account = await manager.getAccount(createAddressFromString(address));
  return { nonce: account?.nonce ?? 0n, balanceWei: account?.balance ?? 0n };
}

/** A 32-byte slot value. */
export async function readSlot(
  manager: MerkleStateManager,
  address: Hex,
  slot: bigint,
): Promise<Hex> {
  const value = await manager.getStorage(createAddressFromString(address), fixedBytes(slot, 32));
  return toHex(setLengthLeft(value, 32));
}

function minimal(value: bigint): Uint8Array {
  const bytes = fixedBytes(value, 32);
  return bytes.subarray(bytes.findIndex((byte) => byte !== 0));
}

/** Nothing is ever deleted. */
class StoreDatabase implements DB<string, string | Uint8Array> {
  readonly #store: OracleStore;
  constructor(store: OracleStore) {
    this.#store = store;
  }
  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#store.get(key);
  }
  async put(key: string, value: string | Uint8Array): Promise<void> {
    this.#store.set(key, typeof value === "string" ? hexToBytes(`0x${value}`) : value);
  }
  async del(_key: string): Promise<void> {}
  async batch(operations: BatchDBOp<string, string | Uint8Array>[]): Promise<void> {
    for (const operation of operations) {
      if (operation.type === "put") await this.put(operation.key, operation.value);
    }
  }
  shallowCopy(): StoreDatabase {
    return this;
  }
  async open(): Promise<void> {}
}
