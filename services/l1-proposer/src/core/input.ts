// What the core is told.

import type { Hex } from "@sequorum/protocol";
import type { L1View, StoredTransaction, Submission, SubmissionKey } from "./state.ts";

/** A transaction of ours in an L1 block. */
export type Receipt = {
  readonly hash: Hex;
  readonly block: bigint;
  readonly succeeded: boolean;
  readonly gasUsed: bigint;
  readonly feeWei: bigint;
};

/** Result of checking a submission against L1, with the data that would be sent. */
export type CheckOutcome =
  /** L1 would accept it now. */
  | { readonly type: "acceptable"; readonly gas: bigint }
  /** L1 has it already. */
  | { readonly type: "done" }
  /** L1 refuses it, and no waiting helps. */
  | { readonly type: "refused"; readonly code: string }
  /** It cannot be sent now: data missing, node down, L1 not ready for it. */
  | { readonly type: "notYet"; readonly code: string };

/** What the node said to a transaction. */
export type BroadcastOutcome =
  | "accepted"
  | "alreadyKnown"
  | "nonceTooLow"
  | "underpriced"
  | "insufficientFunds"
  | "refused"
  | "unavailable";

export type Input =
  /** The pool signed something that belongs on L1; it is in the store. */
  | { readonly type: "submissionSigned"; readonly submission: Submission }
  /** 2/3 of the pool saw it on L1. */
  | {
      readonly type: "submissionConfirmed";
      readonly kind: Submission["kind"];
      readonly subject: bigint;
      /** The L1 transaction, when known. */
      readonly txHash: Hex | undefined;
    }
  /** The pool gave the attempt up. */
  | { readonly type: "submissionVoided"; readonly subject: bigint; readonly attempt: number }
  | { readonly type: "tick"; readonly atMs: number }
  /** L1 at one block; `receipts` are those of the transactions `hashes`, of which there may be none yet. */
  | {
      readonly type: "l1Observed";
      readonly view: L1View;
      readonly hashes: readonly Hex[];
      readonly receipts: readonly Receipt[];
    }
  | { readonly type: "l1Unavailable"; readonly atMs: number }
  | {
      readonly type: "submissionChecked";
      readonly key: SubmissionKey;
      readonly outcome: CheckOutcome;
    }
  /** The transaction is signed and stored (with the submission's status `prepared`). */
  | {
      readonly type: "transactionPrepared";
      readonly nonce: number;
      readonly owner: SubmissionKey | undefined;
      readonly transaction: StoredTransaction;
    }
  /** Nothing was stored. */
  | { readonly type: "preparationFailed"; readonly nonce: number }
  | {
      readonly type: "transactionBroadcast";
      readonly hash: Hex;
      readonly outcome: BroadcastOutcome;
    }
  /** pos-consensus has stored the refusal, or could not be reached. */
  | { readonly type: "refusalReported"; readonly key: SubmissionKey; readonly succeeded: boolean };
