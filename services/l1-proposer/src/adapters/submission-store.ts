// Submissions and signed transactions in Postgres.

import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { BatchSignedSchema, EpochKeySignedSchema } from "@sequorum/proto/events";
import { assert, type Hex } from "@sequorum/protocol";
import type { Sql, Store, Transaction } from "@sequorum/store";
import type {
  Stored,
  StoredTransaction,
  Submission,
  SubmissionKey,
  SubmissionStatus,
} from "../core/state.ts";
import type { SubmissionContent } from "../ports.ts";

type Query = Sql | Transaction;

/** A row of `submissions` without its content. */
type SubmissionRow = {
  readonly key: SubmissionKey;
  readonly kind: "batch" | "epoch";
  readonly subject: bigint;
  readonly digest: Hex;
  readonly attempt: number;
  readonly position: number;
  readonly status: SubmissionStatus["type"];
  readonly nonce: bigint | null;
  readonly tx_hash: Hex | null;
  readonly gas_used: bigint | null;
  readonly fee_wei: string | null;
  readonly since_block: bigint | null;
  readonly settled: boolean | null;
  readonly code: string | null;
  readonly reported: boolean | null;
};

type TransactionRow = {
  readonly hash: Hex;
  readonly nonce: bigint;
  readonly owner: SubmissionKey | null;
  readonly is_cancel: boolean;
  readonly gas: bigint;
  readonly max_fee_per_gas_wei: string;
  readonly max_priority_fee_per_gas_wei: string;
};

/** Stores a new submission; false when it is known. */
export async function insertSubmission(
  tx: Transaction,
  submission: Submission,
  content: SubmissionContent,
): Promise<boolean> {
  const { key, kind, subject, digest, attempt, position } = submission;
  const bytes = Buffer.from(encodeContent(content));
  const rows = await tx`
    insert into submissions (key, kind, subject, digest, attempt, position, content)
    values (${key}, ${kind}, ${subject}, ${digest}, ${attempt}, ${position}, ${bytes})
    on conflict do nothing returning key`;
  return rows.length > 0;
}

/** What the pool signed. */
export async function loadContent(sql: Sql, key: string): Promise<SubmissionContent> {
  const [row] = await sql<{ kind: "batch" | "epoch"; content: Buffer }[]>`
    select kind, content from submissions where key = ${key}`;
  assert(row !== undefined, "a submission in work is stored", { key });
  return row.kind === "batch"
    ? { type: "batch", signed: fromBinary(BatchSignedSchema, row.content) }
    : { type: "epoch", signed: fromBinary(EpochKeySignedSchema, row.content) };
}

/** Saves a submission's status. Gives the seconds since it was signed when it was mined just now. */
export async function saveStatus(
  query: Query,
  { key, status }: Submission,
): Promise<number | undefined> {
  const columns = statusColumns(status);
  const isMined = status.type === "mined" || status.type === "final";
  const [row] = await query<{ seconds: number | null }[]>`
    update submissions s set ${query(columns)},
      mined_at = case when ${isMined} then coalesce(s.mined_at, now()) end
    from (select key, mined_at from submissions where key = ${key}) before
    where s.key = before.key
    returning case when ${isMined} and before.mined_at is null
      then extract(epoch from now() - s.created_at)::float8 end as seconds`;
  assert(row !== undefined, "a submission in work is stored", { key });
  return row.seconds ?? undefined;
}

/** P1: a signed transaction is on disk, and its submission is `prepared`, before anything is sent. */
export async function storePrepared(
  store: Store,
  prepared: {
    readonly nonce: number;
    readonly owner: SubmissionKey | undefined;
    readonly transaction: StoredTransaction;
    readonly raw: Hex;
  },
): Promise<void> {
  const { nonce, owner, transaction, raw } = prepared;
  const { hash, gas, isCancel, maxFeePerGasWei, maxPriorityFeePerGasWei } = transaction;
  await store.transaction(async (tx) => {
    await tx`
      insert into transactions
        (hash, nonce, owner, is_cancel, gas, max_fee_per_gas_wei, max_priority_fee_per_gas_wei, raw)
      values (${hash}, ${nonce}, ${owner ?? null}, ${isCancel}, ${gas}, ${maxFeePerGasWei.toString()},
        ${maxPriorityFeePerGasWei.toString()}, ${Buffer.from(raw.slice(2), "hex")})
      on conflict do nothing`;
    if (owner === undefined || isCancel) return;
    await tx`update submissions set status = 'prepared', nonce = ${nonce} where key = ${owner} and status = 'fresh'`;
  });
}

/** The bytes of a stored transaction. */
export async function loadRaw(sql: Sql, hash: Hex): Promise<Hex> {
  const [row] = await sql<
    { raw: Buffer | null }[]
  >`select raw from transactions where hash = ${hash}`;
  assert(row !== undefined && row.raw !== null, "a transaction that is sent is stored", { hash });
  return `0x${row.raw.toString("hex")}`;
}

/** The nonce is settled for good. */
export async function saveNonceFinal(sql: Sql, nonce: number): Promise<void> {
  await sql`update transactions set is_final = true, raw = null where nonce = ${nonce}`;
}

/** Everything that a starting node must know. */
export async function loadStored(sql: Sql): Promise<Stored> {
  const submissions = await sql<SubmissionRow[]>`
    select * from submissions
    where not (status = 'final' or (status = 'superseded' and settled) or (status = 'failed' and reported))
      or key in (select owner from transactions where not is_final)`;
  const transactions = await sql<TransactionRow[]>`select * from transactions where not is_final`;
  const [floor] = await sql<{ floor: bigint }[]>`
    select coalesce(max(nonce) + 1, 0) as floor from transactions where is_final`;
  return {
    submissions: submissions.map(submissionOf),
    transactions: transactions.map((row) => ({
      ...transactionOf(row),
      nonce: Number(row.nonce),
      owner: row.owner ?? undefined,
    })),
    nonceFloor: Number(floor?.floor ?? 0n),
  };
}

/** A submission as it is listed. */
export type ListedSubmission = Submission & {
  readonly txHash: Hex | undefined;
  readonly gasUsed: bigint;
};

/** Submissions, newest first. */
export async function listSubmissions(
  sql: Sql,
  limit: number,
): Promise<readonly ListedSubmission[]> {
  const rows = await sql<(SubmissionRow & { newest_hash: Hex | null })[]>`
    select s.*, t.hash as newest_hash from submissions s
    left join lateral (
      select hash from transactions where owner = s.key and not is_cancel order by created_at desc limit 1
    ) t on true
    order by s.created_at desc, s.key limit ${limit}`;
  return rows.map((row) => ({
    ...submissionOf(row),
    txHash: row.tx_hash ?? row.newest_hash ?? undefined,
    gasUsed: row.gas_used ?? 0n,
  }));
}

function encodeContent(content: SubmissionContent): Uint8Array {
  return content.type === "batch"
    ? toBinary(BatchSignedSchema, content.signed)
    : toBinary(EpochKeySignedSchema, content.signed);
}

function statusColumns(status: SubmissionStatus) {
  return {
    status: status.type,
    nonce: "nonce" in status ? status.nonce : null,
    tx_hash: "txHash" in status ? status.txHash : null,
    gas_used: "gasUsed" in status ? status.gasUsed : null,
    fee_wei: "feeWei" in status ? status.feeWei.toString() : null,
    since_block: "sinceBlock" in status ? status.sinceBlock : null,
    settled: "settled" in status ? status.settled : null,
    code: "code" in status ? status.code : null,
    reported: "reported" in status ? status.reported : null,
  };
}

function submissionOf(row: SubmissionRow): Submission {
  const { key, kind, subject, digest, attempt, position } = row;
  return { key, kind, subject, digest, attempt, position, status: statusOf(row) };
}

function statusOf(row: SubmissionRow): SubmissionStatus {
  const nonce = Number(row.nonce ?? 0n);
  switch (row.status) {
    case "fresh":
      return { type: "fresh" };
    case "prepared":
    case "sent":
      return { type: row.status, nonce };
    case "mined":
    case "final": {
      assert(row.tx_hash !== null, "what is mined has a transaction", { key: row.key });
      const [gasUsed, feeWei] = [row.gas_used ?? 0n, BigInt(row.fee_wei ?? "0")];
      return { type: row.status, nonce, txHash: row.tx_hash, gasUsed, feeWei };
    }
    case "superseded":
      return {
        type: "superseded",
        sinceBlock: row.since_block ?? 0n,
        settled: row.settled === true,
      };
    case "failed":
      return { type: "failed", code: row.code ?? "", reported: row.reported === true };
  }
}

function transactionOf(row: TransactionRow): StoredTransaction {
  return {
    hash: row.hash,
    gas: row.gas,
    isCancel: row.is_cancel,
    isSent: false,
    maxFeePerGasWei: BigInt(row.max_fee_per_gas_wei),
    maxPriorityFeePerGasWei: BigInt(row.max_priority_fee_per_gas_wei),
  };
}
