// All metrics of the l1-proposer.

import type { CounterMetric, GaugeMetric, HistogramMetric, Metrics } from "@sequorum/service";
import type { State } from "./core/state.ts";

/** What the service measures. */
export type L1ProposerMetrics = {
  readonly submissions: GaugeMetric;
  readonly transitions: CounterMetric;
  readonly transactions: CounterMetric;
  readonly gasUsed: CounterMetric;
  readonly fees: CounterMetric;
  readonly confirmation: HistogramMetric;
  readonly l1Failures: CounterMetric;
  readonly alarms: GaugeMetric;
  readonly balance: GaugeMetric;
  readonly nonce: GaugeMetric;
  readonly l1Head: GaugeMetric;
  readonly baseFee: GaugeMetric;
  readonly liveNonces: GaugeMetric;
};

const confirmationBucketsSeconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 900, 3_600];

/** Registers the metrics. */
export function createL1ProposerMetrics(metrics: Metrics): L1ProposerMetrics {
  return {
    submissions: metrics.gauge({
      name: "l1_proposer_submissions",
      help: "Submissions in work by kind and state",
      labels: ["kind", "state"],
    }),
    transitions: metrics.counter({
      name: "l1_proposer_submission_transitions_total",
      help: "Submissions that entered a state",
      labels: ["kind", "state"],
    }),
    transactions: metrics.counter({
      name: "l1_proposer_transactions_total",
      help: "Transactions signed, replacements included",
      labels: ["purpose"],
    }),
    gasUsed: metrics.counter({
      name: "l1_proposer_gas_used_total",
      help: "Gas of final submissions",
      labels: ["kind"],
    }),
    fees: metrics.counter({
      name: "l1_proposer_fees_ether_total",
      help: "Fees of final submissions, in ether",
      labels: ["kind"],
    }),
    confirmation: metrics.histogram({
      name: "l1_proposer_confirmation_seconds",
      help: "From the pool's signature to the L1 block, own transactions",
      labels: ["kind"],
      buckets: confirmationBucketsSeconds,
    }),
    l1Failures: metrics.counter({
      name: "l1_proposer_l1_failures_total",
      help: "Observations of L1 that failed",
    }),
    alarms: metrics.gauge({
      name: "l1_proposer_alarm",
      help: "1 while the operator must act",
      labels: ["alarm"],
    }),
    balance: metrics.gauge({
      name: "l1_proposer_balance_ether",
      help: "Balance of the L1 account",
    }),
    nonce: metrics.gauge({
      name: "l1_proposer_nonce",
      help: "Transactions of the L1 account in the chain",
    }),
    l1Head: metrics.gauge({ name: "l1_proposer_l1_head", help: "Newest L1 block seen" }),
    baseFee: metrics.gauge({ name: "l1_proposer_base_fee_gwei", help: "Base fee of that block" }),
    liveNonces: metrics.gauge({
      name: "l1_proposer_live_nonces",
      help: "Nonces that are not final",
    }),
  };
}

const liveStates = ["fresh", "prepared", "sent", "mined", "superseded", "failed"] as const;

/** Sets the gauges from the state. */
export function reportState({ submissions, slots, l1 }: State, metrics: L1ProposerMetrics): void {
  for (const kind of ["batch", "epoch"] as const) {
    const own = Object.values(submissions).filter((submission) => submission.kind === kind);
    for (const state of liveStates) {
      metrics.submissions.set(own.filter(({ status }) => status.type === state).length, {
        kind,
        state,
      });
    }
  }
  metrics.liveNonces.set(slots.length);
  if (l1 === undefined) return;
  metrics.balance.set(Number(l1.balanceWei) / 1e18);
  metrics.nonce.set(l1.nonce);
  metrics.l1Head.set(Number(l1.block));
  metrics.baseFee.set(Number(l1.baseFeeWei) / 1e9);
}
