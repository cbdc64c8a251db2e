/** All metrics of the signer. */
import { createMetrics, type Metrics } from "@sequorum/service";

const latencyBuckets = [0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 1.5, 3];
const ceremonyBuckets = [0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 60];

/** Metric handles. */
export type SignerMetrics = ReturnType<typeof createSignerMetrics>;

/** Registers the metrics. */
export function createSignerMetrics(metrics: Metrics = createMetrics("mpc-signer")) {
  return {
    metrics,
    dkgDuration: metrics.histogram({
      name: "mpc_dkg_duration_seconds",
      help: "From the decision that opens a key generation to the decision that completes it",
      buckets: ceremonyBuckets,
    }),
    signatureLatency: metrics.histogram({
      name: "mpc_signature_latency_seconds",
      help: "From the decision that opens a signing session to its group signature",
      labels: ["purpose"],
      buckets: latencyBuckets,
    }),
    sessions: metrics.counter({
      name: "mpc_signing_sessions_total",
      help: "Signing sessions by how they ended here",
      labels: ["outcome"],
    }),
    ceremonies: metrics.counter({
      name: "mpc_ceremonies_total",
      help: "Key generations by outcome",
      labels: ["outcome"],
    }),
    refusals: metrics.counter({
      name: "mpc_signing_refusals_total",
      help: "Signing sessions that this node refused, by code",
      labels: ["code"],
    }),
    blames: metrics.counter({
      name: "mpc_blames_total",
      help: "Members found at fault, by code",
      labels: ["code"],
    }),
    refusedMessages: metrics.counter({
      name: "mpc_refused_messages_total",
      help: "Peer messages and connections refused, by reason",
      labels: ["reason"],
    }),
    peers: metrics.gauge({
      name: "mpc_connected_peers",
      help: "Members connected on the MPC channel",
    }),
    unusedNonces: metrics.gauge({
      name: "mpc_unused_nonces",
      help: "Nonce pairs of the newest published list left",
    }),
    keys: metrics.gauge({ name: "mpc_active_keys", help: "Keys of which this node holds a share" }),
  };
}
