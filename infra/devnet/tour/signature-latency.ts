/** Signing latency as the signers measured it: their histograms, from the decision that opens a session to the signature. */
import type { Operator } from "../devnet.ts";
import type { Distribution } from "./report.ts";

const metric = "sequorum_mpc_signature_latency_seconds_bucket";

/** Cumulative count of observations at or below each bound, in seconds, ascending. */
export type Buckets = readonly { readonly leSeconds: number; readonly count: number }[];

/** Latencies of every signature at every operator; zeros when there are none. */
export async function readSignatureLatency(operators: readonly Operator[]): Promise<Distribution> {
  const texts = await Promise.all(
    operators.map(({ ports }) =>
      fetch(`http://127.0.0.1:${ports.mpcSignerHttp}/metrics`).then(
        (response) => response.text(),
        () => "",
      ),
    ),
  );
  const buckets = sumBuckets(texts);
  const at = (share: number) => Math.round(quantileSeconds(buckets, share) * 10_000) / 10;
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}

/** Adds up the histograms in Prometheus texts. */
export function sumBuckets(texts: readonly string[]): Buckets {
  const counts = new Map<number, number>();
  const pattern = new RegExp(`^${metric}\\{[^}]*le="([^"]+)"[^}]*\\} (\\d+)$`, "gm");
  for (const [, bound, count] of texts.flatMap((text) => [...text.matchAll(pattern)])) {
    const leSeconds = bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound);
    counts.set(leSeconds, (counts.get(leSeconds) ?? 0) + Number(count));
  }
  return [...counts]
    .map(([leSeconds, count]) => ({ leSeconds, count }))
    .sort((a, b) => a.leSeconds - b.leSeconds);
}

/** The quantile as Prometheus' histogram_quantile: linear within the bucket that holds it. */
export function quantileSeconds(buckets: Buckets, share: number): number {
  const rank = share * (buckets.at(-1)?.count ?? 0);
  let lower = { leSeconds: 0, count: 0 };
  for (const bucket of buckets) {
    if (bucket.count >= rank && bucket.count > lower.count) {
      if (!Number.isFinite(bucket.leSeconds)) return lower.leSeconds;
      const within = (rank - lower.count) / (bucket.count - lower.count);
      return lower.leSeconds + within * (bucket.leSeconds - lower.leSeconds);
    }
    lower = bucket;
  }
  return lower.leSeconds;
}
