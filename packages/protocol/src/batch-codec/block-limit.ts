/** How large a block may be so that a batch can carry it. */

/** What a block needs in a batch beside its raw transactions, rounded up generously. */
const batchOverheadBytes = 4 * 1_024;

/** Most bytes of raw transactions in one L2 block: a rule of validity, for a certified block must fit a batch. */
export function blockTransactionBytesMax(batchBytesMax: number): number {
  return batchBytesMax - batchOverheadBytes;
}
