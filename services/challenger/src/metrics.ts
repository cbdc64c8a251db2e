/** All metrics of the challenger. */
import type { Metrics } from "@sequorum/service";

export type ChallengerMetrics = ReturnType<typeof createChallengerMetrics>;

/** Defines the metrics. */
export function createChallengerMetrics(metrics: Metrics) {
  return {
    verifiedHeight: metrics.gauge({
      name: "challenger_verified_height",
      help: "Last L2 height re-executed that agrees",
    }),
    verifiedBatch: metrics.gauge({
      name: "challenger_verified_batch",
      help: "Last batch verified",
    }),
    postedBatch: metrics.gauge({
      name: "challenger_posted_batch",
      help: "Last batch posted on L1",
    }),
    alarms: metrics.gauge({
      name: "challenger_alarms",
      help: "Alarms on posted batches that are not void",
    }),
    l1Head: metrics.gauge({ name: "challenger_l1_head", help: "Newest L1 block processed" }),
    l1Reorgs: metrics.counter({
      name: "challenger_l1_reorgs_total",
      help: "Processed L1 blocks that L1 replaced",
    }),
    stateKeptFrom: metrics.gauge({
      name: "challenger_state_kept_from_height",
      help: "Height of the oldest block whose state is kept",
    }),
    batchSeconds: metrics.histogram({
      name: "challenger_l1_block_seconds",
      help: "Time to process one L1 block",
    }),
  };
}
