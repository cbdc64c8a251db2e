/** The batcher's tables in Postgres. */
import type { BatchHeader, BatchIndex, BlockHeight, Hex } from "@sequorum/protocol";
import {
  assert,
  bytesToHex,
  decodeBatchHeader,
  encodeBatchHeader,
  hexToBytes,
} from "@sequorum/protocol";
import type { Sql, Transaction } from "@sequorum/store";
import type { BuiltBatch } from "../core/build-batch.ts";
import type { OpenBatch, Proposal } from "../core/state.ts";
import type { RestoredState, Statement, StoredBatch } from "../ports.ts";

type Query = Sql | Transaction;
type Row = Readonly<Record<string, unknown>>;

/** Records certified hashes from height `from` on. */
export async function saveCertified(
  tx: Query,
  from: BlockHeight,
  hashes: readonly Hex[],
): Promise<void> {
  for (const [offset, hash] of hashes.entries()) {
    await tx`
      insert into certified_blocks (height, hash) values (${from + BigInt(offset)}, ${hexToBytes(hash)})
      on conflict (height) do nothing`;
  }
}

/** Certified hashes of a range by height. */
export async function loadCertified(
  sql: Query,
  from: BlockHeight,
  to: BlockHeight,
): Promise<Map<BlockHeight, Hex>> {
  const rows =
    await sql`select height, hash from certified_blocks where height between ${from} and ${to}`;
  return new Map(rows.map((row) => [integer(row, "height"), hex(row, "hash")]));
}

/** Records an opening; it takes the place of an earlier one of the same attempt, and of what was proposed in that. */
export async function saveOpening(tx: Query, open: OpenBatch): Promise<void> {
  const { index, attempt } = open;
  await tx`delete from proposals where batch_index = ${index} and attempt = ${attempt}`;
  await tx`delete from openings where batch_index = ${index} and attempt = ${attempt}`;
  await tx`
    insert into openings (batch_index, attempt, proposer, first_block, opened_at_ms, parent_hash, parent_block_hash, queue_from, epoch)
    values (${index}, ${attempt}, ${hexToBytes(open.proposer)}, ${open.firstBlock}, ${BigInt(open.openedAtMs)},
      ${hexToBytes(open.parentHash)}, ${hexToBytes(open.parentBlockHash)}, ${open.queueFrom}, ${open.epoch})`;
}

/** Records a header that is to be judged. */
export async function saveProposal(tx: Query, proposal: Proposal, digest: Hex): Promise<void> {
  await tx`
    insert into proposals (batch_index, attempt, digest, header)
    values (${proposal.header.index}, ${proposal.attempt}, ${hexToBytes(digest)}, ${encodeBatchHeader(proposal.header)})
    on conflict do nothing`;
}

/** The proposal with this digest or, without one, the newest of the index. */
export async function findProposal(
  sql: Query,
  index: BatchIndex,
  digest?: Hex,
): Promise<Proposal | undefined> {
  const [row] =
    digest === undefined
      ? await sql`select * from proposals where batch_index = ${index} order by attempt desc limit 1`
      : await sql`select * from proposals where batch_index = ${index} and digest = ${hexToBytes(digest)} limit 1`;
  return row === undefined ? undefined : { attempt: Number(row["attempt"]), header: header(row) };
}

/** Records a batch that was computed here. */
export async function saveBatch(tx: Query, attempt: number, batch: BuiltBatch): Promise<void> {
  await tx`
    insert into batches (digest, batch_index, attempt, header, data)
    values (${hexToBytes(batch.digest)}, ${batch.header.index}, ${attempt}, ${encodeBatchHeader(batch.header)}, ${batch.data})
    on conflict do nothing`;
}

/** The stored batch with this digest or, without one, of the newest attempt at the index. */
export async function findBatch(
  sql: Query,
  index: BatchIndex,
  digest?: Hex,
): Promise<StoredBatch | undefined> {
  const [row] =
    digest === undefined
      ? await sql`select * from batches where batch_index = ${index} order by attempt desc limit 1`
      : await sql`select * from batches where batch_index = ${index} and digest = ${hexToBytes(digest)}`;
  return row === undefined
    ? undefined
    : { header: header(row), digest: hex(row, "digest"), data: bytes(row, "data") };
}

/**
 * Records a statement with its batch; false when this operator has spoken on the attempt in this role before, in
 * which case what was said then stands and nothing is written.
 */
export async function saveStatement(tx: Query, statement: Statement): Promise<boolean> {
  const rows = await tx`
    insert into statements (batch_index, attempt, role, digest, refusal, payload)
    values (${statement.index}, ${statement.attempt}, ${statement.role}, ${hexToBytes(statement.digest)},
      ${statement.refusal}, ${statement.payload})
    on conflict do nothing returning role`;
  if (rows.length === 0) return false;
  if (statement.batch !== null) await saveBatch(tx, statement.attempt, statement.batch);
  return true;
}

/** The digest that was endorsed in an attempt. */
export async function findEndorsedDigest(
  sql: Query,
  index: BatchIndex,
  attempt: number,
): Promise<Hex | undefined> {
  const [row] = await sql`
    select digest from statements
    where batch_index = ${index} and attempt = ${attempt} and role = 'answer' and refusal is null`;
  return row === undefined ? undefined : hex(row, "digest");
}

/** A statement that pos-consensus has not taken yet. */
export type UnsentStatement = Pick<Statement, "index" | "attempt" | "role" | "payload">;

/** Statements that pos-consensus has not taken yet, oldest first. */
export async function loadUnsent(sql: Query, countMax: number): Promise<UnsentStatement[]> {
  const rows = await sql`
    select batch_index, attempt, role, payload from statements where submitted_at is null
    order by batch_index, attempt, role desc limit ${countMax}`;
  return rows.map((row) => ({
    index: integer(row, "batch_index"),
    attempt: Number(row["attempt"]),
    role: row["role"] === "proposal" ? "proposal" : "answer",
    payload: bytes(row, "payload"),
  }));
}

/** Marks a statement as taken over by pos-consensus. */
export async function markSent(
  sql: Query,
  { index, attempt, role }: UnsentStatement,
): Promise<void> {
  await sql`
    update statements set submitted_at = now()
    where batch_index = ${index} and attempt = ${attempt} and role = ${role}`;
}

/** Deletes certified hashes up to `height`, and the data of batches that end there. Statements stay for ever. */
export async function prune(tx: Query, height: BlockHeight): Promise<void> {
  await tx`delete from certified_blocks where height <= ${height}`;
  const [next] =
    await tx`select min(batch_index) as first from openings where first_block > ${height}`;
  if (next === undefined || next["first"] === null) return;
  await tx`delete from batches where batch_index < ${integer(next, "first")}`;
  await tx`delete from proposals where batch_index < ${integer(next, "first")}`;
  await tx`delete from openings where batch_index < ${integer(next, "first")}`;
}

/** What the core starts from. */
export async function restoreState(sql: Query): Promise<RestoredState> {
  const [last] = await sql`select coalesce(max(height), 0) as height from certified_blocks`;
  const certifiedHeight = BigInt(String(last?.["height"] ?? 0));
  const [row] = await sql`select * from openings order by id desc limit 1`;
  if (row === undefined)
    return { certifiedHeight, open: null, hasProposed: false, hasAnswered: false, proposal: null };
  const open = toOpening(row);
  const proposal = await findProposal(sql, open.index);
  return {
    certifiedHeight,
    open,
    ...(await loadSaid(sql, open)),
    proposal: proposal !== undefined && proposal.attempt === open.attempt ? proposal : null,
  };
}

/** What this operator said about an attempt already. */
export async function loadSaid(
  sql: Query,
  { index, attempt }: Pick<OpenBatch, "index" | "attempt">,
): Promise<{ readonly hasProposed: boolean; readonly hasAnswered: boolean }> {
  const rows =
    await sql`select role from statements where batch_index = ${index} and attempt = ${attempt}`;
  const has = (role: string) => rows.some((row) => row["role"] === role);
  return { hasProposed: has("proposal"), hasAnswered: has("answer") };
}

function toOpening(row: Row): OpenBatch {
  return {
    index: integer(row, "batch_index"),
    attempt: Number(row["attempt"]),
    proposer: hex(row, "proposer"),
    firstBlock: integer(row, "first_block"),
    openedAtMs: Number(row["opened_at_ms"]),
    parentHash: hex(row, "parent_hash"),
    parentBlockHash: hex(row, "parent_block_hash"),
    queueFrom: integer(row, "queue_from"),
    epoch: integer(row, "epoch"),
  };
}

function header(row: Row): BatchHeader {
  const decoded = decodeBatchHeader(bytes(row, "header"));
  assert(decoded !== undefined, "a stored header is one", { index: row["batch_index"] });
  return decoded;
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

function hex(row: Row, column: string): Hex {
  return bytesToHex(bytes(row, column));
}
