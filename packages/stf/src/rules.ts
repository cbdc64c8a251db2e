/** The rules' values: those that are fixed, and those that a network fixes. README.md, "Rules beyond Cancun". */

/** Queue entries that one block consumes at most; the next block goes on. */
export const forcedEntriesPerBlockMax = 512;

/** Values that a network fixes. */
export type ExecutionRules = {
  /** How far a timestamp may be after its origin's, seconds. */
  readonly originDriftSecondsMax: number;
  /** Size of all raw sequenced transactions of a block together: every block fits into a batch. */
  readonly blockTransactionBytesMax: number;
  /** Size of one raw transaction. */
  readonly transactionBytesMax: number;
};
