/** The closed lists of reasons for which the core refuses something. README, "Rejections". */
import type { TransactionFault } from "@sequorum/stf";

/** Why a transaction is not taken into the mempool. */
export type TransactionRejection =
  | Exclude<TransactionFault, "GAS_LEFT_TOO_LOW">
  | "ALREADY_KNOWN"
  | "REPLACEMENT_UNDERPRICED"
  | "SENDER_QUEUE_FULL"
  | "MEMPOOL_FULL"
  | "NOT_READY"
  | "OVERLOADED";

/** Why something of a peer is refused. The peer is named; those marked * also end the connection. */
export type PeerRejection =
  /** The seal is not by the leader of the block's term. * */
  | "WRONG_SIGNER"
  /** The height is outside the term's span. * */
  | "HEIGHT_OUTSIDE_TERM"
  /** The seal names another term or height than the block. * */
  | "SEAL_MISMATCH"
  /** A second block for one term and height: slashable evidence. */
  | "DOUBLE_SEAL"
  /** Execution gives another block, or none. * */
  | "INVALID_BLOCK"
  /** The block builds on an invalid one. * */
  | "INVALID_ANCESTOR"
  /** The message does not decode. * */
  | "MALFORMED"
  /** Larger than a block may be. * */
  | "OVERSIZED"
  /** More unsolved blocks than a peer may have here. * */
  | "FLOOD"
  /** A heartbeat that its term's leader did not sign, or not on the leader's own stream. * */
  | "FALSE_HEARTBEAT";
