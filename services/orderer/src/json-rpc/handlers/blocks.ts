/** Methods that read blocks. What is not there is null, as geth. */
import { assert, type Hex } from "@sequorum/protocol";
import type { Transaction } from "@sequorum/stf";
import type { BlockId, ChainBlock } from "../../ports.ts";
import type { Context } from "../context.ts";
import { formatBlock, formatQuantity, formatReceipts } from "../format.ts";
import type { Json } from "../json.ts";

/** eth_blockNumber */
export function blockNumber({ reader }: Context): Json {
  return formatQuantity(reader.headNumber());
}

/** eth_getBlockByNumber, eth_getBlockByHash */
export async function getBlock(
  context: Context,
  [id, isFull]: readonly [BlockId, boolean],
): Promise<Json> {
  const stored = await context.reader.block(id);
  if (stored === undefined) return null;
  return formatBlock(stored, isFull ? decodeTransactions(context, stored) : undefined);
}

/** eth_getBlockTransactionCountByNumber, eth_getBlockTransactionCountByHash */
export async function getTransactionCountOfBlock(
  context: Context,
  [id]: readonly [BlockId],
): Promise<Json> {
  const stored = await context.reader.block(id);
  return stored === undefined ? null : formatQuantity(stored.block.transactions.length);
}

/** eth_getBlockReceipts */
export async function getBlockReceipts(context: Context, [id]: readonly [BlockId]): Promise<Json> {
  const stored = await context.reader.block(id);
  if (stored === undefined) return null;
  const receipts = await context.reader.receipts(stored.block.hash);
  assert(receipts !== undefined, "a stored block has receipts", { block: stored.block.hash });
  return formatReceipts(stored.block, receipts);
}

/** eth_getUncleCountByBlockNumber, eth_getUncleCountByBlockHash: there are no uncles. */
export async function getUncleCount(context: Context, [id]: readonly [BlockId]): Promise<Json> {
  return (await context.reader.block(id)) === undefined ? null : "0x0";
}

/** Names a block by hash, canonical or not. */
export function blockByHash(hash: Hex): BlockId {
  return { type: "hash", hash, requireCanonical: false };
}

function decodeTransactions({ reader }: Context, { block }: ChainBlock): readonly Transaction[] {
  return block.transactions.map((raw) => reader.decodeTransaction(raw));
}
