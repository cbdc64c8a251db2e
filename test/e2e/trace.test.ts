/** One trace shows a transaction from the RPC to L1: two operators, a collector of spans, one transfer. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Devnet, removeData, startDevnet } from "@sequorum/devnet";
import { developmentAccounts } from "@sequorum/devnet/development-accounts";
import { readPostedBatches } from "@sequorum/devnet/tour/posted-batches";
import { connectL2 } from "@sequorum/devnet/tour/traffic";
import { blockTraceOf } from "@sequorum/service";
import type { TransactionReceipt } from "viem";
import { type CollectedSpan, type Collector, startCollector } from "./otlp-collector.ts";

const directory = mkdtempSync(join(tmpdir(), "sequorum-trace-"));
const portBase = 20_000 + Math.floor(Math.random() * 110) * 100; // below the ephemeral ports
const callerTrace = "ab".repeat(16);
const settings = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_BSP_SCHEDULE_DELAY"] as const;
let collector: Collector;
let devnet: Devnet;
let receipt: TransactionReceipt;
let trace: CollectedSpan[] = [];

/** What is recorded once, and what every operator records. */
const byOne = [
  "batcher: batch proposed",
  "l1-proposer: batch posted",
  "orderer: block executed",
  "orderer: block sealed",
  "orderer: transaction accepted",
];
const byAll = [
  "batcher: batch endorsed",
  "challenger: batch verified",
  "mpc-signer: batch signed",
  "pos-consensus: block certified",
];

describe("the trace of an L2 block", { timeout: 240_000 }, () => {
  before(async () => {
    collector = await startCollector();
    // the operators get the environment of this process
    process.env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = collector.url;
    process.env["OTEL_BSP_SCHEDULE_DELAY"] = "250";
    devnet = await startDevnet({
      ...{ operators: 2, split: false, dataDirectory: directory, reset: true, portBase },
      ...{ l1BlockSeconds: 1, logLevel: "info", parameters: { batchAgeMsMax: 2_000 } },
    });
    receipt = await sendTransfer(devnet);
    const { traceId } = blockTraceOf(receipt.blockHash);
    const deadline = Date.now() + 120_000;
    while (missing().length > 0) {
      assert.ok(Date.now() < deadline, `not in the trace: ${missing().join(", ")}\n${logTails()}`);
      await delay(200);
      trace = collector.spans.filter((span) => span.traceId === traceId);
    }
  });

  after(async () => {
    for (const setting of settings) delete process.env[setting];
    await devnet?.stop();
    await collector?.close();
    removeData(directory);
  });

  test("every service of both operators adds what it saw", () => {
    assert.deepEqual(missing(), []);
    const seen = [...new Set(trace.map(({ service, name }) => `${service}: ${name}`))].sort();
    assert.deepEqual(seen, [...byOne, ...byAll].sort(), "and nothing else is in the trace");
  });

  test("all hang below the leader's seal, whose ids follow from the block's hash", () => {
    const root = blockTraceOf(receipt.blockHash);
    const [sealed, ...others] = named("block sealed");
    assert.deepEqual(others, [], "one leader seals the block");
    assert.deepEqual([sealed?.spanId, sealed?.parentSpanId], [root.spanId, ""]);
    for (const { name, parentSpanId } of trace) {
      if (name !== "block sealed") assert.equal(parentSpanId, root.spanId, name);
    }
  });

  test("it begins with the transaction, and goes back to the caller's own trace", () => {
    const accepted = named("transaction accepted").find(
      ({ operator }) => operator === "operator-b",
    );
    assert.deepEqual(accepted?.links, [callerTrace]);
    assert.equal(accepted?.attributes["sequorum.transaction.hash"], receipt.transactionHash);
  });

  test("it ends on L1: the transaction that posted the block is the one that the challengers verified", async () => {
    const { batches } = await readPostedBatches(devnet.l1Url, devnet.network);
    const [batch] = batches;
    assert.equal(batch?.index, 1);
    for (const { name, attributes } of [...named("batch posted"), ...named("batch verified")]) {
      assert.equal(attributes["sequorum.l1.tx_hash"], batch.l1TxHash, name);
      assert.equal(attributes["sequorum.batch.index"], 1, name);
    }
  });

  test("what comes later in a block's life ends later", () => {
    const order = [
      "block sealed",
      "block certified",
      "batch proposed",
      "batch signed",
      "batch posted",
    ];
    const ends = order.map((name) => Math.min(...named(name).map(({ endMs }) => endMs)));
    assert.deepEqual(
      ends,
      [...ends].sort((a, b) => a - b),
      order.join(" < "),
    );
    for (const { name, startMs, endMs } of trace) {
      assert.ok(startMs <= endMs && startMs > Date.now() - 120_000, name);
    }
  });
});

function missing(): string[] {
  const seen = new Set(
    trace.flatMap(({ service, operator, name }) => [
      `${service}: ${name}`,
      `${operator} ${service}: ${name}`,
    ]),
  );
  const wanted = [
    ...byOne,
    ...["operator-a", "operator-b"].flatMap((operator) =>
      byAll.map((span) => `${operator} ${span}`),
    ),
  ];
  return wanted.filter((span) => !seen.has(span));
}

function named(name: string): CollectedSpan[] {
  return trace.filter((span) => span.name === name);
}

/** Sends one transfer to the second operator as a caller with a trace of its own. */
async function sendTransfer({ network, operators }: Devnet): Promise<TransactionReceipt> {
  const l2 = connectL2(
    network.l2ChainId,
    operators.map(({ rpcUrl }) => rpcUrl),
  );
  const [account] = developmentAccounts;
  const wallet = await untilAnswered(() => l2.wallet(account));
  const raw = await wallet.sign({ to: wallet.address, valueWei: 1n, gas: 21_000n });
  const hash = await untilAnswered(async () => {
    const answer = await fetch(operators[1]?.rpcUrl ?? "", {
      method: "POST",
      headers: {
        "content-type": "application/json",
        traceparent: `00-${callerTrace}-${"cd".repeat(8)}-01`,
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "eth_sendRawTransaction",
        params: [raw],
      }),
    });
    const { result, error } = (await answer.json()) as {
      result?: `0x${string}`;
      error?: { message: string };
    };
    if (result === undefined) throw new Error(error?.message);
    return result;
  });
  return l2.receipt(hash, 1);
}

/** The operators' RPC is not there at once. */
async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + 30_000; ; ) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(100);
    }
  }
}

/** What the operators said last, for a run that fails. */
function logTails(): string {
  return devnet.operators
    .map(({ name }) => readFileSync(join(devnet.directories.logs, `${name}.log`), "utf8"))
    .map((log) => log.trim().split("\n").slice(-12).join("\n"))
    .join("\n\n");
}
