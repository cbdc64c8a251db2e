/** What the orderer offers to its RPC front ends (JSON-RPC, gRPC): reading the chain, calling, submitting, subscribing. */
import type { Hex } from "@sequorum/protocol";
import type {
  AccountProof,
  AccountSummary,
  CallRequest,
  CallResult,
  L2Block,
  Log,
  Receipt,
  TraceOptions,
  TraceStep,
  Transaction,
} from "@sequorum/stf";

/** How firm a block is: the leader's seal, certified by the PoS chain, in an accepted batch, final on L1. */
export type ConfirmationLevel = "soft" | "quorum" | "posted" | "final";

/**
 * Names a canonical block. `latest` and `pending` = canonical head, `safe` = newest posted block, `finalized` = newest
 * final block (genesis until there is one).
 */
export type BlockId =
  | { readonly type: "tag"; readonly tag: "latest" | "pending" | "safe" | "finalized" | "earliest" }
  | { readonly type: "number"; readonly number: bigint }
  | { readonly type: "hash"; readonly hash: Hex; readonly requireCanonical: boolean };

/** A stored block. */
export type ChainBlock = {
  readonly block: L2Block;
  /** Size of the RLP of the block. */
  readonly sizeBytes: number;
  readonly originNumber: bigint;
  /** How many of the first transactions were forced through L1. */
  readonly forcedCount: number;
  /** False for a block of an abandoned branch (found by hash). */
  readonly isCanonical: boolean;
  readonly level: ConfirmationLevel;
};

/** Where a transaction is in the canonical chain. */
export type TransactionLocation = {
  readonly block: ChainBlock;
  readonly index: number;
  readonly transaction: Transaction;
  readonly receipt: Receipt;
};

/** Criteria for logs; `topics[i]` null = any, else any of the list. Empty `addresses` = any. */
export type LogFilter = {
  readonly blocks:
    | { readonly type: "range"; readonly from: bigint; readonly to: bigint }
    | { readonly type: "hash"; readonly hash: Hex };
  readonly addresses: readonly Hex[];
  readonly topics: readonly (readonly Hex[] | null)[];
  /** Matching logs above this number make the result `tooMany`. */
  readonly resultsMax: number;
};

/** A log in its block. */
export type ChainLog = Log & {
  readonly blockNumber: bigint;
  readonly blockHash: Hex;
  readonly blockTimestamp: bigint;
  readonly transactionHash: Hex;
  readonly transactionIndex: number;
  /** Index within the block. */
  readonly logIndex: number;
  /** True in a subscription when the block has left the canonical chain. */
  readonly isRemoved: boolean;
};

/** The state of a block is no more; blocks, receipts and logs still are. */
export class StatePruned extends Error {
  readonly height: bigint;
  /** The oldest block whose state there is. */
  readonly keptFrom: bigint;
  constructor(height: bigint, keptFrom: bigint) {
    super(`state of block ${height} is pruned; this node keeps states from block ${keptFrom} on`);
    this.name = "StatePruned";
    this.height = height;
    this.keptFrom = keptFrom;
  }
}

/**
 * Reads the chain and its state. Every method answers `undefined` for a block that is not known; those that read state
 * throw `StatePruned`.
 */
export type ChainReader = {
  readonly chainId: bigint;
  /** Height of the canonical head, from memory. */
  headNumber(): bigint;
  block(id: BlockId): Promise<ChainBlock | undefined>;
  /** The block's receipts, in order; for canonical blocks and abandoned ones. */
  receipts(blockHash: Hex): Promise<readonly Receipt[] | undefined>;
  /** The transaction in the canonical chain. */
  transaction(hash: Hex): Promise<TransactionLocation | undefined>;
  logs(
    filter: LogFilter,
  ): Promise<
    { type: "found"; logs: readonly ChainLog[] } | { type: "tooMany" } | { type: "unknownBlock" }
  >;
  account(address: Hex, at: BlockId): Promise<AccountSummary | undefined>;
  code(address: Hex, at: BlockId): Promise<Uint8Array | undefined>;
  /** The slot's value, 32 bytes. */
  storage(address: Hex, slot: Hex, at: BlockId): Promise<Hex | undefined>;
  proof(address: Hex, slots: readonly Hex[], at: BlockId): Promise<AccountProof | undefined>;
  /** Decodes a raw transaction of a block (never fails for one that is in a block). */
  decodeTransaction(raw: Uint8Array): Transaction;
  /** Base fee of the block after the given one. */
  nextBaseFeePerGas(block: L2Block): bigint;
};

/** Result of estimating: the least gas limit that suffices, or why there is none. */
export type EstimateResult =
  | { readonly type: "estimated"; readonly gas: bigint }
  | { readonly type: "reverted"; readonly data: Uint8Array }
  | { readonly type: "failed"; readonly reason: string };

/** The executed instructions of a call or of a transaction. */
export type Traced =
  | {
      readonly type: "traced";
      readonly gasUsed: bigint;
      readonly hasFailed: boolean;
      readonly returnData: Uint8Array;
      /** Contract in whose context the first frame ran; null when a creation failed before it had one. */
      readonly contract: Hex | null;
      readonly steps: readonly TraceStep[];
      /** Steps beyond the bounds of `TraceOptions`, which are not in the list. */
      readonly leftOut: number;
    }
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "busy" };

/** Runs calls that leave no trace. `undefined` = block not known; `busy` = too many at once; throws `StatePruned`. */
export type CallExecutor = {
  call(request: CallRequest, at: BlockId): Promise<CallResult | { type: "busy" } | undefined>;
  estimateGas(
    request: CallRequest,
    at: BlockId,
  ): Promise<EstimateResult | { type: "busy" } | undefined>;
  /** As `call`, with a request that asks for a trace. */
  traceCall(
    request: CallRequest & { readonly trace: TraceOptions },
    at: BlockId,
  ): Promise<Traced | undefined>;
  /** Of a transaction in the canonical chain. */
  traceTransaction(hash: Hex, options: TraceOptions): Promise<Traced | undefined>;
};

/** Why a transaction is refused; the closed list of the mempool. */
export type RejectionCode =
  | "MALFORMED"
  | "OVERSIZED"
  | "BLOB_TYPE_REFUSED"
  | "TYPE_UNKNOWN"
  | "UNPROTECTED"
  | "WRONG_CHAIN_ID"
  | "BAD_SIGNATURE"
  | "INTRINSIC_GAS_TOO_LOW"
  | "INITCODE_TOO_LARGE"
  | "FEE_CAP_BELOW_TIP"
  | "GAS_LIMIT_ABOVE_BLOCK"
  | "FEE_TOO_LOW"
  | "NONCE_TOO_LOW"
  | "NONCE_TOO_HIGH"
  | "NONCE_MAX"
  | "INSUFFICIENT_FUNDS"
  | "SENDER_NOT_EOA"
  | "ALREADY_KNOWN"
  | "REPLACEMENT_UNDERPRICED"
  | "SENDER_QUEUE_FULL"
  | "MEMPOOL_FULL"
  | "NOT_READY"
  | "OVERLOADED";

/** Answer to a submission. `accepted` is given only after the transaction is on disk (T8). */
export type SubmitResult =
  | { readonly type: "accepted"; readonly hash: Hex }
  | {
      readonly type: "rejected";
      readonly code: RejectionCode;
      readonly hash?: Hex;
      /** What was expected, for the message: e.g. the account's nonce, the balance needed. */
      readonly detail?: Readonly<Record<string, bigint>>;
    };

/** A transaction that waits for a block. */
export type PendingTransaction = {
  readonly transaction: Transaction;
  readonly receivedAtMs: number;
};

/** Submits and shows waiting transactions. */
export type TransactionPool = {
  add(raw: Uint8Array): Promise<SubmitResult>;
  /** Nonce after the sender's executable waiting transactions. */
  pendingNonce(sender: Hex): Promise<bigint>;
  get(hash: Hex): PendingTransaction | undefined;
  /** In the order in which they would be included; at most `max`. `queued` = waiting for an earlier nonce. */
  list(max: number): {
    pending: readonly PendingTransaction[];
    queued: readonly PendingTransaction[];
  };
  counts(): { pending: number; queued: number };
};

/** What a subscriber hears. `blocks` first lists what left the canonical chain (newest first), then what joined it. */
export type ChainEvent =
  | {
      readonly type: "headChanged";
      readonly removed: readonly ChainBlock[];
      readonly added: readonly ChainBlock[];
    }
  | { readonly type: "pendingTransaction"; readonly hash: Hex }
  | { readonly type: "levelChanged"; readonly level: ConfirmationLevel; readonly upTo: bigint };

/** Live events, in order, from memory. A listener must return at once; it is dropped when it throws. */
export type ChainEvents = {
  /** Returns the function that ends the subscription. */
  subscribe(listener: (event: ChainEvent) => void): () => void;
  /** Logs of one block's receipts that match, for log subscriptions. */
  matchLogs(
    blockHash: Hex,
    filter: Pick<LogFilter, "addresses" | "topics">,
  ): Promise<readonly ChainLog[]>;
};

/** Everything an RPC front end needs. */
export type OrdererPorts = {
  readonly chain: ChainReader;
  readonly calls: CallExecutor;
  readonly pool: TransactionPool;
  readonly events: ChainEvents;
};
