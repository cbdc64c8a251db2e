/** Facts about the node for JSON-RPC. */
import { isLeading } from "../core/build-block.ts";
import type { NodeInfo } from "../json-rpc/ports.ts";
import type { Node } from "./node.ts";

/** What `eth_syncing` and `sequorum_status` show. */
export function nodeInfo(
  operator: string,
  node: Pick<Node, "state" | "position" | "reader">,
): NodeInfo {
  const startingHeight = node.position.headNumber;
  return {
    status: () => {
      const { term } = node.state();
      return {
        operator,
        isLeader: isLeading(node.state()),
        term: term?.term ?? 0n,
        ...(term === undefined ? {} : { leader: term.leader }),
        certifiedHeight: node.position.levels.certified,
      };
    },
    syncing: () => {
      const highestHeight = [...node.state().uncovered.keys()].at(-1);
      return highestHeight === undefined ? undefined : { startingHeight, highestHeight };
    },
    batchOf: async (height) => {
      const batch = await node.reader.batchOf(height);
      if (batch === undefined) return undefined;
      return {
        index: batch.index,
        ...(batch.l1TxHash === undefined ? {} : { l1TxHash: batch.l1TxHash }),
      };
    },
    minimumTipWei: 0n,
  };
}
