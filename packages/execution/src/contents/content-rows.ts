/**
 * Contents in Postgres: `contents (hash bytea primary key, height bigint, content bytea)` in the schema of the service that
 * executes. Trie nodes, codes and headers by their keccak-256 hash; `height` is that of the highest block that wrote it.
 */
import { contentEntries } from "@sequorum/stf";
import type { Sql, Transaction } from "@sequorum/store";

/** Postgres' type id of bytea; an array of it must be named, the client cannot tell it from one value. */
const byteaType = 17;

/** Packed bytes of one statement: a block's contents are one, a large genesis is several. */
const statementBytesMax = 4 * 1_024 * 1_024;

/**
 * Writes what a block's execution made, in the transaction that writes the block. What is there already gets the block's
 * height when that is higher, so that pruning knows that it is in use again.
 */
export async function insertContents(
  tx: Transaction,
  writes: Uint8Array,
  height: bigint,
): Promise<void> {
  for (const { packed, starts, ends } of statements(writes)) {
    // one parameter for all bytes costs the event loop a fraction of an array of byte strings; two tries of a block may
    // have a node in common, which a statement may write once only
    await tx`insert into contents (hash, height, content)
      select distinct on (hash) hash, ${height}::bigint, content from (
        select substring(bytes from starts_at - 35 for 32) as hash,
          substring(bytes from starts_at + 1 for ends_at - starts_at) as content
        from (select ${packed}::bytea as bytes offset 0) as packed,
          unnest(${starts}::int[], ${ends}::int[]) as entry (starts_at, ends_at) offset 0) as entries
      order by hash
      on conflict (hash) do update set height = excluded.height where contents.height < excluded.height`;
  }
}

type Statement = {
  readonly packed: Buffer;
  /** Where contents begin and end in `packed`; a hash begins 36 bytes before its content. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
};

function* statements(writes: Uint8Array): Generator<Statement> {
  let first = 0;
  let last = 0;
  let starts: number[] = [];
  let ends: number[] = [];
  const statement = (): Statement => {
    const packed = Buffer.from(writes.buffer, writes.byteOffset + first, last - first);
    return { packed, starts, ends };
  };
  for (const { content } of contentEntries(writes)) {
    const start = content.byteOffset - writes.byteOffset;
    const end = start + content.length;
    if (end - first > statementBytesMax && starts.length > 0) {
      yield statement();
      [first, starts, ends] = [last, [], []];
    }
    starts.push(start - first);
    ends.push(end - first);
    last = end;
  }
  if (starts.length > 0) yield statement();
}

/** One content. */
export async function readContent(
  sql: Sql | Transaction,
  hash: Uint8Array,
): Promise<Uint8Array | undefined> {
  const [row] = await sql`select content from contents where hash = ${Buffer.from(hash)}`;
  return row === undefined ? undefined : (row["content"] as Uint8Array);
}

/** Contents of several hashes, in their order. */
export async function readContents(
  sql: Sql,
  hashes: readonly Uint8Array[],
): Promise<(Uint8Array | undefined)[]> {
  const keys = hashes.map((hash) => Buffer.from(hash));
  const rows =
    await sql`select hash, content from contents where hash = any(${sql.array(keys, byteaType)}::bytea[])`;
  const found = new Map<string, Uint8Array>();
  for (const row of rows) found.set(textOf(row["hash"] as Buffer), row["content"] as Uint8Array);
  return keys.map((key) => found.get(textOf(key)));
}

/** About how many contents there are, from Postgres' statistics. */
export async function estimateContents(sql: Sql): Promise<number> {
  const [row] =
    await sql`select reltuples::float8 as count from pg_class where oid = 'contents'::regclass`;
  return Math.max(0, Number(row?.["count"] ?? 0));
}

function textOf(bytes: Buffer): string {
  return bytes.toString("latin1");
}
