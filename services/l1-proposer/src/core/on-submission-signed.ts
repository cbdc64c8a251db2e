// The pool signed something for L1, or saw it there.

import type { Hex } from "@sequorum/protocol";
import { type State, type Submission, submissionsInOrder, withStatus } from "./state.ts";

/** A newer attempt at the same subject replaces an older one that is not in a block. */
export function onSubmissionSigned(state: State, submission: Submission): State {
  if (state.submissions[submission.key] !== undefined) return state;
  let next = state;
  for (const older of sameSubject(state, submission)) {
    const { type } = older.status;
    if (type !== "fresh" && type !== "prepared" && type !== "sent") continue;
    next = withStatus(next, older.key, { type: "failed", code: "REPLACED", reported: true });
  }
  return { ...next, submissions: { ...next.submissions, [submission.key]: submission } };
}

/** 2/3 of the pool saw it on L1, perhaps before our own node does. */
export function onSubmissionConfirmed(
  state: State,
  confirmed: { kind: Submission["kind"]; subject: bigint; txHash: Hex | undefined },
): State {
  let next = state;
  for (const submission of sameSubject(state, confirmed)) {
    if (!["fresh", "prepared", "sent", "superseded"].includes(submission.status.type)) continue;
    // Our own transaction: its receipt will tell.
    if (isOwn(state, submission, confirmed.txHash)) continue;
    const sinceBlock = state.l1?.block ?? 0n;
    next = withStatus(next, submission.key, { type: "superseded", sinceBlock, settled: true });
  }
  return next;
}

/** The pool gave a batch's attempt up; what is not in a block is not sent any more. */
export function onSubmissionVoided(
  state: State,
  { subject, attempt }: { subject: bigint; attempt: number },
): State {
  let next = state;
  for (const submission of sameSubject(state, { kind: "batch", subject })) {
    const { type } = submission.status;
    if (submission.attempt !== attempt || type === "mined" || type === "superseded") continue;
    next = withStatus(next, submission.key, { type: "failed", code: "REPLACED", reported: true });
  }
  return next;
}

function isOwn(state: State, submission: Submission, txHash: Hex | undefined): boolean {
  return state.slots.some(
    ({ owner, transactions }) =>
      owner === submission.key &&
      (txHash === undefined || transactions.some(({ hash }) => hash === txHash)),
  );
}

function sameSubject(
  state: State,
  { kind, subject }: { kind: Submission["kind"]; subject: bigint },
): readonly Submission[] {
  return submissionsInOrder(state).filter((s) => s.kind === kind && s.subject === subject);
}
