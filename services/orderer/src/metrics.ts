/** Every metric of the orderer. */
import type { CounterMetric, GaugeMetric, HistogramMetric, Metrics } from "@sequorum/service";

/** The orderer's metrics. */
export type OrdererMetrics = {
  readonly headHeight: GaugeMetric;
  readonly certifiedHeight: GaugeMetric;
  readonly originNumber: GaugeMetric;
  readonly pending: GaugeMetric;
  readonly peers: GaugeMetric;
  readonly isLeading: GaugeMetric;
  readonly blocks: CounterMetric;
  readonly submissions: CounterMetric;
  readonly rejections: CounterMetric;
  readonly silences: CounterMetric;
  readonly acceptanceSeconds: HistogramMetric;
  readonly commitSeconds: HistogramMetric;
  readonly executionSeconds: HistogramMetric;
  readonly stateKeptFrom: GaugeMetric;
  readonly prunedContents: CounterMetric;
};

/** Registers them. */
export function createOrdererMetrics(metrics: Metrics): OrdererMetrics {
  return {
    headHeight: metrics.gauge({
      name: "orderer_head_height",
      help: "Height of the canonical head",
    }),
    certifiedHeight: metrics.gauge({
      name: "orderer_certified_height",
      help: "Height up to which blocks are certified and held",
    }),
    originNumber: metrics.gauge({
      name: "orderer_l1_origin_number",
      help: "Newest confirmed L1 block",
    }),
    pending: metrics.gauge({ name: "orderer_mempool_transactions", help: "Waiting transactions" }),
    peers: metrics.gauge({ name: "orderer_feed_peers", help: "Peers whose feed is connected" }),
    isLeading: metrics.gauge({ name: "orderer_leading", help: "1 while this node leads the term" }),
    blocks: metrics.counter({
      name: "orderer_blocks_total",
      help: "Valid blocks stored, by origin",
      labels: ["from"],
    }),
    submissions: metrics.counter({
      name: "orderer_submissions_total",
      help: "Submitted transactions by answer",
      labels: ["answer"],
    }),
    rejections: metrics.counter({
      name: "orderer_peer_rejections_total",
      help: "Refusals of peers' messages",
      labels: ["code"],
    }),
    silences: metrics.counter({
      name: "orderer_leader_silences_total",
      help: "Reports of a silent leader",
      labels: ["reason"],
    }),
    acceptanceSeconds: metrics.histogram({
      name: "orderer_acceptance_seconds",
      help: "Time from submission to acknowledgement",
    }),
    commitSeconds: metrics.histogram({ name: "orderer_commit_seconds", help: "Time of a store" }),
    executionSeconds: metrics.histogram({
      name: "orderer_execution_seconds",
      help: "Time to build or verify a block",
      labels: ["kind"],
    }),
    stateKeptFrom: metrics.gauge({
      name: "orderer_state_kept_from_height",
      help: "Height of the oldest block whose state is kept",
    }),
    prunedContents: metrics.counter({
      name: "orderer_state_pruned_contents_total",
      help: "Trie nodes, codes and headers that pruning deleted",
    }),
  };
}
