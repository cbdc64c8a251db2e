import assert from "node:assert/strict";
import { test } from "node:test";
import { quantileSeconds, sumBuckets } from "../tour/signature-latency.ts";

const text = (counts: readonly number[]) =>
  ["0.1", "0.2", "+Inf"]
    .map(
      (le, i) =>
        `sequorum_mpc_signature_latency_seconds_bucket{le="${le}",service="mpc-signer",purpose="batch"} ${counts[i]}`,
    )
    .join("\n");

test("histograms of several signers add up, and a quantile is linear within its bucket", () => {
  const buckets = sumBuckets([text([1, 2, 2]), text([1, 2, 2]), "something_else 7"]);
  assert.deepEqual(
    buckets.map(({ count }) => count),
    [2, 4, 4],
  );
  assert.equal(quantileSeconds(buckets, 0.5), 0.1);
  assert.ok(Math.abs(quantileSeconds(buckets, 0.75) - 0.15) < 1e-9);
  assert.equal(quantileSeconds(buckets, 1), 0.2);
  assert.equal(quantileSeconds([], 0.5), 0);
  assert.equal(quantileSeconds(sumBuckets([text([0, 0, 3])]), 0.5), 0.2, "beyond the last bound");
});
