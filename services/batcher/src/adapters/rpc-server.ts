/** BatcherService: answers the operator's own services. */
import { BatcherService } from "@sequorum/proto/batcher";
import type { BatchIndex, Hex } from "@sequorum/protocol";
import { bytesToHex, encodeBatchHeader, hexToBytes } from "@sequorum/protocol";
import { type GrpcHandler, grpcHandler, RpcError } from "@sequorum/service";
import type { State } from "../core/state.ts";
import type { StoredBatch } from "../ports.ts";

/** Where the answers come from. */
export type BatcherQueries = {
  readonly state: () => State;
  readonly totals: () => { readonly endorsed: bigint; readonly refused: bigint };
  readonly findBatch: (
    index: BatchIndex,
    digest: Hex | undefined,
  ) => Promise<StoredBatch | undefined>;
  readonly findEndorsedDigest: (index: BatchIndex, attempt: number) => Promise<Hex | undefined>;
};

const digestBytes = 32;

/** The service's handlers. */
export function batcherRpc(queries: BatcherQueries): GrpcHandler {
  return grpcHandler(BatcherService, {
    async getStatus() {
      const { open, certifiedHeight } = queries.state();
      const { endorsed, refused } = queries.totals();
      return {
        openIndex: open?.index ?? 0n,
        attempt: open?.attempt ?? 0,
        firstBlock: open?.firstBlock ?? 0n,
        certifiedHeight,
        endorsedTotal: endorsed,
        refusedTotal: refused,
      };
    },
    async getBatch({ index, digest }) {
      if (index === 0n) throw new RpcError("INVALID_ARGUMENT", "INDEX_ZERO");
      if (digest.length !== 0 && digest.length !== digestBytes)
        throw new RpcError("INVALID_ARGUMENT", "DIGEST_LENGTH");
      const batch = await queries.findBatch(
        index,
        digest.length === 0 ? undefined : bytesToHex(digest),
      );
      if (batch === undefined) throw new RpcError("NOT_FOUND", "BATCH_NOT_COMPUTED");
      const header = {
        abi: encodeBatchHeader(batch.header),
        index,
        digest: hexToBytes(batch.digest),
      };
      return { header, data: batch.data };
    },
    async getEndorsedDigest({ index, attempt }) {
      const digest = await queries.findEndorsedDigest(index, attempt);
      if (digest === undefined) throw new RpcError("NOT_FOUND", "NOT_ENDORSED");
      return { digest: hexToBytes(digest) };
    },
  });
}
