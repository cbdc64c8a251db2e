/** The values of the L2 rule book: blocks, inputs of a block, results. ARCHITECTURE section 5, "The L2 block". */
import type { Hex } from "@sequorum/protocol";

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
  /** New trie nodes and codes by key (`StateStore`); to be stored together with the block. */
  readonly writes: ReadonlyMap<string, Uint8Array>;
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
  | { readonly type: "decoded"; readonly transaction: Transaction }
  | { readonly type: "rejected"; readonly code: TransactionFault };

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
 * Where state comes from: content-addressed, so that any number of branches coexist. A trie node's key is its keccak
 * hash, a code's key is "63" (the letter c) and its keccak hash, both as lower-case hexadecimal without prefix.
 */
export type StateStore = {
  /** Bytes under the key; undefined when absent. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** A stored header by hash; needed for the BLOCKHASH instruction. */
  header(hash: Hex): Promise<BlockHeader | undefined>;
};

/** The cryptography that is worth doing natively. */
export type Crypto = {
  keccak256(data: Uint8Array): Uint8Array;
  /** Public key x || y (64 bytes) of a signature r || s; throws on an invalid one. */
  recoverPublicKey(digest: Uint8Array, signature: Uint8Array, recoveryId: number): Uint8Array;
};

/** The rule book behind one port; `packages/stf`'s own state-transition function will replace ethereumjs behind it. */
export type Executor = {
  /** The deterministic block 0 with its state. */
  genesisBlock(genesis: Genesis): Promise<ExecutedBlock>;
  /** Checks the rules and executes; the one definition of "valid": equal arguments give an equal block hash. */
  applyBatchBlock(parent: ParentBlock, inputs: BlockInputs): Promise<ExecutedBlock | NotIncludable>;
  /** As `applyBatchBlock`, but leaves out sequenced transactions that cannot be included (for a leader). */
  buildBlock(
    parent: ParentBlock,
    inputs: BlockInputs,
    limits: BuildLimits,
  ): Promise<BuiltBlock | NotIncludable>;
  /** Executes a block that somebody made and compares its hash with the result's. */
  verifyBlock(
    parent: ParentBlock,
    block: L2Block,
    derived: Pick<BlockInputs, "originNumber" | "originTime" | "forcedEntries">,
  ): Promise<ExecutedBlock | NotIncludable>;
  /** Decodes a raw transaction and recovers its sender; checks all that needs no state. */
  decodeTransaction(raw: Uint8Array): DecodedTransaction;
  account(stateRoot: Hex, address: Hex): Promise<AccountSummary>;
  code(stateRoot: Hex, address: Hex): Promise<Uint8Array>;
  /** The slot's value, 32 bytes. */
  storage(stateRoot: Hex, address: Hex, slot: Hex): Promise<Hex>;
  proof(stateRoot: Hex, address: Hex, slots: readonly Hex[]): Promise<AccountProof>;
  /** Runs a call in the environment of `header` on its state. */
  call(header: BlockHeader, request: CallRequest): Promise<CallResult>;
};

/** Bounds of one block that are a leader's choice, not a rule. */
export type BuildLimits = {
  /** Time after which no further transaction is started; read from `nowMs`. */
  readonly stopAtMs: number;
  nowMs(): number;
};
