// The operator's own batcher and pos-consensus.

import { BatcherService } from "@sequorum/proto/batcher";
import { PosConsensusService } from "@sequorum/proto/consensus";
import { encodePayload } from "@sequorum/protocol";
import { createGrpcClient, RpcError } from "@sequorum/service";
import type { ReportRefusal } from "../ports.ts";
import type { FetchData } from "./build-call.ts";

/** Longest refusal code that a pool transaction carries. */
const codeLengthMax = 64;

/** Connects to both; calls fail while they are away. */
export function connectNeighbours({
  batcherUrl,
  posConsensusUrl,
}: {
  batcherUrl: string;
  posConsensusUrl: string;
}) {
  const batcher = createGrpcClient(BatcherService, batcherUrl);
  const posConsensus = createGrpcClient(PosConsensusService, posConsensusUrl);
  const fetchData: FetchData = async ({ index, digest }) => {
    try {
      return (await batcher.getBatch({ index, digest })).data;
    } catch (error) {
      if (error instanceof RpcError && error.status === "NOT_FOUND") return undefined;
      throw error;
    }
  };
  const reportRefusal: ReportRefusal = async ({ index, attempt, digest, code }) => {
    const refusal = {
      type: "batchRefusal",
      index,
      attempt,
      digest,
      code: code.slice(0, codeLengthMax),
    } as const;
    await posConsensus.submitPayload({ payload: encodePayload(refusal) });
  };
  const close = () => {
    batcher.close();
    posConsensus.close();
  };
  return { fetchData, reportRefusal, close };
}
