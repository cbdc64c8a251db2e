/** Metrics of the BFT engine. */
import type { Metrics } from "@sequorum/service";

/** All metric definitions of the engine. */
export function createEngineMetrics(metrics: Metrics) {
  return {
    height: metrics.gauge({ name: "consensus_height", help: "Last decided PoS height." }),
    round: metrics.gauge({ name: "consensus_round", help: "Round of the height being decided." }),
    peers: metrics.gauge({ name: "consensus_peers", help: "Connected peers." }),
    mempool: metrics.gauge({
      name: "consensus_mempool_transactions",
      help: "Pool transactions waiting for a block.",
    }),
    blockInterval: metrics.histogram({
      name: "consensus_block_interval_seconds",
      help: "Time between decided blocks.",
    }),
    commit: metrics.histogram({
      name: "consensus_commit_seconds",
      help: "Execution and storage of a decided block.",
    }),
    wal: metrics.histogram({ name: "consensus_wal_seconds", help: "Storage of one WAL record." }),
    votes: metrics.counter({
      name: "consensus_own_votes_total",
      help: "Votes signed, by type and whether for a block.",
      labels: ["type", "choice"],
    }),
    rejected: metrics.counter({
      name: "consensus_rejected_messages_total",
      help: "Peer messages rejected, by code.",
      labels: ["code"],
    }),
    dropped: metrics.counter({
      name: "consensus_dropped_messages_total",
      help: "Messages dropped because a peer's outbox was full.",
    }),
    doubleVotes: metrics.counter({
      name: "consensus_double_votes_total",
      help: "Double votes of other validators.",
    }),
    synced: metrics.counter({
      name: "consensus_synced_blocks_total",
      help: "Decided blocks taken from peers.",
    }),
  };
}

/** The engine's metrics. */
export type EngineMetrics = ReturnType<typeof createEngineMetrics>;
