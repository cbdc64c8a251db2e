/** The module behind the interface of the suites: its entries genesis, replay and transaction, its RLP and its tries. */
import {
  type Hex,
  hexToBytes,
  type RlpItem,
  rlpDecode,
  rlpEncode,
  rlpUint,
} from "@sequorum/protocol";
import * as codes from "../assembly/interface.ts";
import type { ModuleHost } from "../src/module.ts";
import { createMemoryStateStore, type MemoryStateStore } from "../src/state-store.ts";
import { transactionFault } from "../src/faults.ts";
import type { BlockHeader, Receipt, StateStore } from "../src/types.ts";
import type { DecodingResult, Engine, PlainAccount, ReplayResult, ReplayTask } from "./engine.ts";
import { createPartsEngine } from "./parts-engine.ts";

const transactionBytesMax = 2n ** 31n - 1n;

/** What an engine needs of a host. */
export type EngineHost = Pick<ModuleHost, "run"> & {
  readonly outputs: Pick<ModuleHost["outputs"], "of" | "packedContent">;
};

/** Makes an engine of a module. RLP and tries are compiled when they are first asked for. */
export function createModuleEngine(makeHost: (store: StateStore) => EngineHost): Engine {
  let content = createMemoryStateStore();
  const host = makeHost({
    get: (hash) => content.get(hash),
    locate: (keys, at, found) => content.locate?.(keys, at, found) ?? false,
  });
  let compiled: ReturnType<typeof createPartsEngine> | undefined;
  const parts = () => {
    compiled ??= createPartsEngine();
    return compiled;
  };
  return {
    encodeRlp: async (tree) => (await parts()).encodeRlp(tree),
    decodeRlp: async (bytes) => (await parts()).decodeRlp(bytes),
    trieRoot: async (changes) => (await parts()).trieRoot(changes),
    genesis: (accounts) => {
      content = createMemoryStateStore();
      host.run("genesis", { task: rlpEncode(accounts.map(accountItem)) });
      keepContent(host, content);
      return hex(output(host, codes.outputStateRoot));
    },
    replay: (task) => replay(host, task, content),
    decodeTransaction: (raw) => decodeTransaction(host, raw),
  };
}

/** Runs one block; its new nodes and codes are added to `content`. */
function replay(host: EngineHost, task: ReplayTask, content: MemoryStateStore): ReplayResult {
  const { transactions } = task;
  const isDone = host.run("replay", {
    task: rlpEncode(taskItem(task)),
    transaction: (index) => transactions[index],
  });
  if (!isDone) {
    const [fault, index] = list(rlpDecode(output(host, codes.outputFault)));
    return { type: "refused", fault: transactionFault(number(fault)), index: number(index) };
  }
  keepContent(host, content);
  const header = output(host, codes.outputHeader);
  return {
    type: "executed",
    hash: hex(header.subarray(0, 32)),
    ...headerFields(header.subarray(32)),
    receipts: outputs(host, codes.outputReceipt).map(receipt),
    leftOut: outputs(host, codes.outputLeftOut).map(([index, fault]) => ({
      index: number(index),
      fault: transactionFault(number(fault)),
    })),
  };
}

function keepContent(host: EngineHost, content: MemoryStateStore): void {
  content.commit({ writes: host.outputs.packedContent() } as Parameters<
    MemoryStateStore["commit"]
  >[0]);
}

function decodeTransaction(host: EngineHost, raw: Uint8Array): DecodingResult {
  const task = rlpEncode([rlpUint(1n), rlpUint(transactionBytesMax), rlpUint(1n)]);
  const isDone = host.run("transaction", {
    task,
    transaction: (index) => (index === 0 ? raw : undefined),
  });
  if (!isDone) {
    const [fault] = list(rlpDecode(output(host, codes.outputFault)));
    return { type: "refused", fault: transactionFault(number(fault)) };
  }
  const [hash, , , from] = list(rlpDecode(output(host, codes.outputTransaction)));
  return { type: "decoded", hash: hex(hash), from: hex(from) };
}

/** Form of an account in the task of genesis. */
export function accountItem({ address, balance, nonce, code, storage }: PlainAccount): RlpItem {
  const slots = storage.map(([slot, value]) => [rlpUint(slot), rlpUint(value)]);
  return [hexToBytes(address), rlpUint(balance), rlpUint(nonce), code, slots];
}

function taskItem(task: ReplayTask): RlpItem {
  const { environment } = task;
  return [
    rlpUint(task.chainId),
    hexToBytes(task.stateRoot),
    [
      hexToBytes(environment.parentHash),
      rlpUint(environment.number),
      rlpUint(environment.timestamp),
      rlpUint(environment.gasLimit),
      hexToBytes(environment.coinbase),
      hexToBytes(environment.prevRandao),
      rlpUint(environment.baseFeePerGas),
      hexToBytes(environment.originHash),
      hexToBytes(environment.extraData),
    ],
    task.ancestors.map((hash) => hexToBytes(hash)),
    task.withdrawals.map(({ index, validator, address, amountGwei }) => [
      rlpUint(index),
      rlpUint(validator),
      hexToBytes(address),
      rlpUint(amountGwei),
    ]),
    rlpUint(task.isUnprotectedAllowed ? 1n : 0n),
    rlpUint(BigInt(task.isBuilding ? codes.modeBuild : codes.modeAll)),
  ];
}

function headerFields(
  rlp: Uint8Array,
): Pick<
  BlockHeader,
  "stateRoot" | "transactionsRoot" | "receiptsRoot" | "logsBloom" | "gasUsed" | "withdrawalsRoot"
> {
  const items = list(rlpDecode(rlp));
  return {
    stateRoot: hex(items[3]),
    transactionsRoot: hex(items[4]),
    receiptsRoot: hex(items[5]),
    logsBloom: hex(items[6]),
    gasUsed: integer(items[10]),
    withdrawalsRoot: hex(items[16]),
  };
}

/** Receipt of an output: [isForced, index, hash, type, status, from, to, contract, gas used, cumulative, price, bloom, logs]. */
function receipt(items: readonly RlpItem[]): Receipt {
  const [, , hash, type, status, from, to, contract, gasUsed, cumulative, price, bloom, logs] =
    items;
  return {
    transactionHash: hex(hash),
    transactionType: number(type),
    status: number(status) === 1 ? 1 : 0,
    from: hex(from),
    to: addressOrNull(to),
    contractAddress: addressOrNull(contract),
    gasUsed: integer(gasUsed),
    cumulativeGasUsed: integer(cumulative),
    effectiveGasPrice: integer(price),
    logsBloom: hex(bloom),
    logs: list(logs).map((log) => {
      const [address, topics, data] = list(log);
      return { address: hex(address), topics: list(topics).map(hex), data: hex(data) };
    }),
  };
}

function outputs(host: EngineHost, kind: number): (readonly RlpItem[])[] {
  return host.outputs.of(kind).map((content) => list(rlpDecode(content)));
}

function output(host: EngineHost, kind: number): Uint8Array {
  const [found] = host.outputs.of(kind);
  if (found === undefined) throw new Error(`the run has no output of kind ${kind}`);
  return found;
}

function list(item: RlpItem | undefined): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) throw new TypeError("expected a list");
  return item;
}

function hex(item: RlpItem | undefined): Hex {
  if (!(item instanceof Uint8Array)) throw new TypeError("expected bytes");
  return `0x${Buffer.from(item).toString("hex")}`;
}

function integer(item: RlpItem | undefined): bigint {
  const digits = hex(item);
  return digits === "0x" ? 0n : BigInt(digits);
}

function number(item: RlpItem | undefined): number {
  return Number(integer(item));
}

function addressOrNull(item: RlpItem | undefined): Hex | null {
  const address = hex(item);
  return address === "0x" ? null : address;
}
