/** What the JSON-RPC server needs beyond the orderer's ports (../ports.ts): facts about the node. */
import type { BatchIndex, BlockHeight, Hex } from "@sequorum/protocol";

/** Batch that carries a block, as far as it got. */
export type BatchPlace = {
  readonly index: BatchIndex;
  /** L1 transaction that posted the batch, once one did. */
  readonly l1TxHash?: Hex;
};

/** Progress of a node that is behind. */
export type SyncProgress = {
  readonly startingHeight: BlockHeight;
  readonly highestHeight: BlockHeight;
};

/** What `sequorum_status` adds to the chain's heights and the pool's counts; every value is public. */
export type NodeStatus = {
  readonly operator: string;
  readonly isLeader: boolean;
  readonly term: bigint;
  /** Sequencer address of the term's leader; absent before the first term. */
  readonly leader?: Hex;
  /** Newest L2 block certified by the PoS chain. */
  readonly certifiedHeight: BlockHeight;
};

/** The node around the chain. */
export type NodeInfo = {
  readonly status: () => NodeStatus;
  /** Progress while behind, else undefined. */
  readonly syncing: () => SyncProgress | undefined;
  /** The batch that carries a canonical block; undefined until one is posted. */
  readonly batchOf: (height: BlockHeight) => Promise<BatchPlace | undefined>;
  /** Lowest priority fee that this node's mempool takes; the floor of suggested fees. */
  readonly minimumTipWei: bigint;
};
