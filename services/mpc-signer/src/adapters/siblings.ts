/** The operator's own services and L1, behind the ports. */
import { BatcherService } from "@sequorum/proto/batcher";
import { PosConsensusService } from "@sequorum/proto/consensus";
import { createL1Client, readMembers } from "@sequorum/l1";
import { bytesToHex, encodePayload, type NetworkConfig } from "@sequorum/protocol";
import { createGrpcClient, RetryableError, RpcError } from "@sequorum/service";
import type { ReadEndorsedDigest, ReadPeers, SubmitPayload } from "../ports.ts";

/** Time one question to a sibling may take. */
const callTimeoutMs = 2_000;

/** pos-consensus: stores a payload before it answers. */
export function connectPosConsensus(address: string): { submit: SubmitPayload; close(): void } {
  const client = createGrpcClient(PosConsensusService, address);
  return {
    submit: async (payload, signal) => {
      try {
        await client.submitPayload(
          { payload: encodePayload(payload) },
          { signal, timeoutMs: callTimeoutMs },
        );
      } catch (error) {
        if (error instanceof RpcError && error.status === "INVALID_ARGUMENT") throw error;
        throw new RetryableError("the payload is not stored", { cause: error });
      }
    },
    close: () => client.close(),
  };
}

/** The batcher: which digest did this operator endorse? */
export function connectBatcher(address: string): {
  readEndorsedDigest: ReadEndorsedDigest;
  close(): void;
} {
  const client = createGrpcClient(BatcherService, address);
  return {
    async readEndorsedDigest({ index, attempt }, signal) {
      try {
        const { digest } = await client.getEndorsedDigest(
          { index, attempt },
          { signal, timeoutMs: callTimeoutMs },
        );
        return bytesToHex(digest);
      } catch (error) {
        if (error instanceof RpcError && error.status === "NOT_FOUND") return undefined;
        throw error;
      }
    },
    close: () => client.close(),
  };
}

/** L1: the registered addresses of the members, at the confirmation depth. */
export function connectRegistry(rpcUrl: string, network: NetworkConfig): ReadPeers {
  const client = createL1Client({ rpcUrl, chainId: Number(network.l1ChainId) });
  return async () => {
    try {
      const head = await client.getBlockNumber();
      const depth = BigInt(network.parameters.l1ConfirmationDepth);
      const floor = network.genesisL1Block;
      const at = head - depth > floor ? head - depth : floor;
      const members = await readMembers(client, network, at > head ? head : at);
      return members.map(({ address, networkIdentity }) => ({
        address,
        multiaddr: networkIdentity.mpcMultiaddr,
      }));
    } catch (error) {
      throw new RetryableError("L1 did not answer", { cause: error });
    }
  };
}
