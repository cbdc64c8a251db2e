/** Outputs of the module as values of this package. Layouts: packages/stf/README.md, "Questions and outputs". */
import { assert, type Hex, type RlpItem, rlpDecode } from "@sequorum/protocol";
import { toHex, toInteger } from "./bytes.ts";
import { haltReason } from "./faults.ts";
import type {
  AccountSummary,
  Log,
  PostedBlock,
  Receipt,
  TraceStep,
  Transaction,
} from "./types-next.ts";

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

/** Reads the items of a list one after another. */
class Items {
  readonly #items: readonly RlpItem[];
  #at = 0;

  constructor(item: RlpItem | undefined) {
    assert(item !== undefined && !(item instanceof Uint8Array), "an output is a list");
    this.#items = item;
  }

  static of(bytes: Uint8Array): Items {
    return new Items(rlpDecode(bytes));
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#items.length;
  }

  next(): RlpItem | undefined {
    return this.#items[this.#at++];
  }

  bytes(): Uint8Array {
    const item = this.next();
    assert(item instanceof Uint8Array, "an item is a byte string");
    return item;
  }

  /** Bytes that outlive the output. */
  copy(): Uint8Array {
    return this.bytes().slice();
  }

  hex(): Hex {
    return toHex(this.bytes());
  }

  hexOrNull(): Hex | null {
    const bytes = this.bytes();
    return bytes.length === 0 ? null : toHex(bytes);
  }

  integer(): bigint {
    return smallInteger(this.bytes());
  }

  number(): number {
    return Number(this.integer());
  }

  list<Value>(read: (items: Items) => Value): Value[] {
    const items = new Items(this.next());
    const values: Value[] = [];
    while (!items.isAtEnd) values.push(read(items));
    return values;
  }
}

/** Big-endian; most are short, and a hexadecimal detour costs more than a few multiplications. */
function smallInteger(bytes: Uint8Array): bigint {
  if (bytes.length > 6) return toInteger(bytes);
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  return BigInt(value);
}

/** Output `receipt`. */
export function decodeReceipt(bytes: Uint8Array): PlacedReceipt {
  const items = Items.of(bytes);
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

function decodeLog(items: Items): Log {
  const log = new Items(items.next());
  return { address: log.hex(), topics: log.list((topics) => topics.hex()), data: log.hex() };
}

/** Outputs `leftOut`, `skipped` and `fault`: two integers, the second of which may be missing. */
export function decodePair(bytes: Uint8Array): readonly [bigint, bigint | undefined] {
  const items = Items.of(bytes);
  return [items.integer(), items.isAtEnd ? undefined : items.integer()];
}

/** Output `sender`. */
export function decodeSender(bytes: Uint8Array): readonly [Hex, AccountSummary] {
  const items = Items.of(bytes);
  return [items.hex(), { nonce: items.integer(), balanceWei: items.integer() }];
}

/** Output `transaction`. */
export function decodeTransactionOutput(bytes: Uint8Array, raw: Uint8Array): Transaction {
  const items = Items.of(bytes);
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
    data: items.copy(),
    accessList: items.list(decodeAccess),
    v: items.integer(),
    r: items.integer(),
    s: items.integer(),
  };
}

function decodeAccess(items: Items): Transaction["accessList"][number] {
  const entry = new Items(items.next());
  return { address: entry.hex(), storageKeys: entry.list((keys) => keys.hex()) };
}

/** Output `accessList`. */
export function decodeAccessList(bytes: Uint8Array): Transaction["accessList"] {
  const items = Items.of(bytes);
  const list: Transaction["accessList"][number][] = [];
  while (!items.isAtEnd) list.push(decodeAccess(items));
  return list;
}

/** Output `batchBlock`. */
export function decodeBatchBlock(bytes: Uint8Array): PostedBlock {
  const items = Items.of(bytes);
  return {
    timestamp: items.integer(),
    originNumber: items.integer(),
    term: items.integer(),
    coinbase: items.hex(),
    transactions: items.list((raws) => raws.copy()),
  };
}

/** Output `account`. */
export function decodeAccount(bytes: Uint8Array): ReadAccount {
  const items = Items.of(bytes);
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
  const items = Items.of(bytes);
  return { key: items.integer(), value: items.integer() };
}

/** Output `callResult`. The created address is in the state that nobody keeps, and left out. */
export function decodeCallResult(bytes: Uint8Array): CallOutcome {
  const items = Items.of(bytes);
  return { halt: items.number(), gasUsed: items.integer(), data: items.copy() };
}

/** Output `traceStep`. */
export function decodeTraceStep(bytes: Uint8Array, withMemory: boolean): TraceStep {
  const items = Items.of(bytes);
  const step = {
    depth: items.number(),
    programCounter: items.number(),
    opcode: items.number(),
    gas: items.integer(),
    gasCost: items.integer(),
    refund: items.integer(),
    stack: items.list((words) => words.integer()),
  };
  const memory = items.copy();
  const halt = items.number();
  return {
    ...step,
    ...(withMemory ? { memory } : {}),
    ...(halt === 0 ? {} : { error: haltReason(halt) }),
  };
}
