/** Methods that read state at a block. */
import { bytesToHex, type Hex } from "@sequorum/protocol";
import type { BlockId } from "../../ports.ts";
import type { Context } from "../context.ts";
import { blockNotFound } from "../errors.ts";
import { formatProof, formatQuantity } from "../format.ts";
import type { Json } from "../json.ts";

/** eth_getBalance */
export async function getBalance(
  { reader }: Context,
  [account, id]: readonly [Hex, BlockId],
): Promise<Json> {
  const summary = await reader.account(account, id);
  if (summary === undefined) throw blockNotFound();
  return formatQuantity(summary.balanceWei);
}

/** eth_getCode */
export async function getCode(
  { reader }: Context,
  [account, id]: readonly [Hex, BlockId],
): Promise<Json> {
  const code = await reader.code(account, id);
  if (code === undefined) throw blockNotFound();
  return bytesToHex(code);
}

/** eth_getStorageAt: always 32 bytes. */
export async function getStorageAt(
  { reader }: Context,
  [account, slot, id]: readonly [Hex, Hex, BlockId],
): Promise<Json> {
  const value = await reader.storage(account, slot, id);
  if (value === undefined) throw blockNotFound();
  return value;
}

/** eth_getProof (EIP-1186) */
export async function getProof(
  { reader }: Context,
  [account, slots, id]: readonly [Hex, readonly Hex[], BlockId],
): Promise<Json> {
  const proof = await reader.proof(account, slots, id);
  if (proof === undefined) throw blockNotFound();
  return formatProof(proof);
}
