/** Parameters of the consensus; every duration in milliseconds. Validators may differ in them without harm to safety. */

/** Timeouts and limits of the Tendermint core. */
export type TendermintParameters = {
  /** timeoutPropose(r) = proposeTimeoutMs + r * proposeTimeoutDeltaMs. */
  readonly proposeTimeoutMs: number;
  readonly proposeTimeoutDeltaMs: number;
  /** timeoutPrevote(r) and timeoutPrecommit(r) likewise. */
  readonly voteTimeoutMs: number;
  readonly voteTimeoutDeltaMs: number;
  /** Least time from a decision to the next proposal. */
  readonly blockIntervalMsMin: number;
  /** A block is made after this time even if there is nothing to decide. */
  readonly heartbeatMs: number;
  /** How often a validator tells its peers where it is. */
  readonly statusIntervalMs: number;
  /** How long an asked peer may take to deliver a decided block. */
  readonly blockRequestTimeoutMs: number;
  /** Largest difference of a fresh proposal's timestamp to the validator's clock. */
  readonly clockDriftMsMax: number;
  /** Proposals are kept up to this many rounds ahead (votes: see vote-book.ts). */
  readonly proposalRoundsAheadMax: number;
};

/** Values for a local network; DESIGN values of the protocol. */
export const defaultTendermintParameters: TendermintParameters = {
  proposeTimeoutMs: 1_000,
  proposeTimeoutDeltaMs: 250,
  voteTimeoutMs: 300,
  voteTimeoutDeltaMs: 150,
  blockIntervalMsMin: 200,
  heartbeatMs: 10_000,
  statusIntervalMs: 500,
  blockRequestTimeoutMs: 1_000,
  clockDriftMsMax: 2_000,
  proposalRoundsAheadMax: 8,
};
