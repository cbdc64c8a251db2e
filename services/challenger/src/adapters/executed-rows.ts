/** What execution made, in Postgres. */
import { insertContents, readContent } from "@sequorum/execution";
import { type Hex, hexToBytes } from "@sequorum/protocol";
import type { Sql, Transaction } from "@sequorum/store";
import { type BlockHeader, decodeHeader, type ExecutedBlock } from "@sequorum/stf";

/** Stores a block's header and state. */
export function saveExecuted(tx: Transaction, { block, writes }: ExecutedBlock): Promise<void> {
  return insertContents(tx, writes, block.header.number);
}

/** A stored header. */
export async function findHeader(
  sql: Sql | Transaction,
  hash: Hex,
): Promise<BlockHeader | undefined> {
  const content = await readContent(sql, hexToBytes(hash));
  return content === undefined ? undefined : decodeHeader(new Uint8Array(content));
}
