/** Parameters that every node of one network agrees on; they come with the network description. */

/** Protocol parameters; units are in the names. */
export type ProtocolParameters = {
  /** L1 blocks on top of a block before its events count. */
  readonly l1ConfirmationDepth: number;
  /** Least time between two L2 blocks of a leader. */
  readonly blockIntervalMs: number;
  /** L2 blocks of one leadership term. */
  readonly termSpanBlocks: number;
  /** Silence of a leader after which a follower reports it. */
  readonly leaderTimeoutMs: number;
  /** L2 blocks that a leader may be ahead of certification. */
  readonly uncertifiedBlocksMax: number;
  /** L2 blocks in one batch. */
  readonly batchBlocksMax: number;
  /** Encoded size of one batch. */
  readonly batchBytesMax: number;
  /** Age of the oldest unbatched certified block at which a batch is due. */
  readonly batchAgeMsMax: number;
  /** Time that a designated batch proposer, and then the endorsers, have. */
  readonly batchProposalTimeoutMs: number;
  /** Time that one attempt at a threshold signature has. */
  readonly signingAttemptTimeoutMs: number;
  /** Head start of each member over the next in posting a signed batch. */
  readonly postingFallbackMs: number;
  /** Time that each round of a key ceremony has. */
  readonly ceremonyRoundTimeoutMs: number;
  /** How far an L2 timestamp may be after its L1 origin's. */
  readonly l1OriginDriftSecondsMax: number;
  /** Size of one raw L2 transaction. */
  readonly maxTransactionBytes: number;
  /** Time in which a posted batch can be disputed. */
  readonly challengeWindowSeconds: number;
  /** Time from a forced transaction's entry to the moment L1 accepts no batch without it (T7). */
  readonly forcedInclusionSeconds: number;
};

/** Defaults of a development network. */
export const defaultParameters: ProtocolParameters = {
  l1ConfirmationDepth: 2,
  blockIntervalMs: 1_000,
  termSpanBlocks: 30,
  leaderTimeoutMs: 1_000,
  uncertifiedBlocksMax: 8,
  batchBlocksMax: 100,
  batchBytesMax: 96 * 1_024,
  batchAgeMsMax: 12_000,
  batchProposalTimeoutMs: 4_000,
  signingAttemptTimeoutMs: 1_500,
  postingFallbackMs: 6_000,
  ceremonyRoundTimeoutMs: 5_000,
  l1OriginDriftSecondsMax: 600,
  maxTransactionBytes: 128 * 1_024,
  challengeWindowSeconds: 7 * 24 * 3_600,
  forcedInclusionSeconds: 3_600,
};

type Bounds = { readonly min: number; readonly max: number };

/** Accepted range of each parameter, inclusive. */
export const parameterBounds: Readonly<Record<keyof ProtocolParameters, Bounds>> = {
  l1ConfirmationDepth: { min: 0, max: 64 },
  blockIntervalMs: { min: 100, max: 60_000 },
  termSpanBlocks: { min: 1, max: 10_000 },
  leaderTimeoutMs: { min: 300, max: 60_000 },
  uncertifiedBlocksMax: { min: 1, max: 256 },
  batchBlocksMax: { min: 1, max: 1_000 },
  batchBytesMax: { min: 1_024, max: 120 * 1_024 },
  batchAgeMsMax: { min: 500, max: 24 * 3_600_000 },
  batchProposalTimeoutMs: { min: 500, max: 600_000 },
  signingAttemptTimeoutMs: { min: 200, max: 60_000 },
  postingFallbackMs: { min: 500, max: 600_000 },
  ceremonyRoundTimeoutMs: { min: 500, max: 600_000 },
  l1OriginDriftSecondsMax: { min: 30, max: 86_400 },
  maxTransactionBytes: { min: 1_024, max: 128 * 1_024 },
  challengeWindowSeconds: { min: 1, max: 60 * 24 * 3_600 },
  forcedInclusionSeconds: { min: 10, max: 30 * 24 * 3_600 },
};
