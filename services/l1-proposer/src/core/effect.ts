// What the core wants done; performed in order.

import type { Hex } from "@sequorum/protocol";
import type { Fees } from "./fees.ts";
import type { Alarm, Submission, SubmissionKey } from "./state.ts";

export type Effect =
  /** Persist. Comes before every effect that relies on it. */
  | { readonly type: "saveSubmission"; readonly submission: Submission }
  /** Persist: the nonce is settled; its transactions' bytes may be forgotten. */
  | { readonly type: "saveNonceFinal"; readonly nonce: number }
  /** Ask for `l1Observed` with the receipts of these transactions. */
  | { readonly type: "observeL1"; readonly hashes: readonly Hex[] }
  /** Get the data, verify it against the header, simulate; answer `submissionChecked`. */
  | { readonly type: "checkSubmission"; readonly key: SubmissionKey }
  /** Sign, then store in one database transaction with status `prepared`; answer `transactionPrepared`. */
  | {
      readonly type: "prepareTransaction";
      readonly nonce: number;
      readonly owner: SubmissionKey | undefined;
      readonly isCancel: boolean;
      readonly gas: bigint;
      readonly fees: Fees;
    }
  /** Send the stored bytes; answer `transactionBroadcast`. */
  | { readonly type: "broadcastTransaction"; readonly hash: Hex }
  /** Tell pos-consensus that L1 refuses the batch; answer `refusalReported`. */
  | { readonly type: "reportRefusal"; readonly key: SubmissionKey; readonly code: string }
  | { readonly type: "raiseAlarm"; readonly alarm: Alarm }
  | { readonly type: "clearAlarm"; readonly alarm: Alarm };
