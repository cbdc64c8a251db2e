/** Rows about the chain's progress and the waiting transactions: what a restart loads. */
import { type Hex, hexToBytes } from "@sequorum/protocol";
import type { Executor } from "@sequorum/stf";
import type { Sql, Transaction } from "@sequorum/store";
import type { PooledTransaction } from "../core/mempool.ts";
import type { TermInfo } from "../core/state.ts";
import { bytea, byteas, hexOf } from "./block-rows.ts";

/** Heights of the confirmation levels. */
export type Levels = {
  readonly certified: bigint;
  readonly safe: bigint;
  readonly finalized: bigint;
};

/** Adds acknowledged transactions. */
export async function insertTransactions(
  tx: Transaction,
  added: readonly PooledTransaction[],
): Promise<void> {
  if (added.length === 0) return;
  const hashes = added.map(({ transaction }) => transaction.hash);
  const sequences = added.map(({ sequence }) => sequence.toString());
  const times = added.map(({ receivedAtMs }) => String(Math.round(receivedAtMs)));
  const raws = added.map(({ transaction }) => transaction.raw);
  await tx`insert into mempool (hash, sequence, received_at_ms, raw)
    select * from unnest(${byteas(tx, hashes)}::bytea[], ${sequences}::bigint[], ${times}::bigint[], ${byteas(tx, raws)}::bytea[])
    on conflict (hash) do nothing`;
}

/**
 * Waiting transactions in order of arrival; ones that no longer decode (a rule changed) are left out. `prepare` is given all
 * of them before they are decoded.
 */
export async function loadTransactions(
  sql: Sql,
  executor: Pick<Executor, "decodeTransaction">,
  prepare: (raws: readonly Uint8Array[]) => Promise<void>,
): Promise<PooledTransaction[]> {
  const rows = await sql`select sequence, received_at_ms, raw from mempool order by sequence`;
  await prepare(rows.map((row) => new Uint8Array(row["raw"])));
  return rows.flatMap((row) => {
    const decoded = executor.decodeTransaction(new Uint8Array(row["raw"]));
    if (decoded.type === "rejected") return [];
    const sequence = BigInt(row["sequence"]);
    return [
      { transaction: decoded.transaction, sequence, receivedAtMs: Number(row["received_at_ms"]) },
    ];
  });
}

/** First sequence that no stored transaction has. */
export async function nextSequence(sql: Sql): Promise<bigint> {
  const [row] = await sql`select coalesce(max(sequence) + 1, 0) as next from mempool`;
  return BigInt(row?.["next"] ?? 0);
}

/** Writes a term. */
export async function insertTerm(tx: Transaction, term: TermInfo): Promise<void> {
  await tx`insert into terms (term, leader, first_block, last_block)
    values (${term.term}, ${bytea(term.leader)}, ${term.firstBlock}, ${term.lastBlock}) on conflict do nothing`;
}

/** Newest terms, ascending. */
export async function loadTerms(sql: Sql, max: number): Promise<TermInfo[]> {
  const rows = await sql`select * from terms order by term desc limit ${max}`;
  return rows.toReversed().map((row) => ({
    term: BigInt(row["term"]),
    leader: hexOf(row["leader"]),
    firstBlock: BigInt(row["first_block"]),
    lastBlock: BigInt(row["last_block"]),
  }));
}

/** Writes certified hashes. */
export async function insertCertified(
  tx: Transaction,
  { from, hashes }: { from: bigint; hashes: readonly Hex[] },
): Promise<void> {
  const heights = hashes.map((_, i) => (from + BigInt(i)).toString());
  await tx`insert into certified (height, hash)
    select * from unnest(${heights}::bigint[], ${byteas(tx, hashes)}::bytea[]) on conflict do nothing`;
}

/** Certified hashes above a height. */
export async function loadUncovered(sql: Sql, above: bigint): Promise<Map<bigint, Hex>> {
  const rows =
    await sql`select height, hash from certified where height > ${above} order by height`;
  return new Map(rows.map((row) => [BigInt(row["height"]), hexOf(row["hash"])]));
}

/** Writes that everything up to a height is certified and held. */
export async function writeCertifiedHeight(tx: Transaction, height: bigint): Promise<void> {
  await tx`insert into progress (certified_height) values (${height})
    on conflict (only_row) do update set certified_height = excluded.certified_height`;
}

/** The levels as last written; undefined before genesis is. */
export async function loadLevels(sql: Sql): Promise<Levels | undefined> {
  const [progress] = await sql`select certified_height from progress`;
  if (progress === undefined) return undefined;
  const [batches] = await sql`select coalesce(max(last_block), 0) as safe,
    coalesce(max(last_block) filter (where is_final), 0) as finalized from batches`;
  return {
    certified: BigInt(progress["certified_height"]),
    safe: BigInt(batches?.["safe"] ?? 0),
    finalized: BigInt(batches?.["finalized"] ?? 0),
  };
}

/** Writes that a batch is on L1, or final there. */
export async function writeBatch(
  tx: Transaction,
  batch: { index: bigint; lastBlock: bigint; l1TxHash: Hex | undefined; isFinal: boolean },
): Promise<void> {
  const { index, lastBlock, l1TxHash, isFinal } = batch;
  await tx`insert into batches (batch_index, last_block, l1_tx_hash, is_final)
    values (${index}, ${lastBlock}, ${l1TxHash === undefined ? null : bytea(l1TxHash)}, ${isFinal})
    on conflict (batch_index) do update set last_block = excluded.last_block,
      l1_tx_hash = coalesce(excluded.l1_tx_hash, batches.l1_tx_hash),
      is_final = batches.is_final or excluded.is_final`;
}

/** Last seal of this node. */
export async function loadLastSeal(sql: Sql): Promise<{ term: bigint; height: bigint }> {
  const [row] = await sql`select term, height from seals order by term desc, height desc limit 1`;
  return { term: BigInt(row?.["term"] ?? 0), height: BigInt(row?.["height"] ?? 0) };
}

/** Peers as last read from L1. */
export type FeedPeer = {
  readonly address: Hex;
  readonly endpoint: string;
  readonly certificate: Hex;
};

/** Replaces the stored peers. */
export async function writePeers(tx: Transaction, peers: readonly FeedPeer[]): Promise<void> {
  await tx`delete from peers`;
  for (const { address, endpoint, certificate } of peers) {
    await tx`insert into peers (address, endpoint, certificate)
      values (${bytea(address)}, ${endpoint}, ${Buffer.from(hexToBytes(certificate))})`;
  }
}

/** Peers of before the restart. */
export async function loadPeers(sql: Sql): Promise<FeedPeer[]> {
  const rows = await sql`select * from peers order by address`;
  return rows.map((row) => ({
    address: hexOf(row["address"]),
    endpoint: row["endpoint"],
    certificate: hexOf(row["certificate"]),
  }));
}
