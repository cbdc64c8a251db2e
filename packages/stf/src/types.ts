/** The values of the L2 rule book: blocks, inputs of a block, results. ARCHITECTURE section 5, "The L2 block". */
import type { Hex } from "@sequorum/protocol";
import type { Located } from "./content-table.ts";

/** An L2 block header: Cancun, with the rollup's values in standard fields. */
export type BlockHeader = {
  readonly parentHash: Hex;
  /** Fee recipient of the leader. */
  readonly coinbase: Hex;
  readonly stateRoot: Hex;
  readonly transactionsRoot: Hex;
  readonly receiptsRoot: Hex;
  readonly logsBloom: Hex;
  readonly number: bigint;
  readonly gasLimit: bigint;
  readonly gasUsed: bigint;
  /** Seconds since 1970. */
  readonly timestamp: bigint;
  readonly extraData: Hex;
  /** keccak256(parent's prevRandao || term as 8 bytes). */
  readonly prevRandao: Hex;
  readonly baseFeePerGas: bigint;
  readonly withdrawalsRoot: Hex;
  /** Hash of the L1 origin block (parentBeaconBlockRoot, EIP-4788). */
  readonly originHash: Hex;
  /** From extraData: leadership term in which the block was made. */
  readonly term: bigint;
  /** From extraData: position in the forced queue after this block. */
  readonly queuePosition: bigint;
};

/** A block: header, its hash, raw transactions (forced ones first). */
export type L2Block = {
  readonly header: BlockHeader;
  readonly hash: Hex;
  readonly transactions: readonly Uint8Array[];
};

/** The block to build on. The origin's number is not in the header; whoever stores blocks keeps it beside them. */
export type ParentBlock = {
  readonly header: BlockHeader;
  readonly hash: Hex;
  readonly originNumber: bigint;
};

/** One entry of the ForcedQueue on L1. */
export type ForcedEntry = {
  readonly position: bigint;
  /** L1 block of the entry. */
  readonly l1BlockNumber: bigint;
  /** Raw signed L2 transaction. */
  readonly transaction: Uint8Array;
};

/** Everything that, with the parent, determines a block. */
export type BlockInputs = {
  /** Seconds since 1970. */
  readonly timestamp: bigint;
  readonly originNumber: bigint;
  readonly originHash: Hex;
  /** Timestamp of the origin, seconds. */
  readonly originTime: bigint;
  readonly term: bigint;
  readonly coinbase: Hex;
  /** Sequenced transactions in order, without the forced ones. */
  readonly transactions: readonly Uint8Array[];
  /**
   * Queue entries from the parent's queuePosition on whose L1 block is at or below the origin, in order, without a
   * gap: all of them, or at least the first `forcedEntriesPerBlockMax`. As many as the gas allows are consumed.
   */
  readonly forcedEntries: readonly ForcedEntry[];
};

/** One EVM log. */
export type Log = { readonly address: Hex; readonly topics: readonly Hex[]; readonly data: Hex };

/** Receipt of one transaction with what an RPC shows of it. */
export type Receipt = {
  readonly transactionHash: Hex;
  readonly transactionType: number;
  readonly status: 0 | 1;
  readonly from: Hex;
  readonly to: Hex | null;
  readonly contractAddress: Hex | null;
  readonly gasUsed: bigint;
  readonly cumulativeGasUsed: bigint;
  readonly effectiveGasPrice: bigint;
  readonly logsBloom: Hex;
  readonly logs: readonly Log[];
};

/** Nonce and balance of an account. */
export type AccountSummary = { readonly nonce: bigint; readonly balanceWei: bigint };

/** A block with all that its execution produced. Plain data: it can cross a worker boundary. */
export type ExecutedBlock = {
  readonly type: "executed";
  readonly block: L2Block;
  readonly originNumber: bigint;
  readonly receipts: readonly Receipt[];
  /** How many of the block's first transactions are forced ones. */
  readonly forcedCount: number;
  /** Positions of consumed queue entries that were skipped as not includable. */
  readonly skippedPositions: readonly bigint[];
  /** New trie nodes, codes and the header's RLP, packed (`contentEntries`); to be stored together with the block. */
  readonly writes: Uint8Array<ArrayBuffer>;
  /** State after the block of every sender in it. */
  readonly senders: ReadonlyMap<Hex, AccountSummary>;
};

/** Why a single transaction cannot be included at the end of a block. */
export type TransactionFault =
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
  | "GAS_LEFT_TOO_LOW"
  | "FEE_TOO_LOW"
  | "NONCE_TOO_LOW"
  | "NONCE_TOO_HIGH"
  | "NONCE_MAX"
  | "INSUFFICIENT_FUNDS"
  | "SENDER_NOT_EOA";

/** Why inputs cannot make a block. */
export type BlockFault =
  | TransactionFault
  | "TIMESTAMP_NOT_AFTER_PARENT"
  | "TIMESTAMP_BEFORE_ORIGIN"
  | "TIMESTAMP_DRIFT"
  | "ORIGIN_WENT_BACK"
  | "TERM_WENT_BACK"
  | "QUEUE_GAP"
  | "QUEUE_BEYOND_ORIGIN"
  | "BLOCK_TOO_LARGE"
  | "FORCED_TRANSACTIONS_DIFFER"
  | "PARENT_DIFFERS"
  | "HASH_DIFFERS";

/** Why posted batch data is none. */
export type BatchFault =
  | "STREAM_TRUNCATED"
  | "STREAM_MALFORMED"
  | "STREAM_TOO_LONG"
  | "STREAM_TRAILING_BYTES"
  | "COLUMNS_TRUNCATED"
  | "COLUMNS_TRAILING_BYTES"
  | "COLUMNS_VERSION_UNKNOWN"
  | "COLUMNS_WITHOUT_BLOCKS"
  | "COLUMN_VALUE_OUT_OF_RANGE"
  | "NOT_CANONICAL"
  | "BLOCK_NOT_IN_BATCH";

/** Inputs for which no block exists. `transaction` is the index in `inputs.transactions`, -1 when the block itself is at fault. */
export type NotIncludable = {
  readonly type: "notIncludable";
  readonly reason: BlockFault;
  readonly transaction: number;
};

/** A transaction that a leader left out while building. */
export type LeftOut = { readonly hash: Hex; readonly reason: TransactionFault };

/** Result of building: the block, and which of the offered transactions are not in it. */
export type BuiltBlock = ExecutedBlock & { readonly leftOut: readonly LeftOut[] };

/** A transaction, decoded and with its sender recovered. */
export type Transaction = {
  readonly raw: Uint8Array;
  readonly hash: Hex;
  readonly type: 0 | 1 | 2;
  readonly chainId: bigint | null;
  readonly from: Hex;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  /** Legacy and access-list types only, else null. */
  readonly gasPrice: bigint | null;
  /** Equals gasPrice where there is one. */
  readonly maxFeePerGas: bigint;
  /** Equals gasPrice where there is one. */
  readonly maxPriorityFeePerGas: bigint;
  readonly to: Hex | null;
  readonly valueWei: bigint;
  readonly data: Uint8Array;
  readonly accessList: readonly { readonly address: Hex; readonly storageKeys: readonly Hex[] }[];
  readonly v: bigint;
  readonly r: bigint;
  readonly s: bigint;
};

/** A decoded transaction or the reason why it is none. */
export type DecodedTransaction =
  | {
      readonly type: "decoded";
      readonly transaction: Transaction;
      /** Signing hash, v, r, s (32 bytes each): with the sender, what `Executor.rememberSender` takes. */
      readonly recovery: Uint8Array;
    }
  | { readonly type: "rejected"; readonly code: TransactionFault };

/** One block of posted batch data. */
export type PostedBlock = Pick<
  BlockInputs,
  "timestamp" | "originNumber" | "term" | "coinbase" | "transactions"
>;

/** Decoded batch data or the reason why it is none. */
export type DecodedBatch =
  | { readonly type: "decoded"; readonly blocks: readonly PostedBlock[] }
  | { readonly type: "rejected"; readonly code: BatchFault };

/** State before the first block. Structurally NetworkConfig.l2Genesis. */
export type Genesis = {
  readonly timestamp: bigint;
  readonly gasLimit: bigint;
  readonly baseFeePerGasWei: bigint;
  readonly alloc: readonly { readonly address: Hex; readonly balanceWei: bigint }[];
};

/** Balance, nonce, code or storage to assume in a call instead of the state's. */
export type StateOverride = {
  readonly balanceWei?: bigint;
  readonly nonce?: bigint;
  readonly code?: Uint8Array;
  /** Slot to value, both 32 bytes. */
  readonly storage?: Readonly<Record<Hex, Hex>>;
};

/** A call that leaves no trace. Absent fields have Ethereum's defaults. */
export type CallRequest = {
  readonly from?: Hex;
  readonly to?: Hex | null;
  readonly gas?: bigint;
  readonly gasPrice?: bigint;
  readonly valueWei?: bigint;
  readonly data?: Uint8Array;
  readonly accessList?: Transaction["accessList"];
  readonly overrides?: Readonly<Record<Hex, StateOverride>>;
  /** Asks for `accessed` in the result. */
  readonly reportsAccess?: boolean;
  /** Asks for `steps` in the result. */
  readonly trace?: TraceOptions;
};

/** What a trace holds. */
export type TraceOptions = {
  /** Steps carry the memory of the frame. */
  readonly withMemory?: boolean;
  /** Bytes of steps, as the module tells them, that are kept; later steps are counted only. */
  readonly traceBytesMax: number;
  /** Steps that are kept; the same holds. All when left out. */
  readonly traceStepsMax?: number;
};

/** One executed instruction (EIP-3155), with values as they were before it. */
export type TraceStep = {
  /** 1 for the outermost frame. */
  readonly depth: number;
  readonly programCounter: number;
  readonly opcode: number;
  readonly gas: bigint;
  readonly gasCost: bigint;
  /** Refund counter of the transaction. */
  readonly refund: bigint;
  /** Bottom first. */
  readonly stack: readonly bigint[];
  readonly memory?: Uint8Array;
  /** Why the instruction failed. */
  readonly error?: string;
};

/** The steps of a run. */
export type Trace = {
  readonly steps: readonly TraceStep[];
  /** Steps beyond `traceBytesMax` or `traceStepsMax`, which are not in the list. */
  readonly leftOut: number;
};

/** Trace of one transaction of a block. */
export type TransactionTrace = Trace & {
  readonly type: "traced";
  readonly receipt: Receipt;
  /** What the outermost frame returned; of a creation the new code. */
  readonly returnData: Uint8Array;
};

/** Outcome of a call: return data or why not. `gasUsed` includes intrinsic gas. */
export type CallResult = (
  | { readonly type: "returned"; readonly data: Uint8Array; readonly gasUsed: bigint }
  | { readonly type: "reverted"; readonly data: Uint8Array; readonly gasUsed: bigint }
  | { readonly type: "failed"; readonly reason: string; readonly gasUsed: bigint }
) & {
  /**
   * What the call touched, when the request asks: addresses but for those that are warm without a list (sender,
   * target, coinbase, precompiles), which are listed only with the slots touched in them.
   */
  readonly accessed?: Transaction["accessList"];
  /** The executed instructions, when the request asks. */
  readonly trace?: Trace;
};

/** EIP-1186 proof of an account and of some of its slots. */
export type AccountProof = {
  readonly address: Hex;
  readonly balanceWei: bigint;
  readonly nonce: bigint;
  readonly codeHash: Hex;
  readonly storageHash: Hex;
  readonly accountProof: readonly Hex[];
  readonly storageProof: readonly {
    readonly key: Hex;
    readonly value: bigint;
    readonly proof: readonly Hex[];
  }[];
};

/**
 * Where content comes from: whatever has a keccak-256 hash, be it trie node, code or a header's RLP, so that any number
 * of branches coexist. Synchronous, because execution is.
 */
export type StateStore = {
  /** What has this hash (32 bytes); undefined when it is not here. Argument and answer are lent until the next call. */
  get(hash: Uint8Array): Uint8Array | undefined;
  /** As `get` without making objects: the hash is at `at` in `keys`, the answer goes into `found`. */
  locate?(keys: DataView, at: number, found: Located): boolean;
};

/**
 * The rule book behind one port: an instance of the state-transition module. Every method throws `MissingContent` when
 * the store lacks something; it may be called again once the store has it.
 */
export type Executor = {
  /** The deterministic block 0 with its state. */
  genesisBlock(genesis: Genesis): ExecutedBlock;
  /** Checks the rules and executes; the one definition of "valid": equal arguments give an equal block hash. */
  applyBatchBlock(parent: ParentBlock, inputs: BlockInputs): ExecutedBlock | NotIncludable;
  /** As `applyBatchBlock`, but leaves out sequenced transactions that cannot be included (for a leader). */
  buildBlock(
    parent: ParentBlock,
    inputs: BlockInputs,
    limits: BuildLimits,
  ): BuiltBlock | NotIncludable;
  /** Executes a block that somebody made and compares its hash with the result's. */
  verifyBlock(
    parent: ParentBlock,
    block: L2Block,
    derived: DerivedInputs,
  ): ExecutedBlock | NotIncludable;
  /** Executes a block that somebody made, up to one of its transactions, whose instructions it lists. */
  traceTransaction(
    parent: ParentBlock,
    block: L2Block,
    traced: DerivedInputs & TraceOptions & { readonly index: number },
  ): TransactionTrace | NotIncludable;
  /** Decodes a raw transaction and recovers its sender; checks all that needs no state. */
  decodeTransaction(raw: Uint8Array): DecodedTransaction;
  /** Takes a sender that another thread recovered (`DecodedTransaction.recovery`), so that a block need not. */
  rememberSender(recovery: Uint8Array, from: Hex): void;
  /** Decodes posted batch data as L1 would judge it. */
  decodeBatch(data: Uint8Array): DecodedBatch;
  account(stateRoot: Hex, address: Hex): AccountSummary;
  code(stateRoot: Hex, address: Hex): Uint8Array;
  /** The slot's value, 32 bytes. */
  storage(stateRoot: Hex, address: Hex, slot: Hex): Hex;
  proof(stateRoot: Hex, address: Hex, slots: readonly Hex[]): AccountProof;
  /** Runs a call in the environment of `header` on its state. */
  call(header: BlockHeader, request: CallRequest): CallResult;
};

/** What a follower derives by itself for a block that somebody made. */
export type DerivedInputs = Pick<BlockInputs, "originNumber" | "originTime" | "forcedEntries">;

/** Bounds of one block that are a leader's choice, not a rule. */
export type BuildLimits = {
  /** Time after which no further transaction is started; read from `nowMs`. */
  readonly stopAtMs: number;
  nowMs(): number;
};
