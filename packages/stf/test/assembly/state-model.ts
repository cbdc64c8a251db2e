/** What state/ should do, in maps that are copied at every checkpoint, and the state root by @ethereumjs/mpt. */
import { createMPT } from "@ethereumjs/mpt";
import { RLP } from "@ethereumjs/rlp";
import type { BatchDBOp, DB } from "@ethereumjs/util";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { type Bytes, hex, walk } from "./trie-harness.ts";

/** 20 bytes, hexadecimal. */
export type Address = string;

/** An account; one that does not exist is blank. `hadStorage`: before the run, and not destroyed since. */
export type ModelAccount = {
  exists: boolean;
  nonce: bigint;
  balance: bigint;
  code: string;
  storage: Map<bigint, bigint>;
  hadStorage: boolean;
};

export type ModelLog = { address: Address; topics: readonly bigint[]; data: string };

/** What a revert takes back. */
type World = {
  accounts: Map<Address, ModelAccount>;
  touched: Set<Address>;
  created: Set<Address>;
  destructed: Set<Address>;
  warm: Set<string>;
  transient: Map<string, bigint>;
  logs: ModelLog[];
  refund: bigint;
};

/** What can be seen of one account. Slots: value, original value, transient value, whether warm. */
export type Seen = {
  readonly exists: boolean;
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly code: string;
  readonly isEmpty: boolean;
  readonly hasCodeOrNonce: boolean;
  readonly isCollision: boolean;
  readonly isWarm: boolean;
  readonly slots: readonly (readonly [bigint, bigint, bigint, boolean])[];
};

/** A precompile, so it is warm in every transaction. */
export const ripemd: Address = "3".padStart(40, "0");
const wordMask = 2n ** 256n - 1n;

export const blank = (): ModelAccount => ({
  exists: false,
  nonce: 0n,
  balance: 0n,
  code: "",
  storage: new Map(),
  hadStorage: false,
});

export class Model {
  #world: World;
  #atStart: Map<Address, ModelAccount>;
  #isRipemdTouched = false;
  /** What was accessed, in order of first access. */
  accessed: { address: Address; keys: bigint[] }[] = [];

  constructor(accounts: ReadonlyMap<Address, ModelAccount>) {
    this.#world = emptyWorld(structuredClone(new Map(accounts)));
    this.#atStart = structuredClone(this.#world.accounts);
  }

  get accounts(): ReadonlyMap<Address, ModelAccount> {
    return this.#world.accounts;
  }

  get refund(): bigint {
    return this.#world.refund;
  }

  get logs(): readonly ModelLog[] {
    return this.#world.logs;
  }

  beginTransaction(): void {
    this.#world = emptyWorld(this.#world.accounts);
    this.#atStart = structuredClone(this.#world.accounts);
    this.#isRipemdTouched = false;
    this.accessed = [];
  }

  endTransaction(): void {
    if (this.#isRipemdTouched) this.#world.touched.add(ripemd);
    for (const address of this.#world.destructed) this.#world.accounts.set(address, blank());
    for (const address of this.#world.touched) {
      if (isEmpty(this.#at(address))) this.#world.accounts.set(address, blank());
    }
  }

  checkpoint(): World {
    return structuredClone(this.#world);
  }

  revertTo(mark: World): void {
    this.#world = structuredClone(mark);
  }

  touch(address: Address): ModelAccount {
    const account = this.#at(address);
    this.#world.touched.add(address);
    if (address === ripemd) this.#isRipemdTouched = true;
    account.exists = true;
    return account;
  }

  addBalance(address: Address, wei: bigint): void {
    const account = this.touch(address);
    account.balance = (account.balance + wei) & wordMask;
  }

  subtractBalance(address: Address, wei: bigint): void {
    this.touch(address).balance -= wei;
  }

  setBalance(address: Address, wei: bigint): void {
    this.touch(address).balance = wei;
  }

  setNonce(address: Address, nonce: bigint): void {
    this.touch(address).nonce = nonce;
  }

  setCode(address: Address, code: string): void {
    this.touch(address).code = code;
  }

  create(address: Address): void {
    this.touch(address).nonce = 1n;
    this.#world.created.add(address);
  }

  isCollision(address: Address): boolean {
    const { nonce, code, hadStorage } = this.#at(address);
    return nonce !== 0n || code !== "" || hadStorage;
  }

  /** EIP-6780, in the order in which it says it. */
  selfDestruct(address: Address, beneficiary: Address): void {
    const wei = this.touch(address).balance;
    this.touch(address).balance = 0n;
    this.touch(beneficiary).balance += wei;
    if (!this.#world.created.has(address)) return;
    this.#world.destructed.add(address);
    this.touch(address).balance = 0n;
  }

  setSlot(address: Address, key: bigint, value: bigint): void {
    this.#at(address).storage.set(key, value);
  }

  setTransient(address: Address, key: bigint, value: bigint): void {
    this.#world.transient.set(`${address}/${key}`, value);
  }

  warmAccount(address: Address): boolean {
    if (address === ripemd) return true;
    this.#list(address);
    return add(this.#world.warm, address);
  }

  warmSlot(address: Address, key: bigint): boolean {
    const keys = this.#list(address);
    if (!keys.includes(key)) keys.push(key);
    return add(this.#world.warm, `${address}/${key}`);
  }

  addRefund(gas: bigint): void {
    this.#world.refund += gas;
  }

  log(log: ModelLog): void {
    this.#world.logs.push(log);
  }

  see(address: Address, keys: readonly bigint[]): Seen {
    const account = this.#at(address);
    const { exists, nonce, balance, code } = account;
    const { warm, transient } = this.#world;
    return {
      ...{ exists, nonce, balance, code },
      isEmpty: isEmpty(account),
      hasCodeOrNonce: nonce !== 0n || code !== "",
      isCollision: this.isCollision(address),
      isWarm: warm.has(address) || address === ripemd,
      slots: keys.map((key) => [
        account.storage.get(key) ?? 0n,
        this.#atStart.get(address)?.storage.get(key) ?? 0n,
        transient.get(`${address}/${key}`) ?? 0n,
        warm.has(`${address}/${key}`),
      ]),
    };
  }

  #at(address: Address): ModelAccount {
    const account = this.#world.accounts.get(address) ?? blank();
    this.#world.accounts.set(address, account);
    return account;
  }

  #list(address: Address): bigint[] {
    let entry = this.accessed.find((item) => item.address === address);
    if (entry === undefined) {
      entry = { address, keys: [] };
      this.accessed.push(entry);
    }
    return entry.keys;
  }
}

function emptyWorld(accounts: Map<Address, ModelAccount>): World {
  return {
    accounts,
    touched: new Set(),
    created: new Set(),
    destructed: new Set(),
    warm: new Set(),
    transient: new Map(),
    logs: [],
    refund: 0n,
  };
}

function add(set: Set<string>, item: string): boolean {
  const had = set.has(item);
  set.add(item);
  return had;
}

function isEmpty(account: ModelAccount): boolean {
  return account.nonce === 0n && account.balance === 0n && account.code === "";
}

/** A state: its root and exactly its nodes, by hash (hex). */
export type State = { readonly root: Bytes; readonly nodes: ReadonlyMap<string, Bytes> };

/** The state with these accounts. */
export async function stateOf(accounts: ReadonlyMap<Address, ModelAccount>): Promise<State> {
  const database = new NodeDatabase();
  const nodes = new Map<string, Bytes>();
  const leaves: (readonly [Bytes, Bytes])[] = [];
  for (const [address, account] of accounts) {
    if (!account.exists) continue;
    const slots = [...account.storage].filter(([, value]) => value !== 0n);
    const storageRoot = await rootOf(
      slots.map(([key, value]) => [keccak_256(fromHex(word(key))), RLP.encode(value)]),
      { database, nodes },
    );
    const codeHash = keccak_256(fromHex(account.code));
    const fields = [account.nonce, account.balance, storageRoot, codeHash];
    leaves.push([keccak_256(fromHex(address)), RLP.encode(fields)]);
  }
  return { root: await rootOf(leaves, { database, nodes }), nodes };
}

async function rootOf(
  leaves: readonly (readonly [Bytes, Bytes])[],
  { database, nodes }: { database: NodeDatabase; nodes: Map<string, Bytes> },
): Promise<Bytes> {
  const trie = await createMPT({ db: database, valueEncoding: "view" });
  for (const [key, value] of leaves) await trie.put(key, value);
  for (const hash of walk(database.nodes, trie.root()).hashes) {
    nodes.set(hash, database.nodes.get(hash) as Bytes);
  }
  return trie.root();
}

export const fromHex = (text: string): Bytes => new Uint8Array(Buffer.from(text, "hex"));
/** 32 bytes, most significant first, hexadecimal. */
export const word = (value: bigint): string => value.toString(16).padStart(64, "0");
export const codeHashOf = (code: string): string => hex(keccak_256(fromHex(code)));

/** Nodes in a map; nothing is deleted. */
class NodeDatabase implements DB<string, string | Uint8Array> {
  readonly nodes = new Map<string, Bytes>();
  async get(key: string): Promise<Uint8Array | undefined> {
    return this.nodes.get(key);
  }
  async put(key: string, value: string | Uint8Array): Promise<void> {
    this.nodes.set(key, typeof value === "string" ? fromHex(value) : Uint8Array.from(value));
  }
  async del(_key: string): Promise<void> {}
  async batch(operations: BatchDBOp<string, string | Uint8Array>[]): Promise<void> {
    for (const operation of operations) {
      if (operation.type === "put") await this.put(operation.key, operation.value);
    }
  }
  shallowCopy(): NodeDatabase {
    return this;
  }
  async open(): Promise<void> {}
}
