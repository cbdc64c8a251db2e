/** Undoing batches that L1 has not accepted. */
import type { BatchIndex, BatchRejectionCode, DecisionBody } from "@sequorum/protocol";
import { voidedBatchesKept } from "./limits.ts";
import { cancelBatchRequests } from "./signing.ts";
import type { PoolState } from "./state.ts";
import type { Step } from "./step.ts";

/**
 * Gives up the open batch and the signed ones from `index` on, newest first: the chain of batches ends before `index`.
 * Signed ones stay known, for L1 may yet show them. No (index, attempt) is ever used twice.
 */
export function voidFrom(state: PoolState, index: BatchIndex, code: BatchRejectionCode): Step {
  const { batches } = state;
  const { open, unposted } = batches;
  const given = unposted.filter((batch) => batch.index >= index);
  const undone = [...given, ...(open === null ? [] : [open])].toReversed();
  const cancelled = cancelBatchRequests(state);
  const decisions = undone.map(
    (batch): DecisionBody => ({
      type: "batchRejected",
      index: batch.index,
      attempt: batch.attempt,
      code,
    }),
  );
  return {
    state: {
      ...cancelled.state,
      batches: {
        ...batches,
        open: null,
        tip: given[0]?.parent ?? batches.tip,
        unposted: unposted.filter((batch) => batch.index < index),
        voided: [...batches.voided, ...given].slice(-voidedBatchesKept),
        attemptBase: Math.max(batches.attemptBase, ...undone.map(({ attempt }) => attempt + 1)),
      },
    },
    decisions: [...cancelled.decisions, ...decisions],
  };
}
