/** The module's state behind the same methods as the model, with addresses in hexadecimal and words as bigints. */
import assert from "node:assert/strict";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { outputCode, outputNode, preimageKeccak } from "../../assembly/interface.ts";
import { type Compiled, compileAssembly } from "./compile.ts";
import {
  type Address,
  codeHashOf,
  fromHex,
  type ModelLog,
  type Seen,
  type State,
  word,
} from "./state-model.ts";
import { type Bytes, hex } from "./trie-harness.ts";

export type Emitted = { readonly hash: string; readonly content: Bytes };
export type Committed = {
  readonly root: Bytes;
  readonly nodes: readonly Emitted[];
  readonly codes: readonly Emitted[];
};

// Places in the entry's buffer.
const address1 = 0;
const address2 = 32;
const word1 = 64;
const word2 = 96;
const out = 256;

export class Harness {
  readonly #module: Compiled;
  readonly #buffer: number;
  /** Nodes and codes by hash (hex): what the host has. */
  readonly #store: Map<string, Bytes>;
  #nodes: Emitted[] = [];
  #codes: Emitted[] = [];
  /** How often the module asked for each hash since the run began. */
  readonly reads = new Map<string, number>();

  static async create(): Promise<Harness> {
    const store = new Map<string, Bytes>();
    let harness: Harness | undefined;
    let taken: Bytes = new Uint8Array();
    const module = await compileAssembly(
      new URL("./state-entry.ts", import.meta.url),
      (memoryOf) => ({
        preimage: (kind, key, length) => {
          assert.deepEqual([kind, length], [preimageKeccak, 32]);
          const hash = hex(new Uint8Array(memoryOf().buffer, key >>> 0, 32));
          const found = store.get(hash);
          if (found === undefined) throw new Error(`nothing has hash ${hash}`);
          harness?.reads.set(hash, (harness.reads.get(hash) ?? 0) + 1);
          taken = found;
          return taken.length;
        },
        takePreimage: (at) => new Uint8Array(memoryOf().buffer).set(taken, at >>> 0),
        emit: (kind, at, length) => {
          const bytes = new Uint8Array(memoryOf().buffer, at >>> 0, length).slice();
          harness?.keep(kind, hex(bytes.subarray(0, 32)), bytes.slice(32));
        },
      }),
    );
    harness = new Harness(module, store);
    return harness;
  }

  private constructor(module: Compiled, store: Map<string, Bytes>) {
    this.#module = module;
    this.#buffer = module.call("buffer");
    this.#store = store;
  }

  keep(kind: number, hash: string, content: Bytes): void {
    assert.equal(hash, hex(keccak_256(content)));
    assert([outputNode, outputCode].includes(kind));
    (kind === outputCode ? this.#codes : this.#nodes).push({ hash, content });
  }

  /** Starts a run on a state with these codes; the host has nothing else. */
  begin(state: State, codes: Iterable<string>): void {
    this.#store.clear();
    this.reads.clear();
    for (const [hash, node] of state.nodes) this.#store.set(hash, node);
    for (const code of codes) this.#store.set(codeHashOf(code), fromHex(code));
    this.#module.call("begin", this.#put(out, state.root));
  }

  commit(isStored = true): Committed {
    this.#nodes = [];
    this.#codes = [];
    this.#module.call("commit", this.#buffer + out, isStored ? 1 : 0);
    return { root: this.#get(out, 32), nodes: this.#nodes, codes: this.#codes };
  }

  beginTransaction = (): void => void this.#module.call("beginTransaction");
  endTransaction = (): void => void this.#module.call("endTransaction");
  checkpoint = (): number => this.#module.call("checkpoint");
  revertTo = (mark: number): void => void this.#module.call("revertTo", mark);
  arenaTop = (): number => this.#module.call("arenaTop");

  touch(address: Address): void {
    this.#module.call("touch", this.#address(address));
  }

  addBalance(address: Address, wei: bigint): void {
    this.#module.call("addBalance", this.#address(address), this.#word(wei));
  }

  subtractBalance(address: Address, wei: bigint): void {
    this.#module.call("subtractBalance", this.#address(address), this.#word(wei));
  }

  setBalance(address: Address, wei: bigint): void {
    this.#module.call("setBalance", this.#address(address), this.#word(wei));
  }

  setNonce(address: Address, nonce: bigint): void {
    this.#module.call("setNonce", this.#address(address), nonce);
  }

  setCode(address: Address, code: string): void {
    const source = this.#put(out, fromHex(code));
    this.#module.call("setCode", this.#address(address), source, code.length / 2);
  }

  create(address: Address): void {
    this.#module.call("create", this.#address(address));
  }

  selfDestruct(address: Address, beneficiary: Address): void {
    const to = this.#address(beneficiary, address2);
    this.#module.call("selfDestruct", this.#address(address), to);
  }

  setSlot(address: Address, key: bigint, value: bigint): void {
    const words = [this.#word(key), this.#word(value, word2)];
    this.#module.call("setSlot", this.#address(address), ...words);
  }

  setTransient(address: Address, key: bigint, value: bigint): void {
    const words = [this.#word(key), this.#word(value, word2)];
    this.#module.call("setTransient", this.#address(address), ...words);
  }

  warmAccount(address: Address): boolean {
    return this.#module.call("warmAccount", this.#address(address)) === 1;
  }

  warmSlot(address: Address, key: bigint): boolean {
    return this.#module.call("warmSlot", this.#address(address), this.#word(key)) === 1;
  }

  addRefund(gas: bigint): void {
    this.#module.call("refund", gas);
  }

  get refund(): bigint {
    return BigInt.asIntN(64, this.#module.call64("refunded"));
  }

  log({ address, topics, data }: ModelLog): void {
    for (const [i, topic] of topics.entries()) this.#word(topic, out + 32 * i);
    const content = this.#put(out + 128, fromHex(data));
    const topicsAt = this.#buffer + out;
    const at = this.#address(address);
    this.#module.call("log", at, topics.length, topicsAt, content, data.length / 2);
  }

  get logs(): readonly ModelLog[] {
    const bytes = this.#get(out, this.#module.call("logs", this.#buffer + out));
    const logs: ModelLog[] = [];
    for (let at = 0; at < bytes.length; ) {
      const view = new DataView(bytes.buffer, at);
      const topicCount = view.getUint32(20, true);
      const end = 28 + 32 * topicCount;
      const length = view.getUint32(24, true);
      const part = (from: number, size: number) => hex(bytes.slice(at + from, at + from + size));
      const topics = Array.from({ length: topicCount }, (_, i) =>
        BigInt(`0x${part(28 + 32 * i, 32)}`),
      );
      logs.push({ address: part(0, 20), topics, data: part(end, length) });
      at += end + length;
    }
    return logs;
  }

  get accessed(): { address: Address; keys: bigint[] }[] {
    const length = this.#module.call("accessed", this.#buffer + out);
    const list: { address: Address; keys: bigint[] }[] = [];
    for (let at = out; at < out + length; ) {
      const address = hex(this.#get(at, 20));
      const count = new DataView(this.#get(at + 20, 4).buffer).getUint32(0, true);
      const keys = Array.from({ length: count }, (_, i) => this.#read(at + 24 + 32 * i));
      list.push({ address, keys });
      at += 24 + 32 * count;
    }
    return list;
  }

  see(address: Address, keys: readonly bigint[]): Seen {
    const bits = this.#module.call("account", this.#address(address), this.#buffer + out);
    const nonce = new DataView(this.#get(out, 8).buffer).getBigUint64(0, true);
    const balance = this.#read(out + 8);
    const codeHash = hex(this.#get(out + 40, 32));
    const code = this.code(address);
    assert.equal(codeHash, codeHashOf(code));
    return {
      ...{ exists: (bits & 1) !== 0, nonce, balance, code },
      isEmpty: (bits & 2) !== 0,
      hasCodeOrNonce: (bits & 4) !== 0,
      isCollision: (bits & 8) !== 0,
      isWarm: (bits & 16) !== 0,
      slots: keys.map((key) => this.slot(address, key)),
    };
  }

  /** Value, original value, transient value, whether warm; does not look at the account first. */
  slot(address: Address, key: bigint): readonly [bigint, bigint, bigint, boolean] {
    const places = [this.#address(address), this.#word(key)] as const;
    const isWarm = this.#module.call("slot", ...places, this.#buffer + out) === 1;
    const value = this.#read(out);
    const original = this.#read(out + 32);
    const transient = this.#module.call("getTransient", ...places);
    return [value, original, this.#read(transient - this.#buffer), isWarm];
  }

  code(address: Address): string {
    const size = this.#module.call("code", this.#address(address), this.#buffer + out);
    assert.deepEqual(this.#get(out + size, 33), new Uint8Array(33), "zeros behind the code");
    return hex(this.#get(out, size));
  }

  codeRecord(address: Address): number {
    return this.#module.call("codeRecord", this.#address(address));
  }

  emptyTree = (): void => void this.#module.call("emptyTree");
  treeDepth = (): number => this.#module.call("depthBelow", 0);
  recordOf = (hash: Bytes): number => this.#module.call("recordOf", this.#put(out, hash));

  #address(address: Address, place = address1): number {
    return this.#put(place, fromHex(address));
  }

  #word(value: bigint, place = word1): number {
    return this.#put(place, fromHex(word(value)).reverse());
  }

  #read(place: number): bigint {
    return BigInt(`0x${hex(this.#get(place, 32).reverse())}`);
  }

  #put(place: number, bytes: Bytes): number {
    new Uint8Array(this.#module.memory.buffer).set(bytes, this.#buffer + place);
    return this.#buffer + place;
  }

  #get(place: number, length: number): Bytes {
    return this.#module.bytes(this.#buffer + place, length).slice();
  }
}
