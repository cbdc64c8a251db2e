/** The rules of a block's inputs that need no execution. ARCHITECTURE section 5; the queue is consumed in order. */
import type { BlockFault, BlockInputs, ParentBlock } from "./types.ts";

/** Queue entries that one block consumes at most; the next block goes on. */
export const forcedEntriesPerBlockMax = 512;

/** Values of the rules that a network fixes. */
export type InputRules = {
  /** How far a timestamp may be after its origin's, seconds. */
  readonly originDriftSecondsMax: number;
  /** Size of all raw sequenced transactions of a block together: every block fits into a batch. */
  readonly blockTransactionBytesMax: number;
};

/** The first rule that the inputs break on this parent; undefined when none. */
export function inputFault(
  parent: ParentBlock,
  inputs: BlockInputs,
  rules: InputRules,
): BlockFault | undefined {
  if (inputs.timestamp <= parent.header.timestamp) return "TIMESTAMP_NOT_AFTER_PARENT";
  if (inputs.timestamp < inputs.originTime) return "TIMESTAMP_BEFORE_ORIGIN";
  if (inputs.timestamp > inputs.originTime + BigInt(rules.originDriftSecondsMax)) {
    return "TIMESTAMP_DRIFT";
  }
  if (inputs.originNumber < parent.originNumber) return "ORIGIN_WENT_BACK";
  const isSameOrigin = inputs.originNumber === parent.originNumber && parent.header.number > 0n;
  if (isSameOrigin && inputs.originHash !== parent.header.originHash) return "ORIGIN_WENT_BACK";
  if (inputs.term < parent.header.term) return "TERM_WENT_BACK";
  return queueFault(parent.header.queuePosition, inputs);
}

function queueFault(from: bigint, inputs: BlockInputs): BlockFault | undefined {
  for (const [i, entry] of inputs.forcedEntries.entries()) {
    if (entry.position !== from + BigInt(i)) return "QUEUE_GAP";
    if (entry.l1BlockNumber > inputs.originNumber) return "QUEUE_BEYOND_ORIGIN";
  }
  return undefined;
}
