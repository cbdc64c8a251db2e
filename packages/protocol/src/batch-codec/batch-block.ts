/** What a batch carries of one L2 block; everything else is derived (ARCHITECTURE 5). */
import type { Hex } from "../bytes.ts";
import type { L1BlockNumber, Term } from "../ids.ts";

export type BatchBlock = {
  /** Seconds since 1970; never less than the previous block's. */
  readonly timestamp: bigint;
  /** Number of the L1 origin block; never goes back. */
  readonly l1OriginNumber: L1BlockNumber;
  /** Leadership term; never goes back. */
  readonly term: Term;
  readonly coinbase: Hex;
  /**
   * The pool's own transactions in order, as they stand in the block (EIP-2718: legacy RLP or type || RLP).
   * Deposits and forced transactions are not here: they follow from the queue when the origin advances.
   */
  readonly transactions: readonly Uint8Array[];
};
