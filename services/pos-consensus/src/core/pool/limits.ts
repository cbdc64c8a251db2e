/** Bounds of the pool's state and of a PoS block; part of the protocol: all members use the same. */

/** L2 blocks that one PoS block certifies. */
export const certifiedPerBlockMax = 64;
/** Hashes of certified blocks that the state keeps, newest last; enough for a batch of the largest size. */
export const certifiedHashesKept = 1_024;
/** Transactions of one PoS block, and their bytes. */
export const transactionsPerBlockMax = 256;
export const transactionBytesPerBlockMax = 512 * 1_024;
/** Signed batches that L1 has not accepted yet; no further batch opens beyond. */
export const unpostedBatchesMax = 64;
/** Signed batches that were given up and could still appear on L1. */
export const voidedBatchesKept = 16;
/** Retired keys and failed ceremonies whose erasure is recorded. */
export const retiredKeysKept = 16;
/** Observations of one member that do not count yet. */
export const pendingObservationsMax = 256;
/** Terms that a silent leader sits out at first; doubles with each repetition up to the maximum. */
export const jailTermsMin = 4n;
export const jailTermsMax = 64n;
/** Attempts to sign an epoch update before its key is given up. */
export const epochSigningAttemptsMax = 24;
/** Round 1 of the first ceremony waits for members that start late: this many round timeouts. */
export const firstRoundPatience = 3;
/** Growth of the time of a signing attempt: one more timeout for each full turn through the pool, up to this factor. */
export const attemptTimeoutFactorMax = 8;
