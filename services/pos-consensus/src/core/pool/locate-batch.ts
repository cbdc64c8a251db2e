/** Where (index, attempt) lies relative to the batch that is being made. */
import type { BatchIndex } from "@sequorum/protocol";
import type { OpenBatch, PoolState } from "./state.ts";

/** The open batch if that is meant, else whether the moment has passed or is yet to come. */
export function locateBatch(
  { batches }: PoolState,
  index: BatchIndex,
  attempt: number,
): OpenBatch | "BATCH_PAST" | "BATCH_AHEAD" {
  const { open, tip, attemptBase } = batches;
  const nextIndex = tip.index + 1n;
  if (index !== nextIndex) return index < nextIndex ? "BATCH_PAST" : "BATCH_AHEAD";
  const current = open === null ? attemptBase : open.attempt;
  if (attempt !== current) return attempt < current ? "BATCH_PAST" : "BATCH_AHEAD";
  return open ?? "BATCH_AHEAD";
}
