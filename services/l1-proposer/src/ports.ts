// What the service needs of the outside, as narrow capabilities.

import type { BroadcastOutcome, L1TransactionRequest, SignedL1Transaction } from "@sequorum/l1";
import type { Hex } from "@sequorum/protocol";
import type { BatchSigned, EpochKeySigned } from "@sequorum/proto/events";
import type { CheckOutcome, Receipt } from "./core/input.ts";
import type { L1View, SubmissionKey } from "./core/state.ts";

/** What is to be submitted, as the pool signed it. */
export type SubmissionContent =
  | { readonly type: "batch"; readonly signed: BatchSigned }
  | { readonly type: "epoch"; readonly signed: EpochKeySigned };

/** A call of one of our contracts. */
export type L1Call = { readonly to: Hex; readonly data: Hex };

/** The call that submits something, or why it cannot be made now. */
export type CallOrCode = L1Call | { readonly code: string };

/** Builds the call that brings a submission to L1; fetches and verifies a batch's data. */
export type BuildCall = (key: SubmissionKey) => Promise<CallOrCode>;

/** L1 at its newest block. Throws `L1UnavailableError`. */
export type ObserveL1 = (
  hashes: readonly Hex[],
) => Promise<{ readonly view: L1View; readonly receipts: readonly Receipt[] }>;

/** Simulates a call at the newest block. */
export type CheckCall = (
  submission: { kind: "batch" | "epoch"; subject: bigint },
  call: L1Call,
) => Promise<CheckOutcome>;

/** Signs with the operator's L1 key. */
export type SignTransaction = (
  request: Omit<L1TransactionRequest, "chainId">,
) => Promise<SignedL1Transaction>;

/** Hands signed bytes to the node. */
export type Broadcast = (raw: Hex) => Promise<BroadcastOutcome>;

/** Tells pos-consensus that L1 refuses a signed batch. Throws when it was not stored there. */
export type ReportRefusal = (refusal: {
  readonly index: bigint;
  readonly attempt: number;
  readonly digest: Hex;
  readonly code: string;
}) => Promise<void>;
