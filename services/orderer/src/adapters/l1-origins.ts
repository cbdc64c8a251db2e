/** Confirmed L1 blocks and the forced queue: read from L1, written, then offered. They never go back. */
import type { L1ConfirmedBlock } from "@sequorum/l1";
import { createL1Client, forcedQueueAbi, type L1Client, watchL1 } from "@sequorum/l1";
import { assert, type Hex, hexToBytes, type NetworkConfig } from "@sequorum/protocol";
import { describeError, type Logger } from "@sequorum/service";
import type { ForcedEntry } from "@sequorum/stf";
import type { Sql, Store } from "@sequorum/store";
import { parseEventLogs } from "viem";
import type { Origin } from "../core/state.ts";
import { bytea, hexOf } from "./block-rows.ts";

/** What following L1 works with. */
export type L1OriginOptions = {
  readonly network: NetworkConfig;
  readonly client: L1Client;
  readonly store: Store;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Time between two looks at L1. */
  readonly pollIntervalMs: number;
  readonly onOrigins: (origins: readonly Origin[]) => void;
  /** A confirmed block was replaced, or the chain is another: the operator must act. */
  readonly onFatal: (error: unknown) => void;
};

/** Follows L1 until the signal aborts. Starts with L1 away, too. */
export async function followL1(options: L1OriginOptions): Promise<void> {
  const { network, client, store, signal, logger } = options;
  const last = await loadLastOrigin(store.sql);
  let isAway = false;
  try {
    const confirmed = watchL1({
      client,
      fromBlock: network.genesisL1Block,
      after: last,
      confirmationDepth: network.parameters.l1ConfirmationDepth,
      addresses: [network.contracts.forcedQueue],
      pollIntervalMs: options.pollIntervalMs,
      signal,
      onStatus: (status) => {
        if ((status.type === "unavailable") === isAway) return;
        isAway = status.type === "unavailable";
        if (status.type === "ok") logger.info("L1 answers again");
        else logger.warn("L1 is away, blocks go on with the last origin", { reason: describeError(status.error) });
      },
    });
    for await (const block of confirmed) options.onOrigins([await writeOrigin(store, block)]);
  } catch (error) {
    if (!signal.aborted) options.onFatal(error);
  }
}

async function writeOrigin(store: Store, block: L1ConfirmedBlock): Promise<Origin> {
  const entries = parseEventLogs({
    abi: forcedQueueAbi,
    eventName: "ForcedTransactionEnqueued",
    logs: [...block.logs],
  });
  const queueLength = await store.transaction(async (tx) => {
    for (const { args } of entries) {
      await tx`insert into forced_entries (position, l1_block_number, transaction)
        values (${args.position}, ${block.number}, ${Buffer.from(hexToBytes(args.transaction))})
        on conflict (position) do nothing`;
    }
    const [row] = await tx`select coalesce(max(position) + 1, 0) as length from forced_entries`;
    const length = BigInt(row?.["length"] ?? 0);
    await tx`insert into l1_blocks (number, hash, timestamp, queue_length)
      values (${block.number}, ${bytea(block.hash)}, ${block.timestamp}, ${length}) on conflict (number) do nothing`;
    return length;
  });
  const { number, hash, timestamp } = block;
  return { number, hash, timestamp, queueLength, seenAtMs: Date.now() };
}

async function loadLastOrigin(sql: Sql): Promise<{ number: bigint; hash: Hex } | undefined> {
  const [row] = await sql`select number, hash from l1_blocks order by number desc limit 1`;
  return row === undefined ? undefined : { number: BigInt(row["number"]), hash: hexOf(row["hash"]) };
}

/** Newest origins, ascending. */
export async function loadOrigins(sql: Sql, max: number): Promise<Origin[]> {
  const rows = await sql`select * from l1_blocks order by number desc limit ${max}`;
  return rows.toReversed().map(originOf);
}

/** One confirmed L1 block. */
export async function loadOrigin(sql: Sql, number: bigint): Promise<Origin | undefined> {
  const [row] = await sql`select * from l1_blocks where number = ${number}`;
  return row === undefined ? undefined : originOf(row);
}

/** Queue entries from a position on at or below an origin, at most `max`. */
export async function loadForcedEntries(
  sql: Sql,
  { from, origin, max }: { from: bigint; origin: bigint; max: number },
): Promise<ForcedEntry[]> {
  const rows = await sql`select * from forced_entries
    where position >= ${from} and l1_block_number <= ${origin} order by position limit ${max}`;
  return rows.map((row, i) => {
    const position = BigInt(row["position"]);
    assert(position === from + BigInt(i), "the stored queue has no gap", { position });
    return { position, l1BlockNumber: BigInt(row["l1_block_number"]), transaction: new Uint8Array(row["transaction"]) };
  });
}

/** A client of the network's L1. */
export function connectL1(network: NetworkConfig, rpcUrl: string): L1Client {
  return createL1Client({ rpcUrl, chainId: Number(network.l1ChainId) });
}

function originOf(row: Record<string, unknown>): Origin {
  return {
    number: BigInt(String(row["number"])),
    hash: hexOf(row["hash"] as Uint8Array),
    timestamp: BigInt(String(row["timestamp"])),
    queueLength: BigInt(String(row["queue_length"])),
    seenAtMs: 0,
  };
}
