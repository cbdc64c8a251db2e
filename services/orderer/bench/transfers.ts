/**
 * ETH transfers a second through one node, end to end: decode, recover, fsynced acceptance, execution, state, store.
 * `node services/orderer/bench/transfers.ts [transfers] [a second]`; prints rate and latencies.
 */
import { startPostgres } from "@sequorum/testkit/servers";
import {
  addressOf,
  certifyHead,
  confirmOrigin,
  keyOf,
  startTerm,
  startTestNode,
  testNetwork,
  transfer,
  until,
} from "../test/network.ts";

const total = Number(process.argv[2] ?? 6_000);
const perSecond = Number(process.argv[3] ?? 600);
const senders = 100;
await using postgres = await startPostgres();
const network = testNetwork(senders);
const key = keyOf(60_000);
const node = await startTestNode({ network, postgresUrl: await postgres.createDatabase(), key });
const raws = Array.from({ length: total }, (_, i) =>
  transfer(i % senders, Math.floor(i / senders)),
);
await confirmOrigin(node, 1n);
await startTerm(node, 1n, addressOf(key));

const sentAtMs = new Map<string, number>();
const acceptedMs: number[] = [];
const softMs: number[] = [];
let included = 0;
const blocks: string[] = [];
node.events.subscribe((event) => {
  if (event.type !== "headChanged") return;
  for (const { block } of event.added) {
    included += block.transactions.length;
    blocks.push(`${block.transactions.length}`);
    node.reader.receipts(block.hash).then((receipts) => {
      for (const { transactionHash } of receipts ?? [])
        softMs.push(performance.now() - (sentAtMs.get(transactionHash) ?? 0));
    });
    void certifyHead(node, [node]);
  }
});
const startedAtMs = performance.now();
const rejected = new Map<string, number>();
const answers: Promise<void>[] = [];
for (let sent = 0; sent < total; ) {
  const due = Math.min(total, Math.floor(((performance.now() - startedAtMs) / 1_000) * perSecond));
  for (; sent < due; sent++) {
    const raw = raws[sent] ?? new Uint8Array(0);
    const atMs = performance.now();
    const answer = node.pool.add(raw).then((result) => {
      if (result.hash !== undefined) sentAtMs.set(result.hash, atMs);
      if (result.type === "accepted") acceptedMs.push(performance.now() - atMs);
      else rejected.set(result.code, (rejected.get(result.code) ?? 0) + 1);
    });
    answers.push(answer);
  }
  await new Promise((resolve) => setTimeout(resolve, 2));
}
await Promise.all(answers);
await until(
  () => included >= acceptedMs.length || node.failures.length > 0,
  "all transfers are in blocks",
  120_000,
);
const seconds = (performance.now() - startedAtMs) / 1_000;
const percentile = (values: number[], p: number) =>
  Math.round(values.toSorted((a, b) => a - b)[Math.floor(values.length * p)] ?? 0);
const lines = [
  `${Math.round(included / seconds)} transfers/s end to end (${included} of ${total} in ${seconds.toFixed(1)} s, blocks of ${blocks.join(" ")})`,
  `acceptance p50 ${percentile(acceptedMs, 0.5)} ms, p95 ${percentile(acceptedMs, 0.95)} ms`,
  `soft confirmation p50 ${percentile(softMs, 0.5)} ms, p95 ${percentile(softMs, 0.95)} ms`,
  `rejected ${JSON.stringify(Object.fromEntries(rejected))} failures ${node.failures.map(String).join()}`,
];
process.stdout.write(`${lines.join("\n")}\n`);
await node.stop();
