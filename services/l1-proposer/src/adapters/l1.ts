// L1 as the core sees it: everything of one observation is read at one block.

import { epochRegistryAbi, type L1Client, rollupChainAbi, simulateCall } from "@sequorum/l1";
import type { Hex, NetworkConfig } from "@sequorum/protocol";
import { TransactionReceiptNotFoundError } from "viem";
import type { Receipt } from "../core/input.ts";
import { classifyRevert } from "../core/refusals.ts";
import type { CheckCall, ObserveL1 } from "../ports.ts";

/** Room above the estimate, because the state may change before the transaction is mined. */
const gasMarginPercent = 25n;

/** Reads the sender's account and the contracts at the newest block, and the receipts of the given transactions. */
export function observeL1(client: L1Client, network: NetworkConfig, sender: Hex): ObserveL1 {
  const { rollupChain, epochRegistry } = network.contracts;
  return async (hashes) => {
    const observedAtMs = Date.now();
    const { number: blockNumber, baseFeePerGas } = await client.getBlock({ blockTag: "latest" });
    const at = { blockNumber };
    const [nonce, balanceWei, head, activeEpoch, priorityFeeWei, receipts] = await Promise.all([
      client.getTransactionCount({ address: sender, ...at }),
      client.getBalance({ address: sender, ...at }),
      client.readContract({
        address: rollupChain,
        abi: rollupChainAbi,
        functionName: "head",
        ...at,
      }),
      client.readContract({
        address: epochRegistry,
        abi: epochRegistryAbi,
        functionName: "activeEpoch",
        ...at,
      }),
      client.estimateMaxPriorityFeePerGas(),
      Promise.all(hashes.map((hash) => receiptOf(client, hash))),
    ]);
    const view = {
      observedAtMs,
      block: blockNumber,
      nonce,
      balanceWei,
      baseFeeWei: baseFeePerGas ?? 0n,
      priorityFeeWei,
      headIndex: head.index,
      activeEpoch,
    };
    return { view, receipts: receipts.filter((receipt) => receipt !== undefined) };
  };
}

async function receiptOf(client: L1Client, hash: Hex): Promise<Receipt | undefined> {
  try {
    const { blockNumber, status, gasUsed, effectiveGasPrice } = await client.getTransactionReceipt({
      hash,
    });
    const feeWei = gasUsed * effectiveGasPrice;
    return { hash, block: blockNumber, succeeded: status === "success", gasUsed, feeWei };
  } catch (error) {
    if (error instanceof TransactionReceiptNotFoundError) return undefined;
    throw error;
  }
}

/** Simulates a call as the sender; a revert is classified, an L1 that does not answer is "not yet". */
export function checkCall(client: L1Client, sender: Hex): CheckCall {
  return async (submission, { to, data }) => {
    try {
      const simulation = await simulateCall(client, { from: sender, to, data });
      if (simulation.type === "reverted") return classifyRevert(submission, simulation.revert);
      return { type: "acceptable", gas: (simulation.gas * (100n + gasMarginPercent)) / 100n };
    } catch {
      return { type: "notYet", code: "L1_UNAVAILABLE" };
    }
  };
}
