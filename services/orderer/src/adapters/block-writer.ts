/** Writes of blocks: everything of one block, and what it does to the chain, in one transaction. */
import type { Bus } from "@sequorum/bus";
import { insertContents } from "@sequorum/execution";
import { assert, type Hex, hexToBytes } from "@sequorum/protocol";
import { encodeHeader, type ExecutedBlock } from "@sequorum/stf";
import type { Transaction } from "@sequorum/store";
import type { ChainChange } from "../core/effect.ts";
import type { BlockSummary } from "../core/state.ts";
import { bytea, byteas, encodeReceipts, logRows } from "./block-rows.ts";

/** A block that is to be written. */
export type BlockToWrite = {
  readonly executed: ExecutedBlock;
  readonly rlp: Uint8Array;
  readonly seal: Hex | null;
};

/** Writes a block with its state, receipts and indices. Writing it twice is harmless. */
export async function insertBlock(
  tx: Transaction,
  { executed, rlp, seal }: BlockToWrite,
): Promise<void> {
  const { block, receipts, originNumber, forcedCount } = executed;
  const { header, hash } = block;
  const hashes = receipts.map(({ transactionHash }) => transactionHash);
  const logs = logRows(executed);
  await Promise.all([
    tx`insert into blocks (hash, height, parent_hash, term, origin_number, forced_count, header, rlp, receipts, seal)
      values (${bytea(hash)}, ${header.number}, ${bytea(header.parentHash)}, ${header.term}, ${originNumber},
        ${forcedCount}, ${Buffer.from(encodeHeader(header))}, ${Buffer.from(rlp)}, ${encodeReceipts(receipts)},
        ${seal === null ? null : bytea(seal)})
      on conflict (hash) do nothing`,
    insertContents(tx, executed.writes, header.number),
    tx`insert into transactions (hash, block_hash, position)
      select key, ${bytea(hash)}, place - 1 from unnest(${byteas(tx, hashes)}::bytea[]) with ordinality as listed (key, place)
      on conflict do nothing`,
    ...logs.map(
      (row) =>
        tx`insert into logs ${tx({ ...row, topics: byteas(tx, row.topics) })} on conflict do nothing`,
    ),
  ]);
}

/** Writes that this node sealed a block; fails when it sealed another one for the term and height. */
export async function insertSeal(
  tx: Transaction,
  { summary, signature }: { summary: BlockSummary; signature: Hex },
): Promise<void> {
  const { term, height, hash } = summary;
  await tx`insert into seals (term, height, hash, signature)
    values (${term}, ${height}, ${bytea(hash)}, ${bytea(signature)}) on conflict (term, height) do nothing`;
  const [row] = await tx`select hash from seals where term = ${term} and height = ${height}`;
  const isSame = row !== undefined && bytea(hash).equals(row["hash"]);
  assert(isSame, "one seal for a term and height", { term, height });
}

/** Moves the canonical chain and tells the operator's other services, in the same transaction. */
export async function writeChange(
  tx: Transaction,
  bus: Pick<Bus, "publish">,
  change: ChainChange,
): Promise<void> {
  await tx`delete from canonical where height > ${change.forkHeight}`;
  const heights = change.added.map(({ height }) => height.toString());
  const hashes = byteas(
    tx,
    change.added.map(({ hash }) => hash),
  );
  await tx`insert into canonical (height, hash)
    select * from unnest(${heights}::bigint[], ${hashes}::bytea[])`;
  await bus.publish(tx, {
    case: "canonicalChainUpdated",
    value: {
      $typeName: "sequorum.events.v1alpha1.CanonicalChainUpdated",
      forkHeight: change.forkHeight,
      blocks: change.added.map(({ height, hash, parentHash, term }) => ({
        $typeName: "sequorum.types.v1alpha1.BlockReference" as const,
        height,
        hash: hexToBytes(hash),
        parentHash: hexToBytes(parentHash),
        term,
      })),
    },
  });
}

/** Deletes transactions from the stored mempool. */
export async function deleteTransactions(tx: Transaction, hashes: readonly Hex[]): Promise<void> {
  if (hashes.length === 0) return;
  await tx`delete from mempool where hash = any(${byteas(tx, hashes)})`;
}
