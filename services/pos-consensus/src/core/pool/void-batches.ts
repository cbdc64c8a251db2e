/** Undoing signed batches that L1 has not accepted. */
import type { BatchRejectionCode } from "@sequorum/protocol";
import { voidedBatchesKept } from "./limits.ts";
import { cancelBatchRequests } from "./signing.ts";
import type { PoolState, SignedBatch } from "./state.ts";
import type { Step } from "./step.ts";

/** Takes the chain of batches back to before `signed`; what is given up stays known, for L1 may yet show it. */
export function voidFrom(state: PoolState, signed: SignedBatch, code: BatchRejectionCode): Step {
  const { batches } = state;
  const kept = batches.unposted.filter(({ index }) => index < signed.index);
  const given = batches.unposted.filter(({ index }) => index >= signed.index);
  const cancelled = cancelBatchRequests(state);
  return {
    state: {
      ...cancelled.state,
      batches: {
        ...batches,
        open: null,
        tip: signed.parent,
        unposted: kept,
        voided: [...batches.voided, ...given].slice(-voidedBatchesKept),
        nextAttempt: signed.attempt + 1,
      },
    },
    decisions: [
      ...cancelled.decisions,
      ...given
        .toReversed()
        .map(({ index, attempt }) => ({ type: "batchRejected", index, attempt, code }) as const),
    ],
  };
}
