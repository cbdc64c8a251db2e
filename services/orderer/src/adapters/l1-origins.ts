/**
 * Confirmed L1 blocks and the forced queue: read from L1, written, then offered. When L1 replaces confirmed blocks, those that no
 * L2 block was made from are read again; otherwise the node stops.
 */
import {
  createL1Client,
  forcedQueueAbi,
  type L1Client,
  type L1ConfirmedBlock,
  type L1Cursor,
  L1DeepReorgError,
  toL1Error,
  watchL1,
} from "@sequorum/l1";
import { assert, type Hex, hexToBytes, type NetworkConfig } from "@sequorum/protocol";
import { describeError, FatalError, type Logger, RetryableError, retry } from "@sequorum/service";
import type { ForcedEntry } from "@sequorum/stf";
import type { Sql, Store } from "@sequorum/store";
import { BlockNotFoundError, parseEventLogs } from "viem";
import { type Origin, originsMax } from "../core/state.ts";
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
  /** The confirmed L1 blocks above this number were replaced, and are forgotten. */
  readonly onOriginsReplaced: (above: bigint) => void;
  /** A block that L2 blocks were made from was replaced, or the chain is another: the operator must act. */
  readonly onFatal: (error: unknown) => void;
};

const pause = { baseMs: 200, capMs: 5_000 } as const;

/** Follows L1 until the signal aborts. Starts with L1 away, too. */
export async function followL1(options: L1OriginOptions): Promise<void> {
  const { signal, logger } = options;
  try {
    while (!signal.aborted) {
      const reorg = await follow(options);
      if (reorg === undefined) return;
      logger.warn("L1 replaced confirmed blocks", { reason: describeError(reorg) });
      await forgetReplaced(options, reorg);
    }
  } catch (error) {
    if (!signal.aborted) options.onFatal(error);
  }
}

/** Follows L1 until the signal aborts or a confirmed block is replaced. */
async function follow(options: L1OriginOptions): Promise<L1DeepReorgError | undefined> {
  const { network, client, store, signal, logger } = options;
  const after = await loadLastOrigin(store.sql);
  let isAway = false;
  const confirmed = watchL1({
    client,
    fromBlock: network.genesisL1Block,
    after,
    confirmationDepth: network.parameters.l1ConfirmationDepth,
    addresses: [network.contracts.forcedQueue],
    pollIntervalMs: options.pollIntervalMs,
    signal,
    onStatus: (status) => {
      if ((status.type === "unavailable") === isAway) return;
      isAway = status.type === "unavailable";
      if (status.type === "ok") logger.info("L1 answers again");
      else
        logger.warn("L1 is away, blocks go on with the last origin", {
          reason: describeError(status.error),
        });
    },
  });
  try {
    for await (const block of confirmed) options.onOrigins([await writeOrigin(store, block)]);
  } catch (error) {
    if (error instanceof L1DeepReorgError) return error;
    throw error;
  }
  return undefined;
}

/** Forgets the stored L1 blocks that L1 has not any more; throws when a stored L2 block was made from one of them. */
async function forgetReplaced(options: L1OriginOptions, reorg: L1DeepReorgError): Promise<void> {
  const { store, signal, logger, network } = options;
  const onFailure = (error: unknown) => logger.warn("L1 is away", { reason: describeError(error) });
  const fork = await retry(() => findFork(options), { signal, ...pause, onFailure });
  const above = fork?.number ?? network.genesisL1Block - 1n;
  await store.transaction(async (tx) => {
    const [used] =
      await tx`select max(origin_number) as origin from blocks where origin_number > ${above} and height > 0`;
    if (used !== undefined && used["origin"] !== null) {
      const message = `L2 blocks were made from L1 blocks up to ${used["origin"]}, but L1 has replaced all above ${above}`;
      throw new FatalError(message, { cause: reorg });
    }
    await tx`delete from l1_blocks where number > ${above}`;
    await tx`delete from forced_entries where l1_block_number > ${above}`;
  });
  options.onOriginsReplaced(above);
}

/** The newest stored L1 block that L1 still has. */
async function findFork({ store, client }: L1OriginOptions): Promise<L1Cursor | undefined> {
  const stored = await loadOrigins(store.sql, originsMax);
  for (const { number, hash } of stored.toReversed()) {
    if ((await hashOnL1(client, number)) === hash) return { number, hash };
  }
  return undefined;
}

async function hashOnL1(client: L1Client, blockNumber: bigint): Promise<Hex | undefined> {
  try {
    return (await client.getBlock({ blockNumber })).hash;
  } catch (error) {
    if (error instanceof BlockNotFoundError) return undefined;
    throw new RetryableError("L1 does not answer", { cause: toL1Error(error) });
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
  return row === undefined
    ? undefined
    : { number: BigInt(row["number"]), hash: hexOf(row["hash"]) };
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
    return {
      position,
      l1BlockNumber: BigInt(row["l1_block_number"]),
      transaction: new Uint8Array(row["transaction"]),
    };
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
