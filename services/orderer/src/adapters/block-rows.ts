/** Blocks and receipts as rows: encodings of what is stored, and their inverses. */
import { assert, type Hex } from "@sequorum/protocol";
import {
  type BlockHeader,
  decodeBlock,
  decodeHeader,
  type ExecutedBlock,
  type L2Block,
  type Receipt,
} from "@sequorum/stf";
import type { Sql } from "@sequorum/store";

/** A block as it is stored. */
export type StoredBlock = {
  readonly block: L2Block;
  readonly originNumber: bigint;
  readonly forcedCount: number;
  readonly rlp: Uint8Array;
  /** Leader's signature; null when there is none. */
  readonly seal: Hex | null;
};

/** Columns of `blocks` without the receipts. */
export type BlockRow = {
  readonly rlp: Uint8Array;
  readonly origin_number: bigint;
  readonly forced_count: number;
  readonly seal: Uint8Array | null;
};

/** Bytes for a column. */
export function bytea(hex: Hex): Buffer {
  return Buffer.from(hex.slice(2), "hex");
}

/** Postgres' type id of bytea; an array of it must be named, the client cannot tell it from one value. */
const byteaType = 17;

/** A bytea[] parameter. */
export function byteas(sql: Pick<Sql, "array">, values: readonly (Hex | Uint8Array)[]) {
  const buffers = values.map((value) =>
    typeof value === "string" ? bytea(value) : Buffer.from(value),
  );
  return sql.array(buffers, byteaType);
}

/** `Hex` from a column. */
export function hexOf(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")}`;
}

/** A stored block from its row. */
export function blockOf(row: BlockRow): StoredBlock {
  const rlp = new Uint8Array(row.rlp);
  const block = decodeBlock(rlp);
  assert(block !== undefined, "a stored block decodes");
  return {
    block,
    originNumber: row.origin_number,
    forcedCount: row.forced_count,
    rlp,
    seal: row.seal === null ? null : hexOf(row.seal),
  };
}

/** A stored header. */
export function headerOf(bytes: Uint8Array): BlockHeader {
  const header = decodeHeader(new Uint8Array(bytes));
  assert(header !== undefined, "a stored header decodes");
  return header;
}

const zeroBloom: Hex = `0x${"0".repeat(512)}`;
/** Version of the receipts' encoding, stored with them. */
const receiptsVersion = 1;

/** Receipts of a block as stored: JSON, integers as decimal text, an empty bloom left out. */
export function encodeReceipts(receipts: readonly Receipt[]): Buffer {
  const json = JSON.stringify({ version: receiptsVersion, receipts }, (key, value) => {
    if (key === "logsBloom" && value === zeroBloom) return undefined;
    return typeof value === "bigint" ? value.toString() : value;
  });
  return Buffer.from(json);
}

/** Inverse of `encodeReceipts`. */
export function decodeReceipts(bytes: Uint8Array): Receipt[] {
  const { version, receipts } = JSON.parse(Buffer.from(bytes).toString()) as {
    version: number;
    receipts: (Omit<Receipt, "gasUsed" | "cumulativeGasUsed" | "effectiveGasPrice"> &
      Record<"gasUsed" | "cumulativeGasUsed" | "effectiveGasPrice", string> & {
        logsBloom?: Hex;
      })[];
  };
  assert(version === receiptsVersion, "stored receipts have a known version", { version });
  return receipts.map((receipt) => ({
    ...receipt,
    logsBloom: receipt.logsBloom ?? zeroBloom,
    gasUsed: BigInt(receipt.gasUsed),
    cumulativeGasUsed: BigInt(receipt.cumulativeGasUsed),
    effectiveGasPrice: BigInt(receipt.effectiveGasPrice),
  }));
}

/** Logs of a block with their places, for the index. */
export function logRows({ block, receipts }: Pick<ExecutedBlock, "block" | "receipts">) {
  let index = 0;
  return receipts.flatMap((receipt, position) =>
    receipt.logs.map((log) => ({
      block_hash: bytea(block.hash),
      height: block.header.number,
      log_index: index++,
      transaction_index: position,
      transaction_hash: bytea(receipt.transactionHash),
      address: bytea(log.address),
      topics: log.topics,
      data: bytea(log.data),
    })),
  );
}
