/** The rules of execution that a network sets: the same for everybody who executes its blocks. */
import { blockTransactionBytesMax, type NetworkConfig } from "@sequorum/protocol";
import type { ExecutionRules } from "@sequorum/stf";

/** What an executor of the network's L2 is made with. */
export function networkRules({
  l2ChainId,
  parameters,
}: Pick<NetworkConfig, "l2ChainId" | "parameters">): {
  readonly chainId: bigint;
  readonly rules: ExecutionRules;
} {
  const bytesMax = blockTransactionBytesMax(parameters.batchBytesMax);
  const rules = {
    originDriftSecondsMax: parameters.l1OriginDriftSecondsMax,
    blockTransactionBytesMax: bytesMax,
    transactionBytesMax: Math.min(parameters.maxTransactionBytes, bytesMax),
  };
  return { chainId: l2ChainId, rules };
}
