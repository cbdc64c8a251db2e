/**
 * Number of the transaction that runs. Records live as long as the run; what they say about one transaction (warm,
 * created, original value, transient value) carries the transaction's number and is void in every other.
 */

/** From 1, so that a stamp of 0 never counts. */
export let currentTransaction: u32 = 1;

/** Voids the stamps of the transaction before. */
export function nextTransaction(): void {
  currentTransaction += 1;
}

/** Start of a run. */
export function resetTransactionNumber(): void {
  currentTransaction = 1;
}
