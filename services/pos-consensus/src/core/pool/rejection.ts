/** Why the pool refuses a transaction, and what the sender should do about it. */
import type { Hex } from "@sequorum/protocol";

/**
 * - `applied`: its effect is there; done.
 * - `obsolete`: the moment for it has passed; drop it.
 * - `premature`: it may become valid; keep it and try again.
 * - `invalid`: never valid; the sender has a fault.
 */
export type Disposition = "applied" | "obsolete" | "premature" | "invalid";

const dispositions = {
  MALFORMED: "invalid",
  SENDER_NOT_A_MEMBER: "invalid",
  BAD_SIGNATURE: "invalid",

  TERM_PAST: "obsolete",
  TERM_AHEAD: "premature",
  SILENCE_ALREADY_REPORTED: "applied",

  BATCH_PAST: "obsolete",
  BATCH_AHEAD: "premature",
  BATCH_ALREADY_PROPOSED: "applied",
  BATCH_NOT_PROPOSED: "premature",
  NOT_THE_PROPOSER: "invalid",
  BATCH_HEADER_MALFORMED: "invalid",
  BATCH_CHAIN_ID_MISMATCH: "invalid",
  BATCH_VERSION_MISMATCH: "invalid",
  BATCH_PARENT_MISMATCH: "obsolete",
  BATCH_RANGE_MISMATCH: "invalid",
  BATCH_NOT_CERTIFIED: "premature",
  BATCH_TOO_LARGE: "invalid",
  BATCH_BLOCKS_MISMATCH: "invalid",
  BATCH_QUEUE_MISMATCH: "invalid",
  BATCH_ORIGIN_WENT_BACK: "invalid",
  BATCH_EPOCH_MISMATCH: "obsolete",
  DIGEST_MISMATCH: "obsolete",
  ALREADY_ENDORSED: "applied",
  ALREADY_REFUSED: "applied",
  BAD_ENDORSEMENT: "invalid",

  CEREMONY_NOT_CURRENT: "obsolete",
  CEREMONY_STAGE_PAST: "obsolete",
  CEREMONY_STAGE_AHEAD: "premature",
  NOT_IN_ROSTER: "invalid",
  PACKAGE_ALREADY_SENT: "applied",
  ROUND1_LENGTH: "invalid",
  ROUND1_POINT: "invalid",
  ROUND1_PROOF: "invalid",
  ALREADY_COMPLAINED: "applied",
  COMPLAINT_AFTER_CONFIRMATION: "invalid",
  NO_SUCH_COMPLAINT: "obsolete",
  ALREADY_CONFIRMED: "applied",
  CONFIRMATION_MISMATCH: "invalid",
  BAD_CONFIRMATION: "invalid",

  KEY_UNKNOWN: "obsolete",
  GENERATION_PAST: "obsolete",
  COMMITMENTS_EMPTY: "invalid",
  COMMITMENT_POINT: "invalid",
  COMMITMENT_TWICE: "invalid",
  SESSION_NOT_OPEN: "obsolete",
  FAILURE_ALREADY_REPORTED: "applied",
  BAD_CULPRITS: "invalid",
  BAD_GROUP_SIGNATURE: "invalid",

  OBSERVATION_PAST: "obsolete",
  OBSERVATION_AHEAD: "premature",
  OBSERVATION_MISMATCH: "invalid",
  ALREADY_OBSERVED: "applied",
  TOO_MANY_OBSERVATIONS: "premature",

  ALREADY_ERASED: "applied",
} as const satisfies Readonly<Record<string, Disposition>>;

/** All rejection codes of the pool. */
export type RejectionCode = keyof typeof dispositions;

/** A refused transaction: `by` is who sent it, as far as that is known. */
export type Rejection = {
  readonly type: "rejected";
  readonly code: RejectionCode;
  readonly by: Hex | undefined;
};

/** All codes, for tests and documentation. */
export const rejectionCodes = Object.keys(dispositions) as readonly RejectionCode[];

/** What a refusal means for the payload behind it. */
export function dispositionOf(code: RejectionCode): Disposition {
  return dispositions[code];
}

/** Whether text is one of the codes. */
export function isRejectionCode(code: string): code is RejectionCode {
  return Object.hasOwn(dispositions, code);
}
