/** Fee figures from past blocks: rewards by percentile and a suggested tip. Pure. */
import { assert } from "@sequorum/protocol";
import type { L2Block, Receipt } from "@sequorum/stf";

/** A block with its receipts. */
export type BlockWithReceipts = { readonly block: L2Block; readonly receipts: readonly Receipt[] };

/** Blocks whose tips the suggestion looks at. */
export const tipSampleBlocks = 20;

/** Percentile of the sampled tips that is suggested (geth: gpo.percentile). */
const suggestedTipPercentile = 60;

/** Upper bound of the suggestion, 500 gwei (geth: gpo.maxprice). */
const suggestedTipMaxWei = 500_000_000_000n;

/** Tips at the percentiles of the block's gas, ascending; zeros for an empty block (eth_feeHistory, "reward"). */
export function rewards(
  { block, receipts }: BlockWithReceipts,
  percentiles: readonly number[],
): bigint[] {
  const { baseFeePerGas } = block.header;
  const paid = receipts
    .map(({ effectiveGasPrice, gasUsed }) => ({ tip: effectiveGasPrice - baseFeePerGas, gasUsed }))
    .sort((a, b) => (a.tip < b.tip ? -1 : a.tip > b.tip ? 1 : 0));
  const gasTotal = paid.reduce((sum, { gasUsed }) => sum + gasUsed, 0n);
  return percentiles.map((percentile) => {
    // Percentiles have fractions, gas is an integer: compare in millionths.
    const threshold = BigInt(Math.round(percentile * 1e4)) * gasTotal;
    let gas = 0n;
    const reached = paid.find(({ gasUsed }) => {
      gas += gasUsed;
      return gas * 1_000_000n >= threshold;
    });
    return reached?.tip ?? 0n;
  });
}

/** Share of the gas limit that the block used, 0 to 1. */
export function gasUsedRatio({ header }: L2Block): number {
  assert(header.gasLimit > 0n, "a block has a gas limit", { number: header.number });
  return Number((header.gasUsed * 1_000_000n) / header.gasLimit) / 1_000_000;
}

/** A tip that gets a transaction into the next block: a percentile of recent tips, at least the mempool's minimum. */
export function suggestTip(recent: readonly BlockWithReceipts[], minimumTipWei: bigint): bigint {
  const tips = recent
    .flatMap(({ block, receipts }) =>
      receipts.map(({ effectiveGasPrice }) => effectiveGasPrice - block.header.baseFeePerGas),
    )
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const tip = tips[Math.floor(((tips.length - 1) * suggestedTipPercentile) / 100)] ?? minimumTipWei;
  if (tip < minimumTipWei) return minimumTipWei;
  return tip > suggestedTipMaxWei ? suggestedTipMaxWei : tip;
}
