/** The module behind the interface of the suites: its entries genesis, replay and transaction, its RLP and its tries. */
import { type Hex, hexToBytes, type RlpItem, rlpDecode, rlpUint } from "@sequorum/protocol";
import * as codes from "../assembly/interface.ts";
import type { BlockHeader, Receipt } from "../src/types.ts";
import type { DecodingResult, Engine, PlainAccount, ReplayResult, ReplayTask } from "./engine.ts";
import {
  compileModule,
  createModuleHost,
  faultName,
  keepContent,
  type ModuleHost,
  type Run,
} from "./module-host.ts";
import { createPartsEngine } from "./parts-engine.ts";

const transactionBytesMax = 2n ** 31n - 1n;

/** Makes an engine of the built module or of another one. RLP and tries are compiled when they are first asked for. */
export function createModuleEngine(moduleFile?: string): Engine {
  const host = createModuleHost(compileModule(moduleFile));
  const content = new Map<string, Uint8Array>();
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
      content.clear();
      const run = host.run("genesis", { task: accounts.map(accountItem) });
      keepContent(run, content);
      return hex(output(run, codes.outputStateRoot));
    },
    replay: (task) => replay(host, task, content),
    decodeTransaction: (raw) => decodeTransaction(host, raw),
  };
}

/** Runs one block; its new nodes and codes are added to `content`. */
export function replay(
  host: ModuleHost,
  task: ReplayTask,
  content: Map<string, Uint8Array>,
): ReplayResult {
  const run = host.run("replay", {
    task: taskItem(task),
    transactions: task.transactions,
    content,
  });
  if (run.exit !== codes.exitDone) {
    const [fault, index] = list(rlpDecode(output(run, codes.outputFault)));
    return { type: "refused", fault: faultName(number(fault)), index: number(index) };
  }
  keepContent(run, content);
  const header = output(run, codes.outputHeader);
  return {
    type: "executed",
    hash: hex(header.subarray(0, 32)),
    ...headerFields(header.subarray(32)),
    receipts: outputs(run, codes.outputReceipt).map(receipt),
    leftOut: outputs(run, codes.outputLeftOut).map(([index, fault]) => ({
      index: number(index),
      fault: faultName(number(fault)),
    })),
  };
}

function decodeTransaction(host: ModuleHost, raw: Uint8Array): DecodingResult {
  const task = [rlpUint(1n), rlpUint(transactionBytesMax), rlpUint(1n)];
  const run = host.run("transaction", { task, transactions: [raw] });
  if (run.exit !== codes.exitDone) {
    const [fault] = list(rlpDecode(output(run, codes.outputFault)));
    return { type: "refused", fault: faultName(number(fault)) };
  }
  const [hash, , , from] = list(rlpDecode(output(run, codes.outputTransaction)));
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

function outputs(run: Run, kind: number): (readonly RlpItem[])[] {
  return run.outputs
    .filter((candidate) => candidate.kind === kind)
    .map(({ content }) => list(rlpDecode(content)));
}

function output(run: Run, kind: number): Uint8Array {
  const found = run.outputs.find((candidate) => candidate.kind === kind);
  if (found === undefined)
    throw new Error(`the run has no output of kind ${kind}, exit ${run.exit}`);
  return found.content;
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
