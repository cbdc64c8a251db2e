/** The challenger's tables in Postgres. */
import type { BatchIndex, L1BlockNumber } from "@sequorum/protocol";
import { assert, bytesToHex, hexToBytes } from "@sequorum/protocol";
import type { Sql, Transaction } from "@sequorum/store";
import type { ForcedEntry } from "@sequorum/stf";
import type { Alarm } from "../core/alarm.ts";
import type { EpochKey, State, Submission, Tip } from "../core/state.ts";
import type { DerivationStatus, L1Origin } from "../ports.ts";
import { fromJson, toJson } from "./json.ts";

type Query = Sql | Transaction;
type Row = Readonly<Record<string, unknown>>;

/** Records an L1 block as processed. */
export async function saveL1Block(tx: Query, { number, hash, timestamp }: L1Origin): Promise<void> {
  await tx`insert into l1_blocks (number, hash, timestamp) values (${number}, ${hexToBytes(hash)}, ${timestamp})`;
}

/** A processed L1 block. */
export async function findL1Block(
  sql: Query,
  number: L1BlockNumber,
): Promise<L1Origin | undefined> {
  const [row] = await sql`select * from l1_blocks where number = ${number}`;
  return row === undefined ? undefined : toL1Block(row);
}

/** The newest processed L1 blocks, newest first. */
export async function loadL1Blocks(
  sql: Query,
  before: L1BlockNumber,
  countMax: number,
): Promise<L1Origin[]> {
  const rows =
    await sql`select * from l1_blocks where number < ${before} order by number desc limit ${countMax}`;
  return rows.map(toL1Block);
}

/** Records a forced-queue entry. */
export async function saveQueueEntry(tx: Query, entry: ForcedEntry): Promise<void> {
  await tx`
    insert into queue_entries (position, l1_block, transaction)
    values (${entry.position}, ${entry.l1BlockNumber}, ${entry.transaction})`;
}

/** Entries from `position` on whose L1 block is at or below `originNumber`, in order. */
export async function loadQueueEntries(
  sql: Query,
  position: bigint,
  originNumber: L1BlockNumber,
): Promise<ForcedEntry[]> {
  const rows = await sql`
    select * from queue_entries where position >= ${position} and l1_block <= ${originNumber} order by position`;
  return rows.map((row) => ({
    position: integer(row, "position"),
    l1BlockNumber: integer(row, "l1_block"),
    transaction: bytes(row, "transaction"),
  }));
}

/** Records an epoch. */
export async function saveEpoch(tx: Query, key: EpochKey, l1Block: L1BlockNumber): Promise<void> {
  await tx`insert into epochs (epoch, l1_block, key) values (${key.epoch}, ${l1Block}, ${toJson(key)})`;
}

/** Records a submission with the verdict on it. */
export async function saveBatch(
  tx: Query,
  { header, batchHash, l1BlockNumber, l1TxHash }: Submission,
  verdict:
    | { readonly status: "verified"; readonly tip: Tip }
    | { readonly status: "wrong" | "unverified" },
): Promise<void> {
  const tip = verdict.status === "verified" ? toJson(verdict.tip) : null;
  await tx`
    insert into batches (batch_index, batch_hash, last_block, l1_block, l1_tx_hash, status, tip)
    values (${header.index}, ${hexToBytes(batchHash)}, ${header.lastBlock.toString()}, ${l1BlockNumber}, ${hexToBytes(l1TxHash)},
      ${verdict.status}, ${tip})`;
}

/** Records until when a submission can be challenged. */
export async function saveFinality(
  tx: Query,
  { batchHash, l1BlockNumber }: Submission,
  finalAtSeconds: bigint,
): Promise<void> {
  await tx`update batches set final_at = ${finalAtSeconds}
    where batch_hash = ${hexToBytes(batchHash)} and l1_block = ${l1BlockNumber}`;
}

/** End of the verified chain that L1, as far as it was processed, takes no challenge of any more. */
export async function findFinalTip(sql: Query): Promise<Tip | undefined> {
  const [row] = await sql`
    select tip from batches where status = 'verified' and void_l1_block is null
      and final_at <= (select timestamp from l1_blocks order by number desc limit 1)
    order by batch_index desc limit 1`;
  return row === undefined ? undefined : fromJson<Tip>(text(row, "tip"));
}

/** Marks the batches from `fromIndex` on as void since `l1Block`. */
export async function voidBatches(
  tx: Query,
  fromIndex: BatchIndex,
  l1Block: L1BlockNumber,
): Promise<void> {
  await tx`update batches set void_l1_block = ${l1Block} where batch_index >= ${fromIndex} and void_l1_block is null`;
}

/** Records an alarm. */
export async function saveAlarm(tx: Query, alarm: Alarm, l1Block: L1BlockNumber): Promise<void> {
  await tx`insert into alarms (batch_index, l1_block, alarm) values (${alarm.batchIndex}, ${l1Block}, ${toJson(alarm)})`;
}

/** An alarm and its place in the order of alarms. */
export type StoredAlarm = { readonly id: bigint; readonly alarm: Alarm };

/** Alarms after the one with `id`. */
export async function loadAlarms(sql: Query, afterId: bigint): Promise<StoredAlarm[]> {
  const rows = await sql`select id, alarm from alarms where id > ${afterId} order by id limit 1000`;
  return rows.map((row) => ({
    id: integer(row, "id"),
    alarm: fromJson<Alarm>(text(row, "alarm")),
  }));
}

/** End of the verified chain below batch `index`. */
export async function findTipBelow(sql: Query, index: BatchIndex): Promise<Tip | undefined> {
  const [row] = await sql`
    select tip from batches where status = 'verified' and void_l1_block is null and batch_index < ${index}
    order by batch_index desc limit 1`;
  return row === undefined ? undefined : fromJson<Tip>(text(row, "tip"));
}

/** Forgets everything learned from L1 blocks above `number`. */
export async function rollBackTo(tx: Query, number: L1BlockNumber): Promise<void> {
  for (const table of ["batches", "alarms", "queue_entries", "epochs"]) {
    await tx`delete from ${tx(table)} where l1_block > ${number}`;
  }
  await tx`update batches set void_l1_block = null where void_l1_block > ${number}`;
  await tx`delete from l1_blocks where number > ${number}`;
}

const anyIndex = (1n << 63n) - 1n;

/** The core's state as the tables give it. */
export async function restoreState(
  sql: Query,
  initial: Pick<State, "parameters" | "tip">,
): Promise<State> {
  const epochs = await sql`select key from epochs order by epoch`;
  const [wrong] = await sql`
    select min(batch_index) as batch_index from batches where status = 'wrong' and void_l1_block is null`;
  return {
    parameters: initial.parameters,
    tip: (await findTipBelow(sql, anyIndex)) ?? initial.tip,
    epochs: epochs.map((row) => fromJson<EpochKey>(text(row, "key"))),
    inWork: null,
    wrongBatch:
      wrong === undefined || wrong["batch_index"] === null ? null : integer(wrong, "batch_index"),
  };
}

/** How far the derivation is. */
export async function loadStatus(sql: Query, genesis: Tip): Promise<DerivationStatus> {
  const tip = (await findTipBelow(sql, anyIndex)) ?? genesis;
  const [posted] = await sql`
    select batch_index, last_block::text as last_block from batches where void_l1_block is null order by batch_index desc limit 1`;
  const [alarms] = await sql`select count(*)::int as count from alarms`;
  const [head] = await sql`select coalesce(max(number), 0)::bigint as number from l1_blocks`;
  return {
    verifiedHeight: tip.height,
    verifiedHash: tip.blockHash,
    verifiedBatch: tip.batchIndex,
    postedHeight: posted === undefined ? 0n : BigInt(text(posted, "last_block")),
    postedBatch: posted === undefined ? 0n : integer(posted, "batch_index"),
    alarms: Number(alarms?.["count"] ?? 0),
    l1Head: head === undefined ? 0n : integer(head, "number"),
  };
}

/** Number of wrong batches that are not void. */
export async function countWrong(sql: Query): Promise<number> {
  const [row] = await sql`
    select count(*)::int as count from batches where status = 'wrong' and void_l1_block is null`;
  return Number(row?.["count"] ?? 0);
}

function toL1Block(row: Row): L1Origin {
  return {
    number: integer(row, "number"),
    hash: bytesToHex(bytes(row, "hash")),
    timestamp: integer(row, "timestamp"),
  };
}

function integer(row: Row, column: string): bigint {
  const value = row[column];
  assert(typeof value === "bigint", "the column is an int8", { column });
  return value;
}

function bytes(row: Row, column: string): Uint8Array {
  const value = row[column];
  assert(value instanceof Uint8Array, "the column is a bytea", { column });
  return new Uint8Array(value);
}

function text(row: Row, column: string): string {
  const value = row[column];
  assert(typeof value === "string", "the column is a text", { column });
  return value;
}
