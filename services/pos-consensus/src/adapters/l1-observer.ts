/** What this validator sees on L1, at depth: epochs registered, batches posted, windows over. Each becomes a payload. */
import {
  epochRegistryAbi,
  type L1Client,
  type L1ConfirmedBlock,
  L1DeepReorgError,
  rollupChainAbi,
  watchL1,
} from "@sequorum/l1";
import type { Hex, L1Event, NetworkConfig } from "@sequorum/protocol";
import { describeError, type Logger } from "@sequorum/service";
import type { Store, Transaction } from "@sequorum/store";
import { parseEventLogs } from "viem";
import type { PoolMetrics } from "../metrics.ts";
import type { RecordPayload } from "../ports.ts";

/** What the observer works with. */
export type L1ObserverOptions = {
  readonly client: L1Client;
  readonly network: NetworkConfig;
  readonly store: Store;
  readonly record: RecordPayload;
  readonly pollMs: number;
  readonly metrics: PoolMetrics;
  readonly logger: Logger;
  readonly signal: AbortSignal;
};

type Cursor = { readonly number: bigint; readonly hash: Hex };

/** Follows L1 until the signal aborts; a block's payloads and the cursor are stored together. */
export async function observeL1(options: L1ObserverOptions): Promise<void> {
  const { store, logger, signal } = options;
  while (!signal.aborted) {
    try {
      await follow(options);
    } catch (error) {
      if (!(error instanceof L1DeepReorgError)) throw error;
      // Observations that counted stay: depth is the network's choice of what to believe. Look again from where L1 agrees.
      logger.error("L1 replaced confirmed blocks", { reason: describeError(error) });
      await store.transaction((tx) => moveCursor(tx, error.commonAncestor));
    }
  }
}

async function follow(options: L1ObserverOptions): Promise<void> {
  const { client, network, store, pollMs, metrics, signal } = options;
  const [after] = await store.sql<Cursor[]>`SELECT number, hash FROM l1_cursor`;
  const blocks = watchL1({
    client,
    fromBlock: network.genesisL1Block,
    after: after === undefined ? undefined : { number: after.number, hash: after.hash },
    confirmationDepth: network.parameters.l1ConfirmationDepth,
    addresses: [network.contracts.rollupChain, network.contracts.epochRegistry],
    pollIntervalMs: pollMs,
    signal,
    onStatus: (status) => {
      metrics.l1Failures.set(status.type === "ok" ? 0 : status.failures);
      if (status.type === "ok") metrics.l1Head.set(Number(status.head.number));
    },
  });
  for await (const block of blocks) {
    await store.transaction(async (tx) => {
      for (const event of eventsOf(block, network))
        await options.record(tx, { type: "l1Observation", event });
      await updateWindows(tx, block, options);
      await moveCursor(tx, block);
    });
  }
}

/** What a confirmed block says, in log order. */
export function eventsOf(
  { logs, number }: L1ConfirmedBlock,
  { contracts }: NetworkConfig,
): L1Event[] {
  const epochLogs = logs.filter(({ address }) => sameAddress(address, contracts.epochRegistry));
  const rollupLogs = logs.filter(({ address }) => sameAddress(address, contracts.rollupChain));
  const epochs = parseEventLogs({
    abi: epochRegistryAbi,
    logs: epochLogs,
    eventName: "EpochRegistered",
  });
  const batches = parseEventLogs({
    abi: rollupChainAbi,
    logs: rollupLogs,
    eventName: "BatchSubmitted",
  });
  return [
    ...epochs.map(
      ({ args, transactionHash }): L1Event => ({
        type: "epochRegistered",
        epoch: args.epoch,
        groupKeyHash: args.update.groupKeyHash,
        l1TxHash: transactionHash,
        l1BlockNumber: number,
      }),
    ),
    ...batches.map(
      ({ args, transactionHash }): L1Event => ({
        type: "batchPosted",
        index: args.index,
        digest: args.batchHash,
        l1TxHash: transactionHash,
        l1BlockNumber: number,
      }),
    ),
  ];
}

/** Opens the window of each posted batch, and reports those that are over at this block's time. */
async function updateWindows(
  tx: Transaction,
  block: L1ConfirmedBlock,
  { network, record, logger }: L1ObserverOptions,
): Promise<void> {
  const logs = block.logs.filter(({ address }) =>
    sameAddress(address, network.contracts.rollupChain),
  );
  for (const event of parseEventLogs({ abi: rollupChainAbi, logs: [...logs] })) {
    if (event.eventName === "BatchSubmitted") {
      const { index, batchHash, header, finalAtSeconds } = event.args;
      await tx`INSERT INTO l1_windows (batch_index, digest, last_block, final_at_seconds)
        VALUES (${index}, ${batchHash}, ${header.lastBlock}, ${finalAtSeconds})
        ON CONFLICT (batch_index) DO UPDATE SET digest = excluded.digest,
          last_block = excluded.last_block, final_at_seconds = excluded.final_at_seconds`;
    }
    if (event.eventName === "BatchesInvalidated") {
      logger.error("L1 voided batches", { from: event.args.fromIndex, to: event.args.toIndex });
      await tx`DELETE FROM l1_windows WHERE batch_index >= ${event.args.fromIndex}`;
    }
  }
  const over = await tx<{ batch_index: bigint; digest: Hex; last_block: bigint }[]>`
    DELETE FROM l1_windows WHERE final_at_seconds <= ${block.timestamp}
    RETURNING batch_index, digest, last_block`;
  for (const { batch_index, digest, last_block } of over.toSorted((a, b) =>
    a.batch_index < b.batch_index ? -1 : 1,
  )) {
    const event = {
      type: "batchFinal",
      index: batch_index,
      digest,
      lastBlock: last_block,
    } as const;
    await record(tx, { type: "l1Observation", event });
  }
}

async function moveCursor(tx: Transaction, cursor: Cursor | undefined): Promise<void> {
  await tx`DELETE FROM l1_cursor`;
  if (cursor === undefined) return;
  await tx`INSERT INTO l1_cursor (number, hash) VALUES (${cursor.number}, ${cursor.hash})`;
}

function sameAddress(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
