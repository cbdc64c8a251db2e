/** Why a message of a peer was not accepted. Each code names the peer that is to blame in `by`. */
import type { Hex } from "@sequorum/protocol";

/** Closed list of rejection codes of the Tendermint core. */
export type RejectionCode =
  /** The signer is not a validator of this height. */
  | "SIGNER_NOT_IN_SET"
  /** A proposal by a validator whose turn it is not. */
  | "WRONG_PROPOSER"
  /** A second, different proposal for one round. */
  | "CONFLICTING_PROPOSAL"
  /** A proposal with validRound >= round. */
  | "VALID_ROUND_NOT_EARLIER"
  /** Timestamp out of bounds, or a fresh block built by somebody else. */
  | "PROPOSAL_NOT_FRESH"
  /** The block breaks a rule of the chain (header, parent, certificate). */
  | "BLOCK_MALFORMED"
  /** The application rejected the block. */
  | "BLOCK_REJECTED";

/** A rejected message; blame is data. */
export type Rejection = { readonly code: RejectionCode; readonly by: Hex };
