/** State of the derivation: how far the chain is verified, and the batch in work. */
import type {
  BatchBlock,
  BatchHeader,
  BatchIndex,
  BlockHeight,
  Epoch,
  Hex,
  SigningDomain,
} from "@sequorum/protocol";

/** Identities of the network. */
export type Parameters = { readonly domain: SigningDomain; readonly l2ChainId: bigint };

/** The end of the verified chain. */
export type Tip = {
  /** 0 at genesis. */
  readonly batchIndex: BatchIndex;
  /** Zero at genesis. */
  readonly batchHash: Hex;
  readonly height: BlockHeight;
  readonly blockHash: Hex;
  readonly queuePosition: bigint;
  readonly l1OriginNumber: bigint;
};

/** The key and members of an epoch, as registered on L1. */
export type EpochKey = {
  readonly epoch: Epoch;
  readonly schemeId: Hex;
  readonly groupKey: Hex;
  /** Sequencer addresses in epoch order, with their stake. */
  readonly members: readonly { readonly address: Hex; readonly stakeWei: bigint }[];
};

/** A BatchSubmitted event with the calldata of its transaction. */
export type Submission = {
  readonly l1BlockNumber: bigint;
  readonly l1TxHash: Hex;
  readonly header: BatchHeader;
  readonly batchHash: Hex;
  /** null when the transaction is no direct call of `submitBatch`. */
  readonly calldata: {
    readonly header: BatchHeader;
    readonly data: Uint8Array;
    readonly proof: Hex;
  } | null;
};

/** A re-executed block. */
export type DerivedBlock = {
  readonly height: BlockHeight;
  readonly hash: Hex;
  readonly stateRoot: Hex;
  readonly timestamp: bigint;
  readonly queuePosition: bigint;
  readonly l1OriginNumber: bigint;
  readonly l1OriginHash: Hex;
};

/** A batch whose data is being decoded (it has no blocks yet), or whose blocks are being re-executed. */
export type BatchInWork = {
  readonly submission: Submission;
  readonly blocks: readonly BatchBlock[];
  readonly derived: readonly DerivedBlock[];
};

export type State = {
  readonly parameters: Parameters;
  readonly tip: Tip;
  readonly epochs: readonly EpochKey[];
  readonly inWork: BatchInWork | null;
  /** First batch found wrong: nothing after it can be verified until L1 voids it. */
  readonly wrongBatch: BatchIndex | null;
};
