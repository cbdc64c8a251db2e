/** Reads of blocks, with a bounded cache in front: blocks never change. */
import type { Hex } from "@sequorum/protocol";
import type { BlockHeader, Receipt } from "@sequorum/stf";
import type { Sql } from "@sequorum/store";
import { LRUCache } from "lru-cache";
import type { ChainLog, LogFilter } from "../ports.ts";
import {
  type BlockRow,
  blockOf,
  bytea,
  byteas,
  decodeReceipts,
  headerOf,
  hexOf,
  type StoredBlock,
} from "./block-rows.ts";

/** Largest height that a column holds; what users and peers ask for beyond it is beyond every chain. */
const storableMax = (1n << 63n) - 1n;

/** Blocks and receipts kept in memory. */
const cachedMax = 256;

/** Reads stored blocks. */
export type BlockReader = {
  byHash(hash: Hex): Promise<StoredBlock | undefined>;
  byHashes(hashes: readonly Hex[]): Promise<StoredBlock[]>;
  canonicalHash(height: bigint): Promise<Hex | undefined>;
  /** Canonical blocks from a height on, ascending, at most `max`. */
  canonical(from: bigint, max: number): Promise<StoredBlock[]>;
  canonicalReferences(from: bigint, max: number): Promise<CanonicalReference[]>;
  receipts(hash: Hex): Promise<readonly Receipt[] | undefined>;
  header(hash: Hex): Promise<BlockHeader | undefined>;
  /** Place of a transaction in the canonical chain. */
  locate(hash: Hex): Promise<{ readonly blockHash: Hex; readonly index: number } | undefined>;
  /** Canonical logs of a range, or logs of one block; at most `max + 1`. */
  logs(filter: LogFilter): Promise<ChainLog[]>;
  batchOf(
    height: bigint,
  ): Promise<{ readonly index: bigint; readonly l1TxHash: Hex | undefined } | undefined>;
};

/** Places a canonical block. */
export type CanonicalReference = {
  readonly height: bigint;
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly term: bigint;
};

/** Makes the reader. */
export function createBlockReader(sql: Sql): BlockReader {
  const blocks = new LRUCache<Hex, StoredBlock>({ max: cachedMax });
  const receipts = new LRUCache<Hex, readonly Receipt[]>({ max: cachedMax });
  const take = (row: unknown) => {
    const stored = blockOf(row as BlockRow);
    blocks.set(stored.block.hash, stored);
    return stored;
  };
  const byHashes = async (hashes: readonly Hex[]) => {
    const missing = hashes.filter((hash) => !blocks.has(hash));
    const found = new Map<Hex, StoredBlock>();
    if (missing.length > 0) {
      const rows = await sql`select b.rlp, b.origin_number, b.forced_count, b.seal from blocks b
        where b.hash = any(${byteas(sql, missing)})`;
      for (const row of rows) {
        const stored = take(row);
        found.set(stored.block.hash, stored);
      }
    }
    return hashes.flatMap((hash) => found.get(hash) ?? blocks.get(hash) ?? []);
  };
  return {
    byHashes,
    byHash: async (hash) => (await byHashes([hash]))[0],
    async canonicalHash(height) {
      const [row] = await sql`select hash from canonical where height = ${storable(height)}`;
      return row === undefined ? undefined : hexOf(row["hash"]);
    },
    async canonical(from, max) {
      const rows = await sql`select b.rlp, b.origin_number, b.forced_count, b.seal
        from canonical c join blocks b on b.hash = c.hash
        where c.height >= ${storable(from)} order by c.height limit ${max}`;
      return rows.map(take);
    },
    async canonicalReferences(from, max) {
      const rows = await sql`select b.height, b.hash, b.parent_hash, b.term from canonical c
        join blocks b on b.hash = c.hash where c.height >= ${storable(from)} order by c.height limit ${max}`;
      return rows.map((row) => ({
        height: BigInt(row["height"]),
        hash: hexOf(row["hash"]),
        parentHash: hexOf(row["parent_hash"]),
        term: BigInt(row["term"]),
      }));
    },
    async receipts(hash) {
      const known = receipts.get(hash);
      if (known !== undefined) return known;
      const [row] = await sql`select receipts from blocks where hash = ${bytea(hash)}`;
      if (row === undefined) return undefined;
      const decoded = decodeReceipts(row["receipts"]);
      receipts.set(hash, decoded);
      return decoded;
    },
    async header(hash) {
      const [row] = await sql`select header from blocks where hash = ${bytea(hash)}`;
      return row === undefined ? undefined : headerOf(row["header"]);
    },
    async locate(hash) {
      const [row] = await sql`select t.block_hash, t.position from transactions t
        join canonical c on c.hash = t.block_hash where t.hash = ${bytea(hash)}`;
      return row === undefined
        ? undefined
        : { blockHash: hexOf(row["block_hash"]), index: row["position"] };
    },
    logs: (filter) => readLogs(sql, filter),
    async batchOf(height) {
      const [row] = await sql`select batch_index, l1_tx_hash from batches
        where last_block >= ${storable(height)} order by last_block limit 1`;
      if (row === undefined) return undefined;
      const l1TxHash = row["l1_tx_hash"] === null ? undefined : hexOf(row["l1_tx_hash"]);
      return { index: BigInt(row["batch_index"]), l1TxHash };
    },
  };
}

function storable(height: bigint): bigint {
  return height > storableMax ? storableMax : height;
}

async function readLogs(sql: Sql, filter: LogFilter): Promise<ChainLog[]> {
  const range =
    filter.blocks.type === "hash"
      ? sql`l.block_hash = ${bytea(filter.blocks.hash)}`
      : sql`l.height between ${storable(filter.blocks.from)} and ${storable(filter.blocks.to)}
          and exists (select 1 from canonical c where c.hash = l.block_hash)`;
  let topics = sql``;
  for (const [i, wanted] of filter.topics.entries()) {
    // a position that is asked for must exist, whatever it holds
    if (wanted === null) topics = sql`${topics} and cardinality(l.topics) > ${i}`;
    else topics = sql`${topics} and l.topics[${i + 1}::int] = any(${byteas(sql, wanted)})`;
  }
  const rows = await sql`select l.*, b.header from logs l join blocks b on b.hash = l.block_hash
    where ${range} ${filter.addresses.length === 0 ? sql`` : sql`and l.address = any(${byteas(sql, filter.addresses)})`} ${topics}
    order by l.height, l.log_index limit ${filter.resultsMax + 1}`;
  return rows.map((row) => ({
    address: hexOf(row["address"]),
    topics: (row["topics"] as Uint8Array[]).map(hexOf),
    data: hexOf(row["data"]),
    blockNumber: BigInt(row["height"]),
    blockHash: hexOf(row["block_hash"]),
    blockTimestamp: headerOf(row["header"]).timestamp,
    transactionHash: hexOf(row["transaction_hash"]),
    transactionIndex: row["transaction_index"],
    logIndex: row["log_index"],
    isRemoved: false,
  }));
}
