/** Outputs of the module as values of this package. Layouts: packages/stf/README.md, "Questions and outputs". */
import { assert, type Hex } from "@sequorum/protocol";
import { haltReason } from "./faults.ts";
import { RlpCursor } from "./rlp-cursor.ts";
import type { AccountSummary, Log, PostedBlock, Receipt, TraceStep, Transaction } from "./types.ts";

/** A receipt, and where its transaction came from. */
export type PlacedReceipt = {
  readonly receipt: Receipt;
  readonly isForced: boolean;
  /** Index in the list of forced entries, or in the list of transactions. */
  readonly index: number;
};

/** An account as `read` tells it. */
export type ReadAccount = AccountSummary & { readonly storageHash: Hex; readonly codeHash: Hex };

/** How a call ended. */
export type CallOutcome = {
  /** 0 is success. */
  readonly halt: number;
  readonly gasUsed: bigint;
  readonly data: Uint8Array;
};

/** Output `receipt`. */
export function decodeReceipt(bytes: Uint8Array): PlacedReceipt {
  const items = RlpCursor.of(bytes);
  const isForced = items.number() === 1;
  const index = items.number();
  const receipt: Receipt = {
    transactionHash: items.hex(),
    transactionType: items.number(),
    status: items.number() === 1 ? 1 : 0,
    from: items.hex(),
    to: items.hexOrNull(),
    contractAddress: items.hexOrNull(),
    gasUsed: items.integer(),
    cumulativeGasUsed: items.integer(),
    effectiveGasPrice: items.integer(),
    logsBloom: items.hex(),
    logs: items.list(decodeLog),
  };
  return { receipt, isForced, index };
}

function decodeLog(items: RlpCursor): Log {
  const log = items.items();
  return { address: log.hex(), topics: log.list((topics) => topics.hex()), data: log.hex() };
}

/** Outputs `leftOut`, `skipped` and `fault`: two integers, the second of which may be missing. */
export function decodePair(bytes: Uint8Array): readonly [bigint, bigint | undefined] {
  const items = RlpCursor.of(bytes);
  return [items.integer(), items.isAtEnd ? undefined : items.integer()];
}

/** Output `sender`. */
export function decodeSender(bytes: Uint8Array): readonly [Hex, AccountSummary] {
  const items = RlpCursor.of(bytes);
  return [items.hex(), { nonce: items.integer(), balanceWei: items.integer() }];
}

/** Output `transaction`. */
export function decodeTransactionOutput(bytes: Uint8Array, raw: Uint8Array): Transaction {
  const items = RlpCursor.of(bytes);
  const [hash, type, chainId] = [items.hex(), items.number(), items.integer()];
  const [from, nonce, gasLimit] = [items.hex(), items.integer(), items.integer()];
  const gasPrice = items.integer();
  assert(type === 0 || type === 1 || type === 2, "a transaction's type is known", { type });
  return {
    raw,
    hash,
    type,
    chainId: chainId === 0n ? null : chainId,
    from,
    nonce,
    gasLimit,
    gasPrice: type === 2 ? null : gasPrice,
    maxFeePerGas: items.integer(),
    maxPriorityFeePerGas: items.integer(),
    to: items.hexOrNull(),
    valueWei: items.integer(),
    data: items.bytes(),
    accessList: items.list(decodeAccess),
    v: items.integer(),
    r: items.integer(),
    s: items.integer(),
  };
}

function decodeAccess(items: RlpCursor): Transaction["accessList"][number] {
  const entry = items.items();
  return { address: entry.hex(), storageKeys: entry.list((keys) => keys.hex()) };
}

/** Output `accessList`. */
export function decodeAccessList(bytes: Uint8Array): Transaction["accessList"] {
  const items = RlpCursor.of(bytes);
  const list: Transaction["accessList"][number][] = [];
  while (!items.isAtEnd) list.push(decodeAccess(items));
  return list;
}

/** Output `batchBlock`. */
export function decodeBatchBlock(bytes: Uint8Array): PostedBlock {
  const items = RlpCursor.of(bytes);
  return {
    timestamp: items.integer(),
    originNumber: items.integer(),
    term: items.integer(),
    coinbase: items.hex(),
    transactions: items.list((raws) => raws.bytes()),
  };
}

/** Output `account`. */
export function decodeAccount(bytes: Uint8Array): ReadAccount {
  const items = RlpCursor.of(bytes);
  items.integer(); // whether it exists: an account that does not has an empty one's values
  return {
    nonce: items.integer(),
    balanceWei: items.integer(),
    storageHash: items.hex(),
    codeHash: items.hex(),
  };
}

/** Output `slot`: key and value. */
export function decodeSlot(bytes: Uint8Array): { readonly key: bigint; readonly value: bigint } {
  const items = RlpCursor.of(bytes);
  return { key: items.integer(), value: items.integer() };
}

/** Output `callResult`. The created address is in the state that nobody keeps, and left out. */
export function decodeCallResult(bytes: Uint8Array): CallOutcome {
  const items = RlpCursor.of(bytes);
  return { halt: items.number(), gasUsed: items.integer(), data: items.bytes() };
}

/** Output `traceStep`. */
export function decodeTraceStep(bytes: Uint8Array, withMemory: boolean): TraceStep {
  const items = RlpCursor.of(bytes);
  const step = {
    depth: items.number(),
    programCounter: items.number(),
    opcode: items.number(),
    gas: items.integer(),
    gasCost: items.integer(),
    refund: items.integer(),
    stack: items.list((words) => words.integer()),
  };
  const memory = items.bytes();
  const halt = items.number();
  return {
    ...step,
    ...(withMemory ? { memory } : {}),
    ...(halt === 0 ? {} : { error: haltReason(halt) }),
  };
}
