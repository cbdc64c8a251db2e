/**
 * Signers over real libp2p and Postgres on one machine: `node services/mpc-signer/bench/network.ts [n] [signatures] [linkMs]`.
 * Latency from the decision that opens a session to the submitted group signature, with `linkMs` added one way to
 * each decision and payload. All n signers share this machine's cores, so CPU-bound parts are n times too slow.
 */
import { performance } from "node:perf_hooks";
import { keccak256, quorum } from "@sequorum/protocol";
import { startPostgres } from "@sequorum/testkit/servers";
import { SignerCluster } from "../test/signer-cluster.ts";

const [n = 5, signatures = 20, linkMs = 0] = process.argv.slice(2).map(Number);
const median = (values: number[]) =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const postgres = await startPostgres();
const cluster = await SignerCluster.create({
  n,
  basePort: 21_000 + Math.floor(Math.random() * 8_000),
  databaseUrl: (index) => postgres.createDatabase(`bench_${index}`),
  linkMs,
  attemptTimeoutMs: 10_000,
  roundTimeoutMs: 300_000,
});
try {
  await cluster.startAll();
  const start = performance.now();
  const keyId = await cluster.makeKey("bench", 300_000);
  console.log(
    `n=${n} t=${quorum(n)} link ${linkMs} ms: DKG to published nonces ${(performance.now() - start).toFixed(0)} ms`,
  );
  const latencies: number[] = [];
  for (let i = 1; i <= signatures; i++) {
    const digest = keccak256(new TextEncoder().encode(`bench ${i}`));
    cluster.endorse(BigInt(i), digest);
    cluster.pool.sign(keyId, { digest, purpose: { type: "batch", index: BigInt(i), attempt: 0 } });
    await cluster.until(() => cluster.pool.signed.has(digest), `signature ${i}`, 60_000);
    latencies.push(cluster.pool.signed.get(digest)?.latencyMs ?? Number.NaN);
  }
  const sorted = [...latencies].sort((a, b) => a - b);
  console.log(
    `signature: median ${median(latencies).toFixed(0)} ms, fastest ${sorted[0]} ms, slowest ${sorted.at(-1)} ms (${signatures} signatures)`,
  );
} finally {
  await cluster.stopAll();
  await postgres.stop();
}
