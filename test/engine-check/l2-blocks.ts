/** Blocks of a pool, read through the JSON-RPC of an operator. */
import { type Hex, hexToBytes } from "@sequorum/protocol";
import { decodeExtraData, type L2Block } from "@sequorum/stf";
import type { CallRpc } from "./json-rpc.ts";

type RpcBlock = { readonly [field: string]: Hex } & { readonly transactions: readonly Hex[] };

/** Number of the newest block. */
export async function headNumber(rpc: CallRpc): Promise<bigint> {
  return BigInt(await rpc<Hex>("eth_blockNumber", []));
}

/** Block `number` with its raw transactions. Throws when there is none. */
export async function readBlock(rpc: CallRpc, number: bigint): Promise<L2Block> {
  const block = await rpc<RpcBlock | null>("eth_getBlockByNumber", [
    `0x${number.toString(16)}`,
    false,
  ]);
  if (block === null) throw new Error(`the pool has no block ${number}`);
  const field = (name: string): Hex => {
    const value = block[name];
    if (typeof value !== "string") throw new Error(`block ${number} has no ${name}`);
    return value;
  };
  const extra = decodeExtraData(field("extraData"));
  if (extra === undefined) throw new Error(`extraData of block ${number} is none of an L2 block`);
  const transactions: Uint8Array[] = [];
  for (const hash of block.transactions)
    transactions.push(hexToBytes(await rpc<Hex>("eth_getRawTransactionByHash", [hash])));
  return {
    header: {
      parentHash: field("parentHash"),
      coinbase: field("miner"),
      stateRoot: field("stateRoot"),
      transactionsRoot: field("transactionsRoot"),
      receiptsRoot: field("receiptsRoot"),
      logsBloom: field("logsBloom"),
      number: BigInt(field("number")),
      gasLimit: BigInt(field("gasLimit")),
      gasUsed: BigInt(field("gasUsed")),
      timestamp: BigInt(field("timestamp")),
      extraData: field("extraData"),
      prevRandao: field("mixHash"),
      baseFeePerGas: BigInt(field("baseFeePerGas")),
      withdrawalsRoot: field("withdrawalsRoot"),
      originHash: field("parentBeaconBlockRoot"),
      ...extra,
    },
    hash: field("hash"),
    transactions,
  };
}
