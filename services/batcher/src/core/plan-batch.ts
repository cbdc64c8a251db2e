/** Which blocks go into the next batch, and whether it is time. */
import { tryEncodeBatch } from "@sequorum/protocol";
import type { OpenBatch, Parameters } from "./state.ts";
import type { SourceBlock } from "./source-block.ts";
import { plainBytes, toBatchBlock } from "./source-block.ts";

/** Whether a batch of `blocks` is due by number of blocks or by age; size is for `largestFittingCount` to say. */
export function isDue(
  blocks: readonly SourceBlock[],
  open: OpenBatch,
  { parameters, nowMs }: { readonly parameters: Parameters; readonly nowMs: number },
): boolean {
  const first = blocks[0];
  if (first === undefined) return false;
  if (blocks.length >= parameters.blocksMax) return true;
  // Age counts from the oldest block or from the opening of the index, whichever is earlier.
  const sinceMs = Math.min(Number(first.timestamp) * 1_000, open.openedAtMs);
  return nowMs >= sinceMs + parameters.ageMsMax;
}

/**
 * How many of the blocks fit into one batch, at least one. Size grows with the number of blocks, almost always, so
 * bisection finds the largest number or one next to it; what it finds does fit.
 */
export function largestFittingCount(blocks: readonly SourceBlock[], bytesMax: number): number {
  if (blocks.length <= 1 || fits(blocks, bytesMax)) return blocks.length;
  let [fitting, tooMany] = [1, blocks.length];
  while (tooMany - fitting > 1) {
    const middle = (fitting + tooMany) >> 1;
    if (fits(blocks.slice(0, middle), bytesMax)) fitting = middle;
    else tooMany = middle;
  }
  return fitting;
}

/** Rough size of the blocks before compression. */
export function totalPlainBytes(blocks: readonly SourceBlock[]): number {
  return blocks.reduce((total, block) => total + plainBytes(block), 0);
}

function fits(blocks: readonly SourceBlock[], bytesMax: number): boolean {
  const data = tryEncodeBatch(blocks.map(toBatchBlock));
  return data !== undefined && data.length <= bytesMax;
}
