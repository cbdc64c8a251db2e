// State of the l1-proposer: what is to be on L1 (submissions) and the account nonces in use (slots).

import type { Hex } from "@sequorum/protocol";
import type { FeePolicy, Fees } from "./fees.ts";

/** What is submitted. */
export type SubmissionKind = "batch" | "epoch";

/** Names a submission: kind, batch index or epoch, digest. */
export type SubmissionKey = `${SubmissionKind}:${bigint}:${Hex}`;

/** Where a submission is in its life; README has the table of transitions. */
export type SubmissionStatus =
  /** Known; no live transaction. */
  | { readonly type: "fresh" }
  /** A transaction is signed and stored, perhaps not sent. */
  | { readonly type: "prepared"; readonly nonce: number }
  /** The node took a transaction. */
  | { readonly type: "sent"; readonly nonce: number }
  /** A transaction of ours succeeded in an L1 block. */
  | ({ readonly type: "mined" } & MinedIn)
  /** The same, `finalityDepth` blocks deep. */
  | ({ readonly type: "final" } & MinedIn)
  /** Another member's transaction did it. Settled: deep, or seen on L1 by 2/3 of the pool. */
  | { readonly type: "superseded"; readonly sinceBlock: bigint; readonly settled: boolean }
  /** L1 would refuse it for good, or a newer attempt replaced it. */
  | { readonly type: "failed"; readonly code: string; readonly reported: boolean };

/** The transaction that did it, and what it cost. */
export type MinedIn = {
  readonly nonce: number;
  readonly txHash: Hex;
  readonly gasUsed: bigint;
  readonly feeWei: bigint;
};

/** Something that is to be on L1. Its content (header, proof, ...) stays in the store. */
export type Submission = {
  readonly key: SubmissionKey;
  readonly kind: SubmissionKind;
  /** Batch index or epoch. */
  readonly subject: bigint;
  readonly digest: Hex;
  /** Attempt of the batch that was signed; 0 for an epoch. */
  readonly attempt: number;
  /** Place of this operator in the posting order; the first goes at once. */
  readonly position: number;
  readonly status: SubmissionStatus;
};

/** What is known of a submission in work and need not survive a restart. */
export type Work = {
  readonly activity: "idle" | "checking" | "preparing" | "reporting";
  /** When it first could have been sent: nothing else has to come first. */
  readonly eligibleSince: { readonly atMs: number; readonly block: bigint } | undefined;
  readonly retryAtMs: number;
  readonly failures: number;
  /** The permanent refusal that the last checks met without interruption. */
  readonly refusal: { readonly code: string; readonly sinceBlock: bigint } | undefined;
};

/** A stored transaction; its bytes stay in the store. */
export type StoredTransaction = Fees & {
  readonly hash: Hex;
  readonly gas: bigint;
  /** A transfer of nothing to ourselves, which only uses the nonce up. */
  readonly isCancel: boolean;
  /** The node took it since this process started. */
  readonly isSent: boolean;
};

/** What became of a nonce. */
export type SlotOutcome =
  | { readonly type: "pending" }
  | {
      readonly type: "mined";
      readonly hash: Hex;
      readonly block: bigint;
      readonly succeeded: boolean;
      readonly gasUsed: bigint;
      readonly feeWei: bigint;
    }
  /** Used up by a transaction that we do not know. */
  | { readonly type: "lost"; readonly sinceBlock: bigint };

/** A nonce for which transactions are stored, until it is final. */
export type Slot = {
  readonly nonce: number;
  /** The submission it was taken for; undefined when it only fills a gap. */
  readonly owner: SubmissionKey | undefined;
  /** Oldest first; each later one replaces those before. Never empty. */
  readonly transactions: readonly StoredTransaction[];
  readonly outcome: SlotOutcome;
  readonly broadcastAtMs: number;
  readonly bumpAtMs: number;
  /** No higher fee is allowed. */
  readonly isCapped: boolean;
};

/** L1 as last seen. */
export type L1View = {
  readonly observedAtMs: number;
  readonly block: bigint;
  /** Transactions of the sender in the chain: its next nonce. */
  readonly nonce: number;
  readonly balanceWei: bigint;
  readonly baseFeeWei: bigint;
  readonly priorityFeeWei: bigint;
  /** Index of the last batch on L1. */
  readonly headIndex: bigint;
  readonly activeEpoch: bigint;
};

/** Things the operator must act on. */
export type Alarm =
  | "LOW_BALANCE"
  | "L1_UNAVAILABLE"
  | "L1_BEHIND"
  | "FEE_CAP_REACHED"
  | "FOREIGN_TRANSACTION"
  | "TRANSACTION_REFUSED"
  | "SUBMISSION_FAILED"
  | "SUBMISSION_STALLED";

/** Limits and delays; README has the table. */
export type Parameters = {
  readonly fees: FeePolicy;
  readonly postingFallbackMs: number;
  readonly fallbackBlocks: number;
  readonly confirmationDepth: number;
  readonly finalityDepth: number;
  readonly inFlightMax: number;
  readonly feeBumpAfterMs: number;
  readonly rebroadcastAfterMs: number;
  readonly retryAfterMs: number;
  readonly retryAfterMsMax: number;
  readonly behindMsMax: number;
  readonly unavailableMsMax: number;
  readonly gapFillAfterMs: number;
  readonly balanceWeiMin: bigint;
  readonly gasLimitMax: bigint;
};

/** The whole state. Records are replaced, never changed. */
export type State = {
  readonly parameters: Parameters;
  readonly nowMs: number;
  readonly submissions: Readonly<Record<SubmissionKey, Submission>>;
  readonly work: Readonly<Record<SubmissionKey, Work>>;
  /** Ascending by nonce. */
  readonly slots: readonly Slot[];
  /** One above the highest nonce that is final: never used again. */
  readonly nonceFloor: number;
  /** The one transaction being signed and stored. */
  readonly preparing:
    | { readonly nonce: number; readonly owner: SubmissionKey | undefined }
    | undefined;
  readonly l1: L1View | undefined;
  /** Since when L1 has not answered, or has answered with an older head. */
  readonly trouble:
    | { readonly type: "unavailable" | "behind"; readonly sinceMs: number }
    | undefined;
  readonly gapSinceMs: number | undefined;
  readonly foreignTransactions: number;
  readonly refusedTransactions: number;
  readonly alarms: readonly Alarm[];
};

/** What the store holds at start. */
export type Stored = {
  readonly submissions: readonly Submission[];
  /** Transactions of nonces that are not final. */
  readonly transactions: readonly (StoredTransaction & {
    readonly nonce: number;
    readonly owner: SubmissionKey | undefined;
  })[];
  readonly nonceFloor: number;
};

const idleWork: Work = {
  activity: "idle",
  eligibleSince: undefined,
  retryAtMs: 0,
  failures: 0,
  refusal: undefined,
};

/** State of a node that starts with what is stored. */
export function initialState(parameters: Parameters, stored: Stored, nowMs: number): State {
  const nonces = [...new Set(stored.transactions.map(({ nonce }) => nonce))].sort((a, b) => a - b);
  return {
    parameters,
    nowMs,
    submissions: Object.fromEntries(stored.submissions.map((s) => [s.key, s])),
    work: {},
    slots: nonces.map((nonce) => storedSlot({ parameters, stored, nowMs }, nonce)),
    nonceFloor: stored.nonceFloor,
    preparing: undefined,
    l1: undefined,
    trouble: undefined,
    gapSinceMs: undefined,
    foreignTransactions: 0,
    refusedTransactions: 0,
    alarms: [],
  };
}

/** The work on a submission. */
export function workOf(state: State, key: SubmissionKey): Work {
  return state.work[key] ?? idleWork;
}

/** Replaces fields of the work on a submission. */
export function withWork(state: State, key: SubmissionKey, changed: Partial<Work>): State {
  return { ...state, work: { ...state.work, [key]: { ...workOf(state, key), ...changed } } };
}

/** Replaces a submission's status; its work starts anew. */
export function withStatus(state: State, key: SubmissionKey, status: SubmissionStatus): State {
  const submission = state.submissions[key];
  if (submission === undefined) return state;
  const work = { ...idleWork, failures: status.type === "fresh" ? workOf(state, key).failures : 0 };
  return {
    ...state,
    submissions: { ...state.submissions, [key]: { ...submission, status } },
    work: { ...state.work, [key]: work },
  };
}

/** The submissions, in a defined order: epochs first, then by subject and attempt. */
export function submissionsInOrder(state: State): readonly Submission[] {
  return Object.values(state.submissions).sort(
    (a, b) =>
      b.kind.localeCompare(a.kind) || compare(a.subject, b.subject) || a.attempt - b.attempt,
  );
}

/** Replaces fields of a slot. */
export function withSlot(state: State, nonce: number, changed: Partial<Slot>): State {
  const slots = state.slots.map((slot) => (slot.nonce === nonce ? { ...slot, ...changed } : slot));
  return { ...state, slots };
}

/** The slot of a nonce, if it is not final. */
export function slotOf(state: State, nonce: number): Slot | undefined {
  return state.slots.find((slot) => slot.nonce === nonce);
}

/** Whether the slot's owner still wants its transaction mined; if not, the nonce is only to be used up. */
export function isWanted(state: State, slot: Slot): boolean {
  const status = slot.owner === undefined ? undefined : state.submissions[slot.owner]?.status;
  return (status?.type === "prepared" || status?.type === "sent") && status.nonce === slot.nonce;
}

/** Whether L1 already has what the submission would bring. */
export function isOnL1(submission: Submission, l1: L1View): boolean {
  const reached = submission.kind === "batch" ? l1.headIndex : l1.activeEpoch;
  return reached >= submission.subject;
}

/** Whether nothing more is to be done about it. */
export function isEnded({ status }: Submission): boolean {
  switch (status.type) {
    case "final":
      return true;
    case "superseded":
      return status.settled;
    case "failed":
      return status.reported;
    default:
      return false;
  }
}

function storedSlot(
  { parameters, stored, nowMs }: { parameters: Parameters; stored: Stored; nowMs: number },
  nonce: number,
): Slot {
  const own = stored.transactions.filter((transaction) => transaction.nonce === nonce);
  const oldestFirst = own.toSorted((a, b) => compare(a.maxFeePerGasWei, b.maxFeePerGasWei));
  return {
    nonce,
    owner: own.find(({ owner }) => owner !== undefined)?.owner,
    transactions: oldestFirst.map(
      ({ hash, gas, isCancel, maxFeePerGasWei, maxPriorityFeePerGasWei }) => ({
        hash,
        gas,
        isCancel,
        maxFeePerGasWei,
        maxPriorityFeePerGasWei,
        isSent: false,
      }),
    ),
    outcome: { type: "pending" },
    broadcastAtMs: nowMs,
    bumpAtMs: nowMs + parameters.feeBumpAfterMs,
    isCapped: false,
  };
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
