// The answer to `checkSubmission`: sign it, wait, or give it up.

import type { Effect } from "./effect.ts";
import { initialFees } from "./fees.ts";
import type { CheckOutcome } from "./input.ts";
import { backoffMs, isEligible, nextNonce } from "./schedule.ts";
import { type State, type SubmissionKey, withStatus, withWork, workOf } from "./state.ts";

/** Acts on a check, unless the submission has moved on meanwhile. */
export function onSubmissionChecked(
  state: State,
  { key, outcome }: { key: SubmissionKey; outcome: CheckOutcome },
): { state: State; effects: readonly Effect[] } {
  const submission = state.submissions[key];
  if (submission?.status.type !== "fresh" || workOf(state, key).activity !== "checking") {
    return { state, effects: [] };
  }
  const idle = withWork(state, key, { activity: "idle" });
  switch (outcome.type) {
    case "acceptable":
      return prepare(withWork(idle, key, { refusal: undefined }), key, outcome.gas);
    case "done": {
      const sinceBlock = state.l1?.block ?? 0n;
      const status = { type: "superseded", sinceBlock, settled: false } as const;
      return { state: withStatus(idle, key, status), effects: [] };
    }
    case "refused":
      return { state: refuse(idle, key, outcome.code), effects: [] };
    case "notYet":
      return { state: retryLater(withWork(idle, key, { refusal: undefined }), key), effects: [] };
  }
}

function prepare(
  state: State,
  key: SubmissionKey,
  gas: bigint,
): { state: State; effects: readonly Effect[] } {
  const { l1, parameters } = state;
  const submission = state.submissions[key];
  const fees = l1 && initialFees(l1, parameters.fees);
  const affordable = l1 && fees && l1.balanceWei >= gas * fees.maxFeePerGasWei;
  if (!submission || !isEligible(state, submission) || !l1 || !fees || !affordable) {
    return { state: retryLater(state, key), effects: [] };
  }
  if (gas > parameters.gasLimitMax)
    return { state: refuse(state, key, "GAS_ABOVE_LIMIT"), effects: [] };
  if (state.preparing !== undefined) return { state, effects: [] }; // The next input checks again.
  const nonce = nextNonce(state, l1);
  return {
    state: { ...withWork(state, key, { activity: "preparing" }), preparing: { nonce, owner: key } },
    effects: [{ type: "prepareTransaction", nonce, owner: key, isCancel: false, gas, fees }],
  };
}

/** P9: a refusal counts when it has held, unchanged, for `confirmationDepth` blocks: a reorg may still change it. */
function refuse(state: State, key: SubmissionKey, code: string): State {
  const block = state.l1?.block ?? 0n;
  const known = workOf(state, key).refusal;
  const refusal = known?.code === code ? known : { code, sinceBlock: block };
  if (block - refusal.sinceBlock < BigInt(state.parameters.confirmationDepth)) {
    return retryLater(withWork(state, key, { refusal }), key);
  }
  return withStatus(state, key, { type: "failed", code, reported: false });
}

function retryLater(state: State, key: SubmissionKey): State {
  const failures = workOf(state, key).failures + 1;
  const retryAtMs = state.nowMs + backoffMs(state.parameters, failures);
  return withWork(state, key, { failures, retryAtMs });
}
