/** Methods that read and send transactions. */
import { assert, bytesToHex, type Hex, hexToBytes } from "@sequorum/protocol";
import type { BlockId } from "../../ports.ts";
import type { Context } from "../context.ts";
import { blockNotFound, poolFailure } from "../errors.ts";
import { formatQuantity, formatReceipts, formatTransaction } from "../format.ts";
import type { Json } from "../json.ts";

/** eth_sendRawTransaction: acknowledged once the transaction is durable (T8). */
export async function sendRawTransaction({ pool }: Context, [raw]: readonly [Hex]): Promise<Json> {
  const result = await pool.add(hexToBytes(raw));
  if (result.type === "rejected") throw poolFailure(result.code, result.detail);
  return result.hash;
}

/** eth_getTransactionByHash: in the chain, else in the mempool, else null. */
export async function getTransactionByHash(
  { reader, pool }: Context,
  [hash]: readonly [Hex],
): Promise<Json> {
  const located = await reader.transaction(hash);
  if (located !== undefined) {
    return formatTransaction(located.transaction, {
      block: located.block.block,
      index: located.index,
    });
  }
  const waiting = pool.get(hash);
  return waiting === undefined ? null : formatTransaction(waiting.transaction);
}

/** eth_getTransactionByBlockNumberAndIndex, eth_getTransactionByBlockHashAndIndex */
export async function getTransactionByPlace(
  { reader }: Context,
  [id, index]: readonly [BlockId, bigint],
): Promise<Json> {
  const stored = await reader.block(id);
  const raw = stored?.block.transactions[Number(index)];
  if (stored === undefined || raw === undefined) return null;
  return formatTransaction(reader.decodeTransaction(raw), {
    block: stored.block,
    index: Number(index),
  });
}

/** eth_getRawTransactionByHash (geth): the signed bytes, or null. */
export async function getRawTransaction(
  { reader, pool }: Context,
  [hash]: readonly [Hex],
): Promise<Json> {
  const located = await reader.transaction(hash);
  const raw = located?.transaction.raw ?? pool.get(hash)?.transaction.raw;
  return raw === undefined ? null : bytesToHex(raw);
}

/** eth_getTransactionReceipt: null until the transaction is in the canonical chain. */
export async function getTransactionReceipt(
  { reader }: Context,
  [hash]: readonly [Hex],
): Promise<Json> {
  const located = await reader.transaction(hash);
  if (located === undefined) return null;
  const { block } = located.block;
  // The whole block, because the index of a log counts the logs of the transactions before.
  const receipts = await reader.receipts(block.hash);
  assert(receipts !== undefined, "a stored block has receipts", { block: block.hash });
  return formatReceipts(block, receipts)[located.index] ?? null;
}

/** eth_getTransactionCount: the account's nonce; with `pending`, after its executable waiting transactions. */
export async function getTransactionCount(
  { reader, pool }: Context,
  [sender, id]: readonly [Hex, BlockId],
): Promise<Json> {
  if (id.type === "tag" && id.tag === "pending")
    return formatQuantity(await pool.pendingNonce(sender));
  const account = await reader.account(sender, id);
  if (account === undefined) throw blockNotFound();
  return formatQuantity(account.nonce);
}
