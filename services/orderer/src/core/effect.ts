/** What the orderer's core asks of its shell. Effects are performed in order; `store*` are waited for. */
import type { Hex } from "@sequorum/protocol";
import type { Transaction } from "@sequorum/stf";
import type { PooledTransaction } from "./mempool.ts";
import type { PeerRejection, TransactionRejection } from "./rejections.ts";
import type { BlockSummary, Origin } from "./state.ts";

/** A change of the canonical chain: what is above `forkHeight` goes, `added` comes (ascending). */
export type ChainChange = {
  readonly forkHeight: bigint;
  readonly removed: readonly BlockSummary[];
  readonly added: readonly BlockSummary[];
};

export type Effect =
  /** Writes transactions (and drops replaced ones) with one commit. Acknowledgements follow it. */
  | {
      readonly type: "storeTransactions";
      readonly added: readonly PooledTransaction[];
      readonly replaced: readonly Hex[];
    }
  | {
      readonly type: "answer";
      readonly request: number;
      readonly answer:
        | { readonly type: "accepted" }
        | {
            readonly type: "rejected";
            readonly code: TransactionRejection;
            readonly detail?: Readonly<Record<string, bigint>>;
          };
    }
  /** Forgets transactions of the mempool for good. */
  | { readonly type: "dropTransactions"; readonly hashes: readonly Hex[] }
  /** Starts building in the background; answered by `blockBuilt`. */
  | {
      readonly type: "build";
      readonly parent: Hex;
      readonly term: bigint;
      readonly timestamp: bigint;
      readonly origin: Origin;
      readonly transactions: readonly Transaction[];
    }
  /** Starts executing a received block in the background; answered by `blockExecuted`. */
  | {
      readonly type: "execute";
      readonly hash: Hex;
      readonly parent: Hex;
      readonly originNumber: bigint;
    }
  /**
   * Seals the built block with the sequencer key and writes seal, block, state and chain change with one commit.
   * The seal is durable before `broadcast`.
   */
  | { readonly type: "storeSealed"; readonly summary: BlockSummary; readonly change: ChainChange }
  /** Writes a peer's valid block; `change` is absent when it did not become the head. */
  | {
      readonly type: "storeBlock";
      readonly summary: BlockSummary;
      readonly change: ChainChange | undefined;
    }
  /** Writes a change of the canonical chain among stored blocks. */
  | { readonly type: "storeChain"; readonly change: ChainChange }
  /** Writes that blocks up to `height` are certified, and drops their transactions from the stored mempool. */
  | {
      readonly type: "storeCertified";
      readonly height: bigint;
      readonly hash: Hex;
      readonly transactions: readonly Hex[];
    }
  /** Forgets a received or built block that is not kept. */
  | { readonly type: "discardBlock"; readonly hash: Hex }
  /** Sends a stored block to every peer that follows our feed. */
  | { readonly type: "broadcast"; readonly hash: Hex }
  | {
      readonly type: "sendHeartbeat";
      readonly term: bigint;
      readonly sequence: bigint;
      readonly headHeight: bigint;
      readonly headHash: Hex;
    }
  | { readonly type: "forward"; readonly to: Hex; readonly transactions: readonly Transaction[] }
  /** Asks peers for blocks by hash; `peer` first when it is known who has them. */
  | {
      readonly type: "fetchBlocks";
      readonly hashes: readonly Hex[];
      readonly peer: Hex | undefined;
    }
  /** Reads accounts at the head; answered by `accountsRead`. */
  | { readonly type: "readAccounts"; readonly head: Hex; readonly addresses: readonly Hex[] }
  | {
      readonly type: "publishLeaderSilent";
      readonly term: bigint;
      readonly reason: "noHeartbeat" | "stalled";
    }
  | {
      readonly type: "rejectPeer";
      readonly peer: Hex;
      readonly code: PeerRejection;
      readonly disconnect: boolean;
      /** Blocks that prove it, where there are any. */
      readonly evidence: readonly Hex[];
    }
  /** Tells subscribers. */
  | { readonly type: "headChanged"; readonly change: ChainChange }
  | { readonly type: "transactionsPending"; readonly hashes: readonly Hex[] };

/** What `step` returns. */
export type Step = {
  readonly state: import("./state.ts").State;
  readonly effects: readonly Effect[];
};
