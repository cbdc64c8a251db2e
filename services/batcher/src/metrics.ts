/** All metrics of the batcher. */
import type { Metrics } from "@sequorum/service";

export type BatcherMetrics = ReturnType<typeof createBatcherMetrics>;

/** Defines the metrics. */
export function createBatcherMetrics(metrics: Metrics) {
  return {
    openIndex: metrics.gauge({ name: "batcher_open_index", help: "Batch index that is open" }),
    certifiedHeight: metrics.gauge({
      name: "batcher_certified_height",
      help: "Last certified L2 height known",
    }),
    heldBlocks: metrics.gauge({
      name: "batcher_held_blocks",
      help: "Certified blocks held for the open batch",
    }),
    proposed: metrics.counter({ name: "batcher_proposed_total", help: "Batches proposed" }),
    endorsed: metrics.counter({ name: "batcher_endorsed_total", help: "Batches endorsed" }),
    refused: metrics.counter({
      name: "batcher_refused_total",
      help: "Batches refused",
      labels: ["code"],
    }),
    rejected: metrics.counter({
      name: "batcher_rejected_attempts_total",
      help: "Attempts that the pool gave up",
    }),
    dataBytes: metrics.histogram({
      name: "batcher_data_bytes",
      help: "Encoded size of proposed batches",
      buckets: [256, 1_024, 4_096, 16_384, 32_768, 65_536, 98_304, 131_072],
    }),
    fetchFailed: metrics.counter({
      name: "batcher_fetch_failed_total",
      help: "Fetches from the orderer that failed",
    }),
  };
}
