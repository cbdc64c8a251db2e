/** Prometheus metrics. Names end in their unit (`_seconds`, `_bytes`, `_total`), labels are few. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** A counter with optional labels. */
export type CounterMetric = { add(labels?: Readonly<Record<string, string>>, by?: number): void };
/** A gauge with optional labels. */
export type GaugeMetric = { set(value: number, labels?: Readonly<Record<string, string>>): void };
/** A histogram with optional labels. */
export type HistogramMetric = {
  observe(value: number, labels?: Readonly<Record<string, string>>): void;
};

/** Definition of a metric. */
export type MetricOptions = {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
};

/** The metrics of one service. */
export type Metrics = {
  counter(options: MetricOptions): CounterMetric;
  gauge(options: MetricOptions): GaugeMetric;
  histogram(options: MetricOptions): HistogramMetric;
  /** Prometheus text exposition. */
  text(): Promise<string>;
};

const latencyBucketsSeconds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Creates a registry whose metrics all carry the label `service`. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 50 });
  const base = ({ name, help, labels = [] }: MetricOptions) => ({
    name: `sequorum_${name}`,
    help,
    labelNames: [...labels],
    registers: [registry],
  });
  return {
    counter(options) {
      const metric = new Counter(base(options));
      return { add: (labels = {}, by = 1) => metric.inc(labels, by) };
    },
    gauge(options) {
      const metric = new Gauge(base(options));
      return { set: (value, labels = {}) => metric.set(labels, value) };
    },
    histogram(options) {
      const buckets = [...(options.buckets ?? latencyBucketsSeconds)];
      const metric = new Histogram({ ...base(options), buckets });
      return { observe: (value, labels = {}) => metric.observe(labels, value) };
    },
    text: () => registry.metrics(),
  };
}
