/** The capabilities that adapters lend to one another. */
import type { Hex, PoolPayload } from "@sequorum/protocol";
import type { Transaction } from "@sequorum/store";

/** Stores an own payload in the caller's transaction; it goes to the PoS chain after the commit. */
export type RecordPayload = (tx: Transaction, payload: PoolPayload) => Promise<Hex>;
