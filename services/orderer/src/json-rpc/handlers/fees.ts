/** Methods about fees. */
import { assert } from "@sequorum/protocol";
import type { BlockId } from "../../ports.ts";
import type { Context } from "../context.ts";
import { blockNotFound } from "../errors.ts";
import {
  type BlockWithReceipts,
  gasUsedRatio,
  rewards,
  suggestTip,
  tipSampleBlocks,
} from "../fee-figures.ts";
import { formatQuantity } from "../format.ts";
import type { Json } from "../json.ts";

/** eth_gasPrice: next base fee and a tip, for wallets that sign legacy transactions. */
export async function gasPrice(context: Context): Promise<Json> {
  const recent = await recentBlocks(context);
  const newest = recent.at(-1);
  assert(newest !== undefined, "the chain has a head");
  const baseFeePerGas = context.reader.nextBaseFeePerGas(newest.block);
  return formatQuantity(baseFeePerGas + suggestTip(recent, context.node.minimumTipWei));
}

/** eth_maxPriorityFeePerGas */
export async function maxPriorityFeePerGas(context: Context): Promise<Json> {
  return formatQuantity(suggestTip(await recentBlocks(context), context.node.minimumTipWei));
}

/** eth_feeHistory: fewer blocks than asked for are answered with fewer, as the specification has it. */
export async function feeHistory(
  context: Context,
  [count, newestId, percentiles]: readonly [bigint, BlockId, readonly number[] | undefined],
): Promise<Json> {
  const { reader, limits } = context;
  const newest = await reader.block(newestId);
  if (newest === undefined) throw blockNotFound();
  const { number } = newest.block.header;
  const wanted = minimum(count, minimum(number + 1n, BigInt(limits.feeHistoryBlocksMax)));
  if (wanted === 0n) return { oldestBlock: "0x0", gasUsedRatio: [] };
  const blocks = await readBlocks(context, { from: number - wanted + 1n, to: number });
  const baseFees = blocks.map(({ block }) => block.header.baseFeePerGas);
  return {
    oldestBlock: formatQuantity(number - wanted + 1n),
    baseFeePerGas: [...baseFees, reader.nextBaseFeePerGas(newest.block)].map(formatQuantity),
    gasUsedRatio: blocks.map(({ block }) => gasUsedRatio(block)),
    baseFeePerBlobGas: [...baseFees.map(() => minimumBlobBaseFee), minimumBlobBaseFee],
    blobGasUsedRatio: baseFees.map(() => 0),
    ...(percentiles === undefined
      ? {}
      : { reward: blocks.map((block) => rewards(block, percentiles).map(formatQuantity)) }),
  };
}

/** MIN_BASE_FEE_PER_BLOB_GAS of EIP-4844: excess blob gas is always zero here. */
export const minimumBlobBaseFee = "0x1";

function recentBlocks(context: Context): Promise<readonly BlockWithReceipts[]> {
  const to = context.reader.headNumber();
  const sample = BigInt(tipSampleBlocks) - 1n;
  return readBlocks(context, { from: to > sample ? to - sample : 0n, to });
}

/** A reorganisation while reading may mix branches: harmless for a suggestion. */
async function readBlocks(
  { reader }: Context,
  { from, to }: { readonly from: bigint; readonly to: bigint },
): Promise<readonly BlockWithReceipts[]> {
  const blocks: BlockWithReceipts[] = [];
  for (let number = from; number <= to; number++) {
    const stored = await reader.block({ type: "number", number });
    const receipts = stored === undefined ? undefined : await reader.receipts(stored.block.hash);
    if (stored === undefined || receipts === undefined) throw blockNotFound();
    blocks.push({ block: stored.block, receipts });
  }
  return blocks;
}

function minimum(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
