/** Metrics of the pool; the engine's are in engine/engine-metrics.ts. */
import type { DecisionBody } from "@sequorum/protocol";
import type { Metrics } from "@sequorum/service";
import type { PoolState } from "./core/pool/state.ts";

export type PoolMetrics = ReturnType<typeof createPoolMetrics>;

/** Defines the metrics. */
export function createPoolMetrics(metrics: Metrics) {
  const gauge = (name: string, help: string) => metrics.gauge({ name: `pool_${name}`, help });
  return {
    term: gauge("term", "Current leadership term"),
    certifiedHeight: gauge("certified_height", "Last certified L2 height"),
    epoch: gauge("epoch", "Epoch of the active key; 0 without one"),
    signedBatch: gauge("signed_batch_index", "Last signed batch"),
    postedBatch: gauge("posted_batch_index", "Last batch on L1"),
    finalBatch: gauge("final_batch_index", "Last final batch"),
    openAttempt: gauge("open_batch_attempt", "Attempt of the open batch"),
    pendingPayloads: gauge("pending_payloads", "Own payloads that are not decided"),
    l1Head: gauge("l1_head", "Last L1 head seen"),
    l1Failures: gauge("l1_poll_failures", "Failed polls of L1 in a row"),
    decisions: metrics.counter({
      name: "pool_decisions_total",
      help: "Decisions",
      labels: ["type"],
    }),
    dropped: metrics.counter({
      name: "pool_payloads_dropped_total",
      help: "Own payloads given up",
      labels: ["code"],
    }),
  };
}

/** Reports a state and the decisions that led to it. */
export function reportPool(
  metrics: PoolMetrics,
  state: PoolState,
  decisions: readonly DecisionBody[],
): void {
  const { leadership, certified, keys, batches } = state;
  metrics.term.set(Number(leadership.term));
  metrics.certifiedHeight.set(Number(certified.height));
  metrics.epoch.set(Number(keys.active?.epoch ?? 0n));
  metrics.signedBatch.set(Number(batches.tip.index));
  metrics.postedBatch.set(Number(batches.postedIndex));
  metrics.finalBatch.set(Number(batches.finalIndex));
  metrics.openAttempt.set(batches.open?.attempt ?? 0);
  for (const { type } of decisions) metrics.decisions.add({ type });
}
