/** `--tour`: a scripted mix through the pool, then everything is checked and reported. */
import { setTimeout as delay } from "node:timers/promises";
import type { Devnet } from "../devnet.ts";
import { createPoolMonitor, type PoolMonitor, type PoolStatus } from "../pool-status.ts";
import { runChecks } from "./checks.ts";
import { type Ceremonies, watchCeremonies } from "./ceremonies.ts";
import { readPostedBatches } from "./posted-batches.ts";
import { distribution, type Report, writeReport } from "./report.ts";
import { runScript, type ScriptOutcome } from "./script.ts";
import { type Timeline, watchTimeline } from "./timeline.ts";
import { readSignatureLatency } from "./signature-latency.ts";
import { connectL2, type L2 } from "./traffic.ts";

/** What the tour needs besides the pool. */
export type TourOptions = {
  /** When the start of the pool began, milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly signal: AbortSignal;
  readonly note: (text: string) => void;
  readonly jsonFile?: string;
};

/** How the tour ended; `summary` is for people. */
export type TourResult = { readonly passed: boolean; readonly summary: string };

const rounds = 14;
const roundMs = 1_500;
const readyTimeoutMs = 90_000;
const settleTimeoutMs = 90_000;
const pollMs = 200;

/** Runs the tour. Throws when the pool does not become ready or a transaction is refused. */
export async function runTour(devnet: Devnet, options: TourOptions): Promise<TourResult> {
  const { signal, note } = options;
  const [first] = devnet.operators;
  if (first === undefined) throw new TypeError("a pool has an operator");
  const l2 = connectL2(
    devnet.network.l2ChainId,
    devnet.operators.map(({ rpcUrl }) => rpcUrl),
  );
  const monitor = createPoolMonitor(devnet.operators);
  const ceremonies = watchCeremonies(first);
  const timeline = watchTimeline(first.ports.ordererGrpc);
  try {
    note("waiting for every operator ...");
    const isUp = () => everyOperatorAnswers(l2);
    await waitFor("every operator to answer", readyTimeoutMs, signal, isUp);
    const outcome = await runScript(devnet, l2, { rounds, roundMs, signal, note });
    note("waiting until everything is posted and verified ...");
    const blocks = await blocksOf(l2, outcome);
    const last = blocks.reduce((a, b) => (b > a ? b : a), 0n);
    await waitFor("everything to be posted and verified", settleTimeoutMs, signal, () =>
      isVerified(monitor, last),
    ).catch(() => {});
    note("checking ...");
    const report = await makeReport({
      devnet,
      options,
      l2,
      monitor,
      ceremonies,
      timeline,
      outcome,
      blocks,
    });
    if (options.jsonFile !== undefined) await writeReport(options.jsonFile, report);
    return summarise(report);
  } finally {
    timeline.stop();
    ceremonies.stop();
    monitor.close();
  }
}

type Scope = {
  readonly devnet: Devnet;
  readonly options: TourOptions;
  readonly l2: L2;
  readonly monitor: PoolMonitor;
  readonly ceremonies: Ceremonies;
  readonly timeline: Timeline;
  readonly outcome: ScriptOutcome;
  /** Block of each sent transaction. */
  readonly blocks: readonly bigint[];
};

async function makeReport(scope: Scope): Promise<Report> {
  const { devnet, options, l2, monitor, ceremonies, outcome } = scope;
  const { batches, postedHead } = await readPostedBatches(devnet.l1Url, devnet.network);
  const status = await settledStatus(monitor, postedHead);
  const challengerHead = Math.min(
    ...status.operators.map(({ verified }) => Number(verified ?? 0n)),
  );
  const transactions = scope.blocks.length + 1; // and the forced one
  const checks = await runChecks({
    l2,
    outcome,
    transactions,
    batches,
    postedHead,
    challengerHead,
    status,
  });
  const firstBatchAtMs = ceremonies.firstBatchAtMs();
  return {
    transactions,
    batches,
    postedHead,
    challengerHead,
    latencyMs: latencies(scope),
    signatureMs: await readSignatureLatency(devnet.operators),
    dkgMs: ceremonies.dkgMs() ?? 0,
    startToFirstBatchSeconds:
      firstBatchAtMs === undefined ? 0 : Math.max(0, firstBatchAtMs - options.startedAtMs) / 1_000,
    memoryMb: Object.fromEntries(
      status.operators.map(({ name, memoryBytes }) => [
        camelCase(name),
        Math.round(memoryBytes / 1_048_576),
      ]),
    ),
    checks,
  };
}

function latencies({ outcome, blocks, timeline }: Scope): Report["latencyMs"] {
  const to = (level: "soft" | "quorum" | "posted") =>
    distribution(
      outcome.sent.flatMap(({ submittedAtMs }, i) => {
        const atMs = timeline.reachedAtMs(level, blocks[i] ?? 0n);
        return atMs === undefined ? [] : [Math.max(0, atMs - submittedAtMs)];
      }),
    );
  const accepted = outcome.sent.map(
    ({ submittedAtMs, acceptedAtMs }) => acceptedAtMs - submittedAtMs,
  );
  return {
    accepted: distribution(accepted),
    soft: to("soft"),
    quorum: to("quorum"),
    posted: to("posted"),
  };
}

async function blocksOf(l2: L2, { sent, forced }: ScriptOutcome): Promise<bigint[]> {
  await l2.receipt(forced).catch(() => {});
  const receipts = await Promise.all(sent.map(({ hash }) => l2.receipt(hash)));
  return receipts.map(({ blockNumber }) => blockNumber);
}

async function everyOperatorAnswers(l2: L2): Promise<boolean> {
  const answers = await Promise.all(
    l2.clients.map((client) => client.getBlockNumber().catch(() => undefined)),
  );
  return answers.every((height) => height !== undefined);
}

async function isVerified(monitor: PoolMonitor, height: bigint): Promise<boolean> {
  const { operators } = await monitor.poll();
  return operators.every(({ verified }) => verified !== undefined && verified >= height);
}

/** Challengers are a few L1 blocks behind; a batch posted meanwhile must not look like a difference. */
async function settledStatus(monitor: PoolMonitor, postedHead: number): Promise<PoolStatus> {
  const isSettled = async () => {
    const { operators } = await monitor.poll();
    return operators.every(({ verified }) => Number(verified ?? 0n) >= postedHead);
  };
  await waitFor("the challengers", 20_000, new AbortController().signal, isSettled).catch(() => {});
  return monitor.poll();
}

async function waitFor(
  what: string,
  timeoutMs: number,
  signal: AbortSignal,
  holds: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline)
      throw new Error(`waited ${timeoutMs / 1_000} s for ${what}: see the logs`);
    await delay(pollMs, undefined, { signal });
  }
}

function summarise(report: Report): TourResult {
  const passed = report.checks.every(({ ok }) => ok);
  const lines = report.checks.map(
    ({ name, ok, detail }) => `  ${ok ? "ok    " : "FAILED"}  ${name} (${detail})`,
  );
  const outcome = passed ? "The tour passed." : "The tour FAILED.";
  const figures = `${report.transactions} transactions, ${report.batches.length} batches, posted head ${report.postedHead}.`;
  return { passed, summary: `${outcome} ${figures}\n${lines.join("\n")}` };
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
