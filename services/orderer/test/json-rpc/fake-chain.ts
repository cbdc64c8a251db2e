/** An in-memory chain behind the orderer's ports, with blocks made by hand. */
import { assert, bytesToHex, type Hex, hexToBytes, keccak256, zeroHash } from "@sequorum/protocol";
import type { CallResult, L2Block, Log, Receipt, Transaction } from "@sequorum/stf";
import {
  type BlockId,
  type ChainBlock,
  type ChainEvent,
  type ChainLog,
  type LogFilter,
  type OrdererPorts,
  StatePruned,
  type SubmitResult,
  type Traced,
} from "../../src/ports.ts";
import { logMatches } from "../../src/json-rpc/log-filter.ts";
import type { NodeInfo } from "../../src/json-rpc/ports.ts";

export const chainId = 42_424n;
export const alice: Hex = `0x${"a1".repeat(20)}`;
export const bob: Hex = `0x${"b0".repeat(20)}`;
export const token: Hex = `0x${"70".repeat(20)}`;
export const transferTopic = keccak256(
  new TextEncoder().encode("Transfer(address,address,uint256)"),
);

const gwei = 1_000_000_000n;

type Stored = {
  block: L2Block;
  receipts: Receipt[];
  transactions: Transaction[];
  isCanonical: boolean;
};

/** The chain, and knobs for tests. */
export class FakeChain {
  readonly blocks = new Map<Hex, Stored>();
  readonly waiting = new Map<Hex, Transaction>();
  readonly submitted: Hex[] = [];
  canonical: Hex[] = [];
  safe = 0n;
  finalized = 0n;
  /** States below this height are pruned. */
  keptFrom = 0n;
  nextTrace: Traced | undefined;
  nextSubmit: SubmitResult | undefined;
  nextCall: CallResult = { type: "returned", data: new Uint8Array(32), gasUsed: 21_000n };
  callDelay: Promise<void> = Promise.resolve();
  failsToRead = false;
  #listeners = new Set<(event: ChainEvent) => void>();

  constructor() {
    this.extend([], { silent: true });
  }

  /** Seals a block on the head with these transactions. */
  extend(
    contents: readonly { transaction: Transaction; logs?: readonly Log[]; failed?: boolean }[],
    options: { silent?: boolean; extraData?: Hex } = {},
  ): L2Block {
    const stored = this.#seal(contents, options.extraData ?? `0x${"00".repeat(32)}`);
    this.blocks.set(stored.block.hash, stored);
    this.canonical.push(stored.block.hash);
    if (options.silent !== true)
      this.#emit({ type: "headChanged", removed: [], added: [this.#view(stored)] });
    return stored.block;
  }

  /** Replaces the newest block by an empty one. */
  reorganise(): { removed: L2Block; added: L2Block } {
    const removedHash = this.canonical.pop();
    assert(removedHash !== undefined, "there is a block to remove");
    const removed = this.blocks.get(removedHash);
    assert(removed !== undefined, "the block is stored");
    removed.isCanonical = false;
    const added = this.#seal([], `0x${"ff".repeat(32)}`);
    this.blocks.set(added.block.hash, added);
    this.canonical.push(added.block.hash);
    this.#emit({ type: "headChanged", removed: [this.#view(removed)], added: [this.#view(added)] });
    return { removed: removed.block, added: added.block };
  }

  /** Puts a transaction into the mempool. */
  wait(transaction: Transaction): void {
    this.waiting.set(transaction.hash, transaction);
    this.#emit({ type: "pendingTransaction", hash: transaction.hash });
  }

  /** Number of subscribers to chain events. */
  get listeners(): number {
    return this.#listeners.size;
  }

  readonly node: NodeInfo = {
    status: () => ({ operator: "a", isLeader: true, term: 3n, leader: alice, certifiedHeight: 0n }),
    syncing: () => undefined,
    batchOf: async (height) => (height === 1n ? { index: 1n, l1TxHash: zeroHash } : undefined),
    minimumTipWei: gwei,
  };

  ports(): OrdererPorts {
    return {
      chain: {
        chainId,
        headNumber: () => BigInt(this.canonical.length - 1),
        block: async (id) => this.#find(id),
        receipts: async (hash) => {
          if (this.failsToRead) throw new Error("disk on fire");
          return this.blocks.get(hash)?.receipts;
        },
        transaction: async (hash) => this.#locate(hash),
        logs: async (filter) => this.#logs(filter),
        account: async (address, id) => {
          const found = this.#find(id);
          if (found === undefined) return undefined;
          const { number } = found.block.header;
          if (number < this.keptFrom) throw new StatePruned(number, this.keptFrom);
          return {
            nonce: address === alice ? 7n : 0n,
            balanceWei: address === alice ? 10n ** 18n : 0n,
          };
        },
        code: async (address) =>
          address === token ? Uint8Array.of(0x60, 0x00) : new Uint8Array(0),
        storage: async () => `0x${"00".repeat(31)}2a`,
        proof: async (address, slots) => ({
          address,
          balanceWei: 1n,
          nonce: 2n,
          codeHash: zeroHash,
          storageHash: zeroHash,
          accountProof: ["0x01"],
          storageProof: slots.map((key) => ({ key, value: 3n, proof: [] })),
        }),
        decodeTransaction: (raw) => {
          const hash = keccak256(raw);
          for (const { transactions } of this.blocks.values()) {
            const found = transactions.find((transaction) => transaction.hash === hash);
            if (found !== undefined) return found;
          }
          throw new Error("unknown transaction");
        },
        nextBaseFeePerGas: () => 2n * gwei,
      },
      calls: {
        call: async () => {
          await this.callDelay;
          return this.nextCall;
        },
        estimateGas: async () => {
          if (this.nextCall.type === "returned")
            return { type: "estimated", gas: this.nextCall.gasUsed };
          return this.nextCall;
        },
        traceCall: async (_request, id) => (this.#find(id) ? this.nextTrace : undefined),
        traceTransaction: async (hash) => (this.#locate(hash) ? this.nextTrace : undefined),
      },
      pool: {
        add: async (raw) => {
          this.submitted.push(bytesToHex(raw));
          return this.nextSubmit ?? { type: "accepted", hash: keccak256(raw) };
        },
        pendingNonce: async (sender) => (sender === alice ? 9n : 0n),
        get: (hash) => {
          const transaction = this.waiting.get(hash);
          return transaction === undefined ? undefined : { transaction, receivedAtMs: 0 };
        },
        list: () => ({ pending: [], queued: [] }),
        counts: () => ({ pending: this.waiting.size, queued: 0 }),
      },
      events: {
        subscribe: (listener) => {
          this.#listeners.add(listener);
          return () => this.#listeners.delete(listener);
        },
        matchLogs: async (hash, filter) => {
          const stored = this.blocks.get(hash);
          assert(stored !== undefined, "the block is stored");
          return logsOf(stored).filter((log) => logMatches(log, filter));
        },
      },
    };
  }

  #seal(
    contents: readonly { transaction: Transaction; logs?: readonly Log[]; failed?: boolean }[],
    extraData: Hex,
  ): Stored {
    const number = BigInt(this.canonical.length);
    const hash = keccak256(
      new TextEncoder().encode(`block ${number} ${extraData} ${contents.length}`),
    );
    const receipts = contents.map(({ transaction, logs = [], failed = false }, i) =>
      receiptOf(transaction, { logs, failed, cumulativeGasUsed: 21_000n * BigInt(i + 1) }),
    );
    const header = headerOf(number, { parentHash: this.canonical.at(-1) ?? zeroHash, extraData });
    return {
      block: {
        header: { ...header, gasUsed: 21_000n * BigInt(contents.length) },
        hash,
        transactions: contents.map(({ transaction }) => transaction.raw),
      },
      receipts,
      transactions: contents.map(({ transaction }) => transaction),
      isCanonical: true,
    };
  }

  #find(id: BlockId): ChainBlock | undefined {
    if (id.type === "hash") {
      const stored = this.blocks.get(id.hash);
      if (stored === undefined || (id.requireCanonical && !stored.isCanonical)) return undefined;
      return this.#view(stored);
    }
    const hash = this.canonical[Number(id.type === "number" ? id.number : this.#heightOf(id.tag))];
    const stored = hash === undefined ? undefined : this.blocks.get(hash);
    return stored === undefined ? undefined : this.#view(stored);
  }

  #heightOf(tag: Extract<BlockId, { type: "tag" }>["tag"]): bigint {
    if (tag === "earliest") return 0n;
    if (tag === "safe") return this.safe;
    return tag === "finalized" ? this.finalized : BigInt(this.canonical.length - 1);
  }

  #view(stored: Stored): ChainBlock {
    return {
      block: stored.block,
      sizeBytes: 600,
      originNumber: 5n,
      forcedCount: 0,
      isCanonical: stored.isCanonical,
      level: stored.block.header.number <= this.safe ? "posted" : "soft",
    };
  }

  #locate(hash: Hex) {
    for (const blockHash of this.canonical) {
      const stored = this.blocks.get(blockHash);
      const index =
        stored?.transactions.findIndex((transaction) => transaction.hash === hash) ?? -1;
      const transaction = stored?.transactions[index];
      const receipt = stored?.receipts[index];
      if (stored === undefined || transaction === undefined || receipt === undefined) continue;
      return { block: this.#view(stored), index, transaction, receipt };
    }
    return undefined;
  }

  async #logs(filter: LogFilter) {
    const { blocks } = filter;
    if (blocks.type === "hash" && !this.blocks.has(blocks.hash))
      return { type: "unknownBlock" as const };
    const hashes =
      blocks.type === "hash"
        ? [blocks.hash]
        : this.canonical.slice(Number(blocks.from), Number(blocks.to) + 1);
    const logs = hashes.flatMap((hash) => {
      const stored = this.blocks.get(hash);
      return stored === undefined ? [] : logsOf(stored).filter((log) => logMatches(log, filter));
    });
    if (logs.length > filter.resultsMax) return { type: "tooMany" as const };
    return { type: "found" as const, logs };
  }

  #emit(event: ChainEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

/** A type-2 transfer with a made-up signature; `nonce` makes it unique. */
export function transfer(nonce: number, fields: Partial<Transaction> = {}): Transaction {
  const raw = fields.raw ?? Uint8Array.of(2, nonce >> 8, nonce & 255);
  return {
    hash: keccak256(raw),
    type: 2,
    chainId,
    from: alice,
    nonce: BigInt(nonce),
    gasLimit: 30_000n,
    gasPrice: null,
    maxFeePerGas: 10n * gwei,
    maxPriorityFeePerGas: 2n * gwei,
    to: bob,
    valueWei: 5n,
    data: new Uint8Array(0),
    accessList: [],
    v: 1n,
    r: 0x11n,
    s: 0x22n,
    ...fields,
    raw,
  };
}

/** An ERC-20 Transfer log. */
export function transferLog(from: Hex, to: Hex, value: bigint): Log {
  return {
    address: token,
    topics: [transferTopic, pad(from), pad(to)],
    data: pad(`0x${value.toString(16).padStart(2, "0")}`),
  };
}

function pad(value: Hex): Hex {
  return `0x${value.slice(2).padStart(64, "0")}`;
}

function logsOf({ block, receipts, isCanonical }: Stored): ChainLog[] {
  let logIndex = 0;
  return receipts.flatMap((receipt, transactionIndex) =>
    receipt.logs.map((log) => ({
      ...log,
      blockNumber: block.header.number,
      blockHash: block.hash,
      blockTimestamp: block.header.timestamp,
      transactionHash: receipt.transactionHash,
      transactionIndex,
      logIndex: logIndex++,
      isRemoved: !isCanonical,
    })),
  );
}

function receiptOf(
  transaction: Transaction,
  {
    logs,
    failed,
    cumulativeGasUsed,
  }: { logs: readonly Log[]; failed: boolean; cumulativeGasUsed: bigint },
): Receipt {
  return {
    transactionHash: transaction.hash,
    transactionType: transaction.type,
    status: failed ? 0 : 1,
    from: transaction.from,
    to: transaction.to,
    contractAddress: transaction.to === null ? token : null,
    gasUsed: 21_000n,
    cumulativeGasUsed,
    effectiveGasPrice: gwei + transaction.maxPriorityFeePerGas,
    logsBloom: `0x${"00".repeat(256)}`,
    logs,
  };
}

function headerOf(number: bigint, fields: { parentHash: Hex; extraData: Hex }): L2Block["header"] {
  return {
    ...fields,
    number,
    coinbase: bob,
    stateRoot: keccak256(hexToBytes("0x01")),
    transactionsRoot: keccak256(hexToBytes("0x02")),
    receiptsRoot: keccak256(hexToBytes("0x03")),
    withdrawalsRoot: keccak256(hexToBytes("0x04")),
    logsBloom: `0x${"00".repeat(256)}`,
    gasLimit: 30_000_000n,
    gasUsed: 0n,
    timestamp: 1_700_000_000n + number,
    prevRandao: keccak256(hexToBytes("0x05")),
    baseFeePerGas: gwei,
    originHash: keccak256(hexToBytes("0x06")),
    term: 3n,
    queuePosition: 0n,
  };
}
