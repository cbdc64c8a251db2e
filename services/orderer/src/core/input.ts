/** Everything that can happen to the orderer's core. `atMs` is the wall clock, milliseconds since 1970. */
import type { Hex } from "@sequorum/protocol";
import type { AccountSummary, LeftOut, Transaction } from "@sequorum/stf";
import type { BlockSummary, Origin, ReceivedBlock, TermInfo } from "./state.ts";
import type { PooledTransaction } from "./mempool.ts";
import type { PeerRejection } from "./rejections.ts";

/** A decoded transaction with its sender's account at the head; `request` is answered. */
export type SubmittedTransaction = {
  readonly request: number;
  readonly transaction: Transaction;
  readonly account: AccountSummary;
};

export type Input =
  /** Users' and followers' transactions; one group, stored with one commit. */
  | {
      readonly type: "transactionsReceived";
      readonly submitted: readonly SubmittedTransaction[];
      readonly atMs: number;
    }
  /** Transactions from before a restart, with their senders' accounts. */
  | {
      readonly type: "transactionsRestored";
      readonly restored: readonly {
        readonly pooled: PooledTransaction;
        readonly account: AccountSummary;
      }[];
      readonly atMs: number;
    }
  /** Answer to `readAccounts`; ignored when the head has moved on. */
  | {
      readonly type: "accountsRead";
      readonly head: Hex;
      readonly accounts: ReadonlyMap<Hex, AccountSummary>;
      readonly atMs: number;
    }
  /** The PoS chain started a term. */
  | { readonly type: "termStarted"; readonly term: TermInfo; readonly atMs: number }
  /** The PoS chain certified blocks. */
  | {
      readonly type: "blocksCertified";
      readonly from: bigint;
      readonly hashes: readonly Hex[];
      readonly atMs: number;
    }
  /** A block from a peer; decoding and recovery of the seal happened in the shell. */
  | { readonly type: "blockReceived"; readonly block: ReceivedBlock; readonly atMs: number }
  /** Result of `execute`. */
  | {
      readonly type: "blockExecuted";
      readonly hash: Hex;
      readonly result:
        | { readonly type: "valid"; readonly summary: BlockSummary }
        | { readonly type: "invalid"; readonly reason: string }
        /** It could not be judged (storage, origin); try again. */
        | { readonly type: "unknown"; readonly reason: string };
      readonly atMs: number;
    }
  /** Result of `build`; undefined summary = no block could be made. */
  | {
      readonly type: "blockBuilt";
      readonly summary: BlockSummary | undefined;
      readonly leftOut: readonly LeftOut[];
      readonly atMs: number;
    }
  /** A heartbeat on the stream of `peer`. */
  | {
      readonly type: "heartbeatReceived";
      readonly peer: Hex;
      readonly signer: Hex | undefined;
      readonly term: bigint;
      readonly headHeight: bigint;
      readonly headHash: Hex;
      readonly atMs: number;
    }
  /** A message of a peer that did not decode; its connection has ended. */
  | {
      readonly type: "peerMalformed";
      readonly peer: Hex;
      readonly code: PeerRejection;
      readonly atMs: number;
    }
  /** L1 blocks became deep enough, ascending. */
  | {
      readonly type: "originsConfirmed";
      readonly origins: readonly Origin[];
      readonly atMs: number;
    }
  /** L1 blocks above this number are not the confirmed ones any more. */
  | { readonly type: "originsReplaced"; readonly above: bigint; readonly atMs: number }
  | { readonly type: "tick"; readonly atMs: number };
