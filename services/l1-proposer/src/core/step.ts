// The l1-proposer's transition function: one handler per input, then whatever is due is scheduled.

import { unreachable } from "@sequorum/protocol";
import { alarmsOf } from "./alarms.ts";
import type { Effect } from "./effect.ts";
import type { Input } from "./input.ts";
import { onL1Observed } from "./on-l1-observed.ts";
import { onSubmissionChecked } from "./on-submission-checked.ts";
import {
  onSubmissionConfirmed,
  onSubmissionSigned,
  onSubmissionVoided,
} from "./on-submission-signed.ts";
import {
  onPreparationFailed,
  onTransactionBroadcast,
  onTransactionPrepared,
} from "./on-transaction.ts";
import { backoffMs, schedule } from "./schedule.ts";
import { isEnded, type State, type SubmissionKey, withStatus, withWork, workOf } from "./state.ts";

/** Result of one input. */
export type Step = { readonly state: State; readonly effects: readonly Effect[] };

/** Applies one input. Pure: equal arguments give equal results. */
export function step(state: State, input: Input): Step {
  const handled = handle(state, input);
  const scheduled = schedule(handled.state);
  const settled = forgetEnded(scheduled.state);
  const alarms = alarmsOf(settled);
  const next = { ...settled, alarms };
  return {
    state: next,
    effects: [
      ...savesBetween(state, scheduled.state),
      ...handled.effects,
      ...scheduled.effects,
      ...alarmChanges(state, next),
    ],
  };
}

function handle(state: State, input: Input): Step {
  switch (input.type) {
    case "submissionSigned":
      return { state: onSubmissionSigned(state, input.submission), effects: [] };
    case "submissionConfirmed":
      return { state: onSubmissionConfirmed(state, input), effects: [] };
    case "submissionVoided":
      return { state: onSubmissionVoided(state, input), effects: [] };
    case "tick":
      return onTick(state, input.atMs);
    case "l1Observed":
      return onL1Observed(state, input);
    case "l1Unavailable":
      return { state: onL1Unavailable(state, input.atMs), effects: [] };
    case "submissionChecked":
      return onSubmissionChecked(state, input);
    case "transactionPrepared":
      return { state: onTransactionPrepared(state, input), effects: [] };
    case "preparationFailed":
      return { state: onPreparationFailed(state, input.nonce), effects: [] };
    case "transactionBroadcast":
      return { state: onTransactionBroadcast(state, input), effects: [] };
    case "refusalReported":
      return { state: onRefusalReported(state, input.key, input.succeeded), effects: [] };
    default:
      return unreachable(input);
  }
}

function onTick(state: State, atMs: number): Step {
  const nowMs = Math.max(state.nowMs, atMs);
  const hashes = state.slots.flatMap(({ transactions }) => transactions.map(({ hash }) => hash));
  return { state: { ...state, nowMs }, effects: [{ type: "observeL1", hashes }] };
}

function onL1Unavailable(state: State, atMs: number): State {
  const nowMs = Math.max(state.nowMs, atMs);
  const sinceMs = state.trouble?.type === "unavailable" ? state.trouble.sinceMs : nowMs;
  return { ...state, nowMs, trouble: { type: "unavailable", sinceMs } };
}

function onRefusalReported(state: State, key: SubmissionKey, succeeded: boolean): State {
  const status = state.submissions[key]?.status;
  if (status?.type !== "failed") return state;
  if (succeeded) return withStatus(state, key, { ...status, reported: true });
  const failures = workOf(state, key).failures + 1;
  const retryAtMs = state.nowMs + backoffMs(state.parameters, failures);
  return withWork(state, key, { activity: "idle", failures, retryAtMs });
}

/** Submissions that need nothing more leave the memory; the store keeps them. A live nonce may still surprise. */
function forgetEnded(state: State): State {
  const ended = Object.values(state.submissions).filter(
    (submission) =>
      isEnded(submission) && !state.slots.some(({ owner }) => owner === submission.key),
  );
  if (ended.length === 0) return state;
  const keys = new Set<string>(ended.map(({ key }) => key));
  const kept = <T>(
    record: Readonly<Record<SubmissionKey, T>>,
  ): Readonly<Record<SubmissionKey, T>> =>
    Object.fromEntries(Object.entries(record).filter(([key]) => !keys.has(key)));
  return { ...state, submissions: kept(state.submissions), work: kept(state.work) };
}

/** Each submission that changed is saved, before anything else is done. */
function savesBetween(before: State, after: State): readonly Effect[] {
  return Object.values(after.submissions)
    .filter((submission) => before.submissions[submission.key] !== submission)
    .map((submission) => ({ type: "saveSubmission", submission }));
}

function alarmChanges(before: State, after: State): readonly Effect[] {
  const raised = after.alarms.filter((alarm) => !before.alarms.includes(alarm));
  const cleared = before.alarms.filter((alarm) => !after.alarms.includes(alarm));
  return [
    ...raised.map((alarm) => ({ type: "raiseAlarm", alarm }) as const),
    ...cleared.map((alarm) => ({ type: "clearAlarm", alarm }) as const),
  ];
}
