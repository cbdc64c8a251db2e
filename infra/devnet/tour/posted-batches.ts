/** The batches as L1 has them: events, calldata, receipts. */
import { createL1Client, rollupChainAbi } from "@sequorum/l1";
import { decodeBatch, type Hex, hexToBytes, type NetworkConfig } from "@sequorum/protocol";
import { decodeFunctionData, getAddress } from "viem";
import type { ReportedBatch } from "./report.ts";

/** Every batch posted so far, by index, and the last L2 height in them. */
export async function readPostedBatches(
  l1Url: string,
  network: NetworkConfig,
): Promise<{ readonly batches: ReportedBatch[]; readonly postedHead: number }> {
  const client = createL1Client({ rpcUrl: l1Url, chainId: Number(network.l1ChainId) });
  const events = await client.getContractEvents({
    address: getAddress(network.contracts.rollupChain),
    abi: rollupChainAbi,
    eventName: "BatchSubmitted",
    fromBlock: network.genesisL1Block,
  });
  const batches: ReportedBatch[] = [];
  let postedHead = 0;
  for (const { transactionHash } of events) {
    const [transaction, receipt] = await Promise.all([
      client.getTransaction({ hash: transactionHash }),
      client.getTransactionReceipt({ hash: transactionHash }),
    ]);
    const { functionName, args } = decodeFunctionData({
      abi: rollupChainAbi,
      data: transaction.input,
    });
    if (functionName !== "submitBatch") continue;
    const [header, data] = args;
    batches.push({
      index: Number(header.index),
      l1TxHash: transactionHash,
      gasUsed: Number(receipt.gasUsed),
      dataBytes: (data.length - 2) / 2,
      transactions: countTransactions(data),
      blocks: Number(header.lastBlock - header.firstBlock) + 1,
    });
    postedHead = Number(header.lastBlock);
  }
  return { batches, postedHead };
}

function countTransactions(data: Hex): number {
  const decoded = decodeBatch(hexToBytes(data));
  if ("rejected" in decoded) return 0;
  return decoded.reduce((count, block) => count + block.transactions.length, 0);
}
