// L1 as the core sees it: everything of one observation is read at one block.

import { epochRegistryAbi, type L1Client, rollupChainAbi, simulateCall } from "@sequorum/l1";
import type { Hex, NetworkConfig } from "@sequorum/protocol";
import { TransactionReceiptNotFoundError } from "viem";
import type { Receipt } from "../core/input.ts";
import { classifyRevert } from "../core/refusals.ts";
import type { CheckCall, ObserveL1 } from "../ports.ts";

/** Room above the estimate, because the state may change before the transaction is mined. */
const gasMarginPercent = 25n;

/** How often an observation is begun anew because the head moved meanwhile; the last one is taken as it is. */
const readingsMax = 3;

/**
 * Reads the sender's account and the contracts at the newest block, and the receipts of the given transactions. When
 * the head has moved by the end it is read again: a reorg may have put another block in the place of that number, and
 * some nodes answer for their newest block while the next one already changes what they read (anvil).
 */
export function observeL1(client: L1Client, network: NetworkConfig, sender: Hex): ObserveL1 {
  const read = reader(client, network, sender);
  return async (hashes) => {
    let head = await newestBlock(client);
    for (let readings = 1; ; readings += 1) {
      const observation = await read(head, hashes);
      if (readings === readingsMax) return observation;
      const newest = await newestBlock(client);
      if (newest.hash === head.hash) return observation;
      head = newest;
    }
  };
}

type NewestBlock = Awaited<ReturnType<typeof newestBlock>>;

async function newestBlock(client: L1Client) {
  return client.getBlock({ blockTag: "latest" });
}

function reader(client: L1Client, network: NetworkConfig, sender: Hex) {
  const { rollupChain, epochRegistry } = network.contracts;
  return async (
    { number: blockNumber, baseFeePerGas }: NewestBlock,
    hashes: readonly Hex[],
  ): ReturnType<ObserveL1> => {
    const observedAtMs = Date.now();
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
