/** Pruning's view of the contents in Postgres. */
import type { Sql } from "@sequorum/store";
import type { PruneStore } from "../pruning/prune-run.ts";
import { readContents } from "./content-rows.ts";

/** Postgres' type id of bytea. */
const byteaType = 17;

/** Makes the view; `keepFrom` writes to the table `state_kept`, which has one row. */
export function createPruneStore(sql: Sql): PruneStore {
  return {
    read: (hashes) => readContents(sql, hashes),
    async list({ after, heightMax, max }) {
      const from = Buffer.from(after ?? new Uint8Array(0));
      const rows =
        await sql`select hash from contents where hash > ${from} and height <= ${heightMax}
        order by hash limit ${max}`;
      return rows.map((row) => row["hash"] as Uint8Array);
    },
    async delete(hashes, heightMax) {
      const keys = sql.array(
        hashes.map((hash) => Buffer.from(hash)),
        byteaType,
      );
      // rows that a block in work is writing are skipped: pruning waits for nobody, so it cannot be part of a deadlock
      const deleted = await sql`delete from contents where hash in (
        select hash from contents where hash = any(${keys}::bytea[]) and height <= ${heightMax} for update skip locked)`;
      return deleted.count;
    },
    async keepFrom(height) {
      await sql`insert into state_kept (from_height) values (${height})
        on conflict (only_row) do update set from_height = excluded.from_height`;
    },
  };
}

/** Lowest block whose state is kept; 0 before anything was pruned. */
export async function loadKeptFrom(sql: Sql): Promise<bigint> {
  const [row] = await sql`select from_height from state_kept`;
  return BigInt(row?.["from_height"] ?? 0);
}
