/** What the conformance suites ask of a state-transition function. The module answers it, and so does the oracle. */
import type { Hex } from "@sequorum/protocol";
import type { BlockHeader, Receipt } from "../src/types.ts";

/** An account of a test's pre-state. */
export type PlainAccount = {
  readonly address: Hex;
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly code: Uint8Array;
  readonly storage: readonly (readonly [slot: bigint, value: bigint])[];
};

/** EIP-4895. */
export type Withdrawal = {
  readonly index: bigint;
  readonly validator: bigint;
  readonly address: Hex;
  readonly amountGwei: bigint;
};

/** A plain Ethereum block to execute in a given environment. */
export type ReplayTask = {
  readonly chainId: bigint;
  readonly stateRoot: Hex;
  /** `originHash` is the parent's beacon root. */
  readonly environment: Pick<
    BlockHeader,
    | "parentHash"
    | "number"
    | "timestamp"
    | "gasLimit"
    | "coinbase"
    | "prevRandao"
    | "baseFeePerGas"
    | "originHash"
    | "extraData"
  >;
  /** Newest first: what BLOCKHASH answers for number - 1, number - 2 ... */
  readonly ancestors: readonly Hex[];
  readonly withdrawals: readonly Withdrawal[];
  readonly transactions: readonly Uint8Array[];
  readonly isUnprotectedAllowed: boolean;
  /** Leave out what cannot be included, instead of refusing the block. */
  readonly isBuilding: boolean;
};

/** What the block came to, or the transaction that refused it. */
export type ReplayResult =
  | ({
      readonly type: "executed";
      readonly receipts: readonly Receipt[];
      readonly leftOut: readonly { readonly index: number; readonly fault: string }[];
      /** Hash of the header, which says that there are no blobs. */
      readonly hash: Hex;
    } & Pick<
      BlockHeader,
      | "stateRoot"
      | "transactionsRoot"
      | "receiptsRoot"
      | "withdrawalsRoot"
      | "logsBloom"
      | "gasUsed"
    >)
  | { readonly type: "refused"; readonly fault: string; readonly index: number };

/** A transaction by itself: its hash and sender, or why it is none. */
export type DecodingResult =
  | { readonly type: "decoded"; readonly hash: Hex; readonly from: Hex }
  | { readonly type: "refused"; readonly fault: string };

/** A tree of byte strings, as RLP encodes it. */
export type Tree = Uint8Array | readonly Tree[];

/** A change of a trie; without a value the key is deleted. */
export type TrieChange = { readonly key: Uint8Array; readonly value: Uint8Array | undefined };

/** An engine holds the state of what it executed since the last `genesis`. */
export type Engine = {
  /** Forgets everything, writes accounts, answers the state root. */
  genesis(accounts: readonly PlainAccount[]): Promise<Hex> | Hex;
  replay(task: ReplayTask): Promise<ReplayResult> | ReplayResult;
  /** For chain id 1; unprotected signatures are allowed. */
  decodeTransaction(raw: Uint8Array): DecodingResult;
  encodeRlp(tree: Tree): Promise<Uint8Array> | Uint8Array;
  /** Undefined when the bytes are not exactly one canonical item. */
  decodeRlp(bytes: Uint8Array): Promise<Tree | undefined> | Tree | undefined;
  /** Root of a new trie after the changes, in order. */
  trieRoot(changes: readonly TrieChange[]): Promise<Hex> | Hex;
};
