/**
 * The border between the BFT engine and the application (the pool state machine): the shape of ABCI 2.0.
 * Every function here is pure and deterministic: equal arguments give equal results on every validator.
 */
import type {
  BlockHeight,
  CommitCertificate,
  Hex,
  PosBlock,
  PosHeight,
  Validator,
} from "@sequorum/protocol";

/** What the engine needs to make a block beyond the chain's own state. */
export type ProposalRequest<LocalView> = {
  readonly height: PosHeight;
  /** Timestamp of the block to be; > parent's. */
  readonly timestampMs: bigint;
  readonly proposer: Hex;
  /** Encoded pool transactions in order of arrival, each one accepted by `checkTransaction` on this state. */
  readonly mempool: readonly Hex[];
  /** The local orderer's newest view of the L2 chain. */
  readonly localView: LocalView;
};

/** The content of a block; `certified.from` is the next uncertified height also when `hashes` is empty. */
export type ProposalContent = {
  readonly transactions: readonly Hex[];
  readonly certified: { readonly from: BlockHeight; readonly hashes: readonly Hex[] };
};

/**
 * A validator's opinion of a proposed block.
 * - `reject` only for faults that every correct validator sees in this state (a malformed or forbidden
 *   transaction, a wrong range of certified blocks, a hash that is provably invalid);
 * - `unknown` when the local view lacks something (a hash that the local orderer does not hold yet): the engine
 *   asks again when the view grows, until the propose timeout, and then prevotes nil;
 * - once `accept`, always `accept` for the same state (the view only grows).
 */
export type Verdict = "accept" | "reject" | "unknown";

/** Result of executing a decided block. */
export type FinalizedBlock<AppState, Decision> = {
  readonly state: AppState;
  /** Ordered; may carry the certificate, which differs between validators; nothing in `state` may. */
  readonly decisions: readonly Decision[];
  /** Commitment to `state`. */
  readonly appHash: Hex;
  /** The validator set of the next height, in canonical order. */
  readonly validators: readonly Validator[];
};

/** Opinion of one pool transaction. */
export type TransactionCheck =
  | { readonly type: "ok" }
  | { readonly type: "rejected"; readonly code: string; readonly by: Hex | undefined };

/** The application of the PoS chain. */
export type AbciApp<AppState, Decision, LocalView> = {
  /** Chooses the content of a block that this validator proposes; what it returns, it must itself accept. */
  readonly prepareProposal: (
    state: AppState,
    request: ProposalRequest<LocalView>,
  ) => ProposalContent;
  /** Judges a block; header, parent, timestamps and certificate have been checked by the engine. */
  readonly processProposal: (state: AppState, block: PosBlock, localView: LocalView) => Verdict;
  /**
   * Executes a decided block. It must be total: a block may be decided although this validator rejected it or
   * has no opinion; a transaction without effect is skipped. `commit` is this validator's own certificate of the
   * block: it may flow into decisions, never into state or `appHash` (`block.lastCommit` is the agreed one).
   */
  readonly finalizeBlock: (
    state: AppState,
    block: PosBlock,
    commit: CommitCertificate,
  ) => FinalizedBlock<AppState, Decision>;
  /** Whether a transaction may enter the mempool, and, after each block, whether it may stay. */
  readonly checkTransaction: (state: AppState, transaction: Hex) => TransactionCheck;
  /** Whether the local view holds something to decide (canonical L2 blocks not certified yet). */
  readonly hasWork: (state: AppState, localView: LocalView) => boolean;
  /** PoS time at which a block is wanted although nothing else happens. */
  readonly nextDeadlineMs: (state: AppState) => bigint | undefined;
};
