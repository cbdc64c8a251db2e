/** Methods about the node: web3_*, net_*, eth_syncing, sequorum_*. */
import { type Hex, keccak256 } from "@sequorum/protocol";
import type { Context } from "../context.ts";
import { formatQuantity } from "../format.ts";
import type { Json } from "../json.ts";

/** Name and version, in the form that tools parse. */
export const clientVersion = "Sequorum/v0.1.0/javascript";

/** web3_sha3 */
export function sha3(_context: Context, [data]: readonly [Hex]): Json {
  return keccak256(data);
}

/** net_version: the chain id in decimal. */
export function netVersion({ reader }: Context): Json {
  return reader.chainId.toString();
}

/** eth_chainId */
export function chainId({ reader }: Context): Json {
  return formatQuantity(reader.chainId);
}

/** eth_syncing: false, or how far the node is. */
export function syncing({ reader, node }: Context): Json {
  const progress = node.syncing();
  if (progress === undefined) return false;
  return {
    startingBlock: formatQuantity(progress.startingHeight),
    currentBlock: formatQuantity(reader.headNumber()),
    highestBlock: formatQuantity(progress.highestHeight),
  };
}

/** sequorum_getConfirmation: how firm a transaction is (ARCHITECTURE, section 5). */
export async function getConfirmation(context: Context, [hash]: readonly [Hex]): Promise<Json> {
  const { reader, pool, node } = context;
  const located = await reader.transaction(hash);
  if (located === undefined) {
    const level = pool.get(hash) === undefined ? "unknown" : "pending";
    return { level, block: null, batch: null, l1TxHash: null };
  }
  const { block, level } = located.block;
  const batch = await node.batchOf(block.header.number);
  return {
    level,
    block: { number: formatQuantity(block.header.number), hash: block.hash },
    batch: batch === undefined ? null : formatQuantity(batch.index),
    l1TxHash: batch?.l1TxHash ?? null,
  };
}

/** sequorum_status: heights by confirmation level, leadership, mempool. */
export async function status({ reader, pool, node }: Context): Promise<Json> {
  const { operator, isLeader, term, leader, certifiedHeight } = node.status();
  const safe = await reader.block({ type: "tag", tag: "safe" });
  const finalized = await reader.block({ type: "tag", tag: "finalized" });
  const counts = pool.counts();
  return {
    operator,
    role: isLeader ? "leader" : "follower",
    term: formatQuantity(term),
    leader: leader ?? null,
    isSyncing: node.syncing() !== undefined,
    heights: {
      soft: formatQuantity(reader.headNumber()),
      quorum: formatQuantity(certifiedHeight),
      posted: formatQuantity(safe?.block.header.number ?? 0n),
      final: formatQuantity(finalized?.block.header.number ?? 0n),
    },
    mempool: { pending: formatQuantity(counts.pending), queued: formatQuantity(counts.queued) },
  };
}
