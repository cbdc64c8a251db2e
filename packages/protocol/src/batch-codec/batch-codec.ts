/**
 * The encoding of batch data (ARCHITECTURE 6): columns, then DEFLATE. Exactly one byte string stands for a list
 * of blocks; `decodeBatch` refuses every other (docs/adr on the batch codec).
 */
import { assert } from "../assert.ts";
import { equalBytes } from "../bytes.ts";
import type { BatchBlock } from "./batch-block.ts";
import type { ColumnRejection } from "./column-reader.ts";
import { readColumns } from "./column-reader.ts";
import { writeColumns } from "./column-writer.ts";
import { deflate } from "./deflate.ts";
import type { InflateRejection } from "./inflate.ts";
import { inflate } from "./inflate.ts";

/** Largest size of a batch before compression, in bytes: bounds what a decoder can be made to allocate. */
export const batchPlainBytesMax = 1_024 * 1_024;

/** Why batch data is not the encoding of any batch. */
export type BatchDataRejection = InflateRejection | ColumnRejection | "NOT_CANONICAL";

/** The data of a batch that is known to fit `batchPlainBytesMax`; see `tryEncodeBatch`. */
export function encodeBatch(blocks: readonly BatchBlock[]): Uint8Array {
  const data = tryEncodeBatch(blocks);
  assert(data !== undefined, "a batch fits the decoder's bound", { blocks: blocks.length });
  return data;
}

/**
 * The data of a batch, or undefined when it is larger than `batchPlainBytesMax` before compression. The transactions
 * must be canonical, of a supported type and of one chain, as those of valid blocks are.
 */
export function tryEncodeBatch(blocks: readonly BatchBlock[]): Uint8Array | undefined {
  const { segments, signatures } = writeColumns(blocks);
  const plainBytes = segments.reduce((total, { length }) => total + length, signatures.length);
  return plainBytes <= batchPlainBytesMax ? deflate(segments, signatures) : undefined;
}

/** The blocks that `data` encodes, or why it encodes none. Never throws on any input. */
export function decodeBatch(
  data: Uint8Array,
): readonly BatchBlock[] | { readonly rejected: BatchDataRejection } {
  const plain = inflate(data, batchPlainBytesMax);
  if (plain.type === "rejected") return { rejected: plain.code };
  const blocks = readColumns(plain.bytes);
  if ("rejected" in blocks) return blocks;
  return equalBytes(encodeBatch(blocks), data) ? blocks : { rejected: "NOT_CANONICAL" };
}
