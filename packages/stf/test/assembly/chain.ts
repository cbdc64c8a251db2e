/** A chain that the module and the oracle (ethereumjs) build side by side; every result is compared here. */
import assert from "node:assert/strict";
import { createBlockHeader } from "@ethereumjs/block";
import { type Hex, hexToBytes, keccak256 } from "@sequorum/protocol";
import * as codes from "../../assembly/interface.ts";
import type {
  BlockHeader,
  BlockInputs,
  ForcedEntry,
  Log,
  NotIncludable,
  ParentBlock,
  Receipt,
} from "../../src/types.ts";
import { oracleCommon } from "../oracle/common.ts";
import { createOracle, type Oracle, type OracleBlock } from "../oracle/executor.ts";
import type { PlainAccount } from "../oracle/state.ts";
import {
  bytesOf,
  encode,
  hexOf,
  integerOf,
  itemOf,
  type Item,
  type Machine,
  outputsOf,
  type Result,
  type Tree,
} from "./block-host.ts";

export const chainId = 7_777n;

/** Values of the rules. */
export type Rules = {
  readonly originDriftSecondsMax: number;
  readonly blockTransactionBytesMax: number;
  readonly transactionBytesMax: number;
};

/** How a block is made. */
export type Mode = typeof codes.modeAll | typeof codes.modeBuild;

export type Chain = {
  readonly machine: Machine;
  readonly oracle: Oracle;
  readonly genesis: ParentBlock;
  readonly rules: Rules;
};

const defaultRules: Rules = {
  originDriftSecondsMax: 600,
  blockTransactionBytesMax: 92 * 1_024,
  transactionBytesMax: 128 * 1_024,
};

/** A chain whose block 0 has these accounts. */
export async function openChain(
  machine: Machine,
  accounts: readonly PlainAccount[],
  options: { readonly rules?: Partial<Rules>; readonly header?: Partial<BlockHeader> } = {},
): Promise<Chain> {
  const rules = { ...defaultRules, ...options.rules };
  const oracle = createOracle({ chainId, ...rules });
  const stateRoot = await oracle.writeAccounts(accounts);
  const result = machine.run("genesis", { task: accounts.map(accountItem) });
  assert.equal(
    hexOf(outputsOf(result, codes.outputStateRoot)[0] as Uint8Array),
    stateRoot.slice(2),
  );
  const header: BlockHeader = { ...genesisHeader, ...options.header, stateRoot };
  const rlp = headerRlp(header);
  const hash = keccak256(rlp);
  machine.content.set(hash.slice(2), rlp);
  return { machine, oracle, rules, genesis: { header, hash, originNumber: 0n } };
}

/** The task of the entry `block`. */
export function blockTask(
  { rules }: Pick<Chain, "rules">,
  parent: ParentBlock,
  inputs: BlockInputs,
  options: { readonly mode: number; readonly batch?: Item; readonly trace?: Item },
): Item {
  return [
    chainId,
    hexToBytes(parent.hash),
    parent.originNumber,
    options.mode,
    options.batch ?? [],
    inputs.timestamp,
    inputs.originNumber,
    hexToBytes(inputs.originHash),
    inputs.originTime,
    inputs.term,
    hexToBytes(inputs.coinbase),
    [rules.originDriftSecondsMax, rules.blockTransactionBytesMax, rules.transactionBytesMax],
    inputs.forcedEntries.length,
    options.trace ?? [],
  ];
}

/** RLP of a queue entry. */
export function forcedItem({ position, l1BlockNumber, transaction }: ForcedEntry): Uint8Array {
  return encode([position, l1BlockNumber, transaction]);
}

/** Makes the block with both and compares everything that they say of it. Answers the child, or the fault. */
export async function extend(
  chain: Chain,
  parent: ParentBlock,
  inputs: BlockInputs,
  mode: Mode = codes.modeAll,
): Promise<(ParentBlock & { readonly oracle: OracleBlock }) | NotIncludable> {
  const { machine, oracle } = chain;
  const expected = await (mode === codes.modeBuild
    ? oracle.buildBlock(parent, inputs)
    : oracle.applyBatchBlock(parent, inputs));
  const result = machine.run("block", {
    task: blockTask(chain, parent, inputs, { mode }),
    transactions: inputs.transactions,
    forced: inputs.forcedEntries.map(forcedItem),
  });
  if (expected.type === "notIncludable") {
    assert.equal(result.exit, codes.exitNotIncludable);
    const fault = outputsOf(result, codes.outputFault)[0] as Tree[];
    assert.equal(faultName(integerOf(fault, 0)), expected.reason);
    const index = fault.length > 1 ? integerOf(fault, 1) : -1n;
    assert.equal(index, BigInt(expected.transaction));
    return expected;
  }
  assert.equal(result.exit, codes.exitDone, faultIn(result));
  compareBlock(result, expected, inputs);
  const [header] = outputsOf(result, codes.outputHeader) as Uint8Array[];
  assert.equal(hexOf((header ?? new Uint8Array(0)).subarray(0, 32)), expected.block.hash.slice(2));
  const { block, originNumber } = expected;
  return { header: block.header, hash: block.hash, originNumber, oracle: expected };
}

/** As `extend`, of inputs that make a block. */
export async function mustExtend(
  chain: Chain,
  parent: ParentBlock,
  inputs: BlockInputs,
  mode?: Mode,
): Promise<ParentBlock & { readonly oracle: OracleBlock }> {
  const result = await extend(chain, parent, inputs, mode);
  if ("type" in result) throw new Error(`${result.reason} at ${result.transaction}`);
  return result;
}

/** Name of a fault of interface.ts as packages/stf has it. */
export function faultName(code: number | bigint): string {
  const found = Object.entries(codes).find(
    ([name, value]) => name.startsWith("fault") && value === Number(code),
  );
  const name = found?.[0].slice("fault".length) ?? "";
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}

/** A receipt output as packages/stf has it. */
export function receiptOf(output: Tree): Receipt {
  const hex = (index: number): Hex => `0x${hexOf(bytesOf(output, index))}`;
  const orNull = (value: Hex) => (value === "0x" ? null : value);
  return {
    transactionHash: hex(2),
    transactionType: Number(integerOf(output, 3)),
    status: integerOf(output, 4) === 1n ? 1 : 0,
    from: hex(5),
    to: orNull(hex(6)),
    contractAddress: orNull(hex(7)),
    gasUsed: integerOf(output, 8),
    cumulativeGasUsed: integerOf(output, 9),
    effectiveGasPrice: integerOf(output, 10),
    logsBloom: hex(11),
    logs: (itemOf(output, 12) as Tree[]).map(logOf),
  };
}

/** RLP of a header by an Ethereum library. */
export function headerRlp(header: BlockHeader): Uint8Array {
  const { prevRandao, originHash, logsBloom, receiptsRoot, transactionsRoot, ...rest } = header;
  const { term: _, queuePosition: __, ...fields } = rest;
  const data = {
    ...fields,
    logsBloom,
    difficulty: 0n,
    mixHash: prevRandao,
    parentBeaconBlockRoot: originHash,
    receiptTrie: receiptsRoot,
    transactionsTrie: transactionsRoot,
  };
  return createBlockHeader(data, { common: oracleCommon(chainId) }).serialize();
}

function compareBlock(result: Result, expected: OracleBlock, inputs: BlockInputs): void {
  const receipts = outputsOf(result, codes.outputReceipt);
  assert.deepEqual(receipts.map(receiptOf), expected.receipts);
  const forced = receipts.filter((receipt) => integerOf(receipt, 0) === 1n);
  assert.equal(forced.length, expected.forcedCount);
  const sources = receipts.map((receipt) => {
    const index = Number(integerOf(receipt, 1));
    return integerOf(receipt, 0) === 1n
      ? inputs.forcedEntries[index]?.transaction
      : inputs.transactions[index];
  });
  assert.deepEqual(sources, expected.block.transactions);
  const skipped = outputsOf(result, codes.outputSkipped).map((output) => integerOf(output, 0));
  assert.deepEqual(skipped, expected.skippedPositions);
  const leftOut = outputsOf(result, codes.outputLeftOut).map((output) => ({
    hash: keccak256(inputs.transactions[Number(integerOf(output, 0))] ?? new Uint8Array(0)),
    reason: faultName(integerOf(output, 1)),
  }));
  assert.deepEqual(leftOut, expected.leftOut);
  const senders = outputsOf(result, codes.outputSender).map((output) => [
    `0x${hexOf(bytesOf(output, 0))}`,
    { nonce: integerOf(output, 1), balanceWei: integerOf(output, 2) },
  ]);
  assert.deepEqual(senders, [...expected.senders]);
}

function faultIn(result: Result): string {
  const [fault] = outputsOf(result, codes.outputFault);
  return fault === undefined ? "no fault" : faultName(integerOf(fault, 0));
}

function logOf(log: Tree): Log {
  return {
    address: `0x${hexOf(bytesOf(log, 0))}`,
    topics: (itemOf(log, 1) as Uint8Array[]).map((topic): Hex => `0x${hexOf(topic)}`),
    data: `0x${hexOf(bytesOf(log, 2))}`,
  };
}

function accountItem({ address, balance, nonce, code, storage }: PlainAccount): Item {
  return [hexToBytes(address), balance, nonce, code, storage];
}

const zeroRoot: Hex = `0x${"0".repeat(64)}`;
const emptyRoot: Hex = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";

const genesisHeader: BlockHeader = {
  parentHash: zeroRoot,
  coinbase: `0x${"0".repeat(40)}`,
  stateRoot: zeroRoot,
  transactionsRoot: emptyRoot,
  receiptsRoot: emptyRoot,
  logsBloom: `0x${"0".repeat(512)}`,
  number: 0n,
  gasLimit: 30_000_000n,
  gasUsed: 0n,
  timestamp: 1_000n,
  extraData: `0x01${"0".repeat(62)}`,
  prevRandao: zeroRoot,
  baseFeePerGas: 1_000_000_000n,
  withdrawalsRoot: emptyRoot,
  originHash: zeroRoot,
  term: 0n,
  queuePosition: 0n,
};
