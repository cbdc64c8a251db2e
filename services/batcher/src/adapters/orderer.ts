/** The operator's own orderer as the source of blocks. */
import { OrdererService } from "@sequorum/proto/orderer";
import type { BlockHeight, Hex } from "@sequorum/protocol";
import { createGrpcClient, RetryableError } from "@sequorum/service";
import type { FetchedBlock } from "../core/input.ts";
import { parseSourceBlock } from "../core/source-block.ts";
import type { FetchBlocks } from "../ports.ts";

const timeoutMs = 5_000;

/** Looks up the certified hashes of a range. */
export type LoadCertified = (
  from: BlockHeight,
  to: BlockHeight,
) => Promise<ReadonlyMap<BlockHeight, Hex>>;

/** A client of the orderer; `fetchBlocks` pairs each block with the hash that the PoS chain certified. */
export function connectOrderer(
  address: string,
  loadCertified: LoadCertified,
): { readonly fetchBlocks: FetchBlocks; close(): void } {
  const client = createGrpcClient(OrdererService, address);
  return {
    close: client.close,
    async fetchBlocks(from, to) {
      const certified = await loadCertified(from, to);
      const { blocks } = await client.getBlocks({ from, to }, { timeoutMs });
      const fetched: FetchedBlock[] = [];
      for (const sealed of blocks) {
        const block = parseSourceBlock({
          rlp: sealed.rlp,
          l1OriginNumber: sealed.l1OriginNumber,
          forcedTransactions: sealed.forcedTransactions,
        });
        if (block === undefined)
          throw new RetryableError(`the orderer's block ${sealed.height} is malformed`);
        const certifiedHash = certified.get(block.height);
        if (certifiedHash === undefined) break;
        fetched.push({ block, certifiedHash });
      }
      return fetched;
    },
  };
}
