/** A host in memory for tests of the module's entries: answers questions from maps, collects outputs as decoded RLP. */
import { type NestedUint8Array, RLP } from "@ethereumjs/rlp";
import { concatBytes } from "@sequorum/protocol";
import * as codes from "../../assembly/interface.ts";
import { runPrecompile } from "../../src/precompiles/precompiles.ts";
import { type Compiled, compileAssembly } from "./compile.ts";

/** Decoded RLP. */
export type Tree = Uint8Array | NestedUint8Array;
/** What RLP can be made of. */
export type Item = Uint8Array | bigint | number | readonly Item[];
/** Outputs in order; content that is no list is left as bytes. */
export type Output = { readonly kind: number; readonly content: Tree };
/** What one run is given. */
export type Run = {
  readonly task: Item;
  readonly transactions?: readonly Uint8Array[];
  readonly forced?: readonly Uint8Array[];
  readonly batchData?: Uint8Array;
};
/** What one run did. */
export type Result = { readonly exit: number; readonly outputs: readonly Output[] };

/** The module with its host. `content` is by hash and grows by what runs emit. */
export type Machine = {
  readonly content: Map<string, Uint8Array>;
  readonly module: Compiled;
  run(entry: string, input: Run): Result;
};

const rawKinds: readonly number[] = [codes.outputProofNode, codes.outputStateRoot];
const hashedKinds: readonly number[] = [codes.outputNode, codes.outputCode, codes.outputHeader];

/** Compiles the entry file and gives it a host. */
export async function openMachine(url: URL): Promise<Machine> {
  const content = new Map<string, Uint8Array>();
  let input: Run = { task: [] };
  let outputs: Output[] = [];
  let found: Uint8Array = new Uint8Array(0);
  const module = await compileAssembly(url, (memoryOf) => ({
    preimage: (kind, key, keyLength) => {
      const keyBytes = new Uint8Array(memoryOf().buffer, key, keyLength).slice();
      const answer = answerOf(kind, keyBytes, { input, content });
      if (answer !== undefined) found = answer;
      return answer === undefined ? -1 : answer.length;
    },
    takePreimage: (destination) => new Uint8Array(memoryOf().buffer).set(found, destination),
    emit: (kind, at, length) => {
      const bytes = new Uint8Array(memoryOf().buffer, at, length).slice();
      if (hashedKinds.includes(kind)) {
        content.set(hexOf(bytes.subarray(0, 32)), bytes.slice(32));
      }
      const isRaw = rawKinds.includes(kind) || hashedKinds.includes(kind);
      outputs.push({ kind, content: isRaw ? bytes : RLP.decode(bytes) });
    },
  }));
  const run = (entry: string, given: Run): Result => {
    input = given;
    outputs = [];
    return { exit: module.call(entry), outputs };
  };
  return { content, module, run };
}

/** RLP with integers in as few bytes as possible. */
export function encode(item: Item): Uint8Array {
  return RLP.encode(plain(item));
}

/** Outputs of one kind. */
export function outputsOf({ outputs }: Result, kind: number): Tree[] {
  return outputs.filter((output) => output.kind === kind).map(({ content }) => content);
}

/** An item of a decoded list. */
export function itemOf(tree: Tree | undefined, index: number): Tree {
  const item = Array.isArray(tree) ? tree[index] : undefined;
  if (item === undefined) throw new Error(`no item ${index}`);
  return item;
}

/** A byte string of a decoded list. */
export function bytesOf(tree: Tree | undefined, index: number): Uint8Array {
  const item = itemOf(tree, index);
  if (Array.isArray(item)) throw new Error(`item ${index} is a list`);
  return item;
}

/** An integer of a decoded list. */
export function integerOf(tree: Tree | undefined, index: number): bigint {
  return toInteger(bytesOf(tree, index));
}

/** Big-endian integer. */
export function toInteger(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${hexOf(bytes)}`);
}

/** Hexadecimal without prefix. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

type Plain = Uint8Array | bigint | Plain[];

function plain(item: Item): Plain {
  if (item instanceof Uint8Array) return item;
  return Array.isArray(item) ? item.map(plain) : BigInt(item as bigint | number);
}

function answerOf(
  kind: number,
  key: Uint8Array,
  { input, content }: { input: Run; content: ReadonlyMap<string, Uint8Array> },
): Uint8Array | undefined {
  const index = key.length === 4 ? new DataView(key.buffer).getUint32(0, true) : 0;
  switch (kind) {
    case codes.preimageTask:
      return encode(input.task);
    case codes.preimageForcedEntry:
      return known(input.forced?.[index], `forced entry ${index}`);
    case codes.preimageTransaction:
      return input.transactions?.[index];
    case codes.preimageBatchData:
      return known(input.batchData, "batch data");
    case codes.preimageKeccak:
      return known(content.get(hexOf(key)), hexOf(key));
    case codes.preimagePrecompile:
      return precompile(key);
    default:
      throw new Error(`question of kind ${kind}`);
  }
}

function known(answer: Uint8Array | undefined, what: string): Uint8Array {
  if (answer === undefined) throw new Error(`the host lacks ${what}`);
  return answer;
}

/** Key: number, gas (8 bytes), input. */
function precompile(key: Uint8Array): Uint8Array {
  const output = runPrecompile(key[0] ?? 0, key.subarray(9));
  return output === undefined ? Uint8Array.of(0) : concatBytes(Uint8Array.of(1), output);
}
