/** Executed state in Postgres, behind the store that packages/stf reads from. */
import { type Hex, hexToBytes } from "@sequorum/protocol";
import type { Sql, Transaction } from "@sequorum/store";
import { decodeHeader, encodeHeader, type ExecutedBlock, type StateBackend } from "@sequorum/stf";
import { saveHeader } from "./derivation-store.ts";

/** Rows of one insert. */
const chunkRows = 500;

/** Reads nodes, codes and headers. */
export function createStateBackend(sql: Sql): StateBackend {
  return {
    async readNode(key) {
      const [row] = await sql`select value from state_nodes where key = ${key}`;
      return row === undefined ? undefined : new Uint8Array(row["value"]);
    },
    async readHeader(hash: Hex) {
      const [row] = await sql`select rlp from l2_headers where hash = ${hexToBytes(hash)}`;
      return row === undefined ? undefined : decodeHeader(new Uint8Array(row["rlp"]));
    },
  };
}

/** Stores what a block's execution produced. */
export async function saveExecuted(
  tx: Transaction | Sql,
  { block, writes }: ExecutedBlock,
): Promise<void> {
  const rows = [...writes].map(([key, value]) => ({ key, value }));
  for (let start = 0; start < rows.length; start += chunkRows) {
    await tx`insert into state_nodes ${tx(rows.slice(start, start + chunkRows))} on conflict do nothing`;
  }
  await saveHeader(tx, block.hash, block.header.number, encodeHeader(block.header));
}
