/** Names of the module's codes: assembly/interface.ts has the numbers, types.ts the names. */
import { assert } from "@sequorum/protocol";
import type { BatchFault, BlockFault, TransactionFault } from "./types.ts";

/** Position is code minus 1. */
const transactionFaults: readonly TransactionFault[] = [
  "MALFORMED",
  "OVERSIZED",
  "BLOB_TYPE_REFUSED",
  "TYPE_UNKNOWN",
  "UNPROTECTED",
  "WRONG_CHAIN_ID",
  "BAD_SIGNATURE",
  "INTRINSIC_GAS_TOO_LOW",
  "INITCODE_TOO_LARGE",
  "FEE_CAP_BELOW_TIP",
  "GAS_LIMIT_ABOVE_BLOCK",
  "GAS_LEFT_TOO_LOW",
  "FEE_TOO_LOW",
  "NONCE_TOO_LOW",
  "NONCE_TOO_HIGH",
  "NONCE_MAX",
  "INSUFFICIENT_FUNDS",
  "SENDER_NOT_EOA",
];
/** The next codes; PARENT_DIFFERS and HASH_DIFFERS are found by the host and have none. */
const inputFaults: readonly Exclude<BlockFault, TransactionFault>[] = [
  "TIMESTAMP_NOT_AFTER_PARENT",
  "TIMESTAMP_BEFORE_ORIGIN",
  "TIMESTAMP_DRIFT",
  "ORIGIN_WENT_BACK",
  "TERM_WENT_BACK",
  "QUEUE_GAP",
  "QUEUE_BEYOND_ORIGIN",
  "BLOCK_TOO_LARGE",
  "FORCED_TRANSACTIONS_DIFFER",
];
/** The last codes. */
const batchFaults: readonly BatchFault[] = [
  "STREAM_TRUNCATED",
  "STREAM_MALFORMED",
  "STREAM_TOO_LONG",
  "STREAM_TRAILING_BYTES",
  "COLUMNS_TRUNCATED",
  "COLUMNS_TRAILING_BYTES",
  "COLUMNS_VERSION_UNKNOWN",
  "COLUMNS_WITHOUT_BLOCKS",
  "COLUMN_VALUE_OUT_OF_RANGE",
  "NOT_CANONICAL",
  "BLOCK_NOT_IN_BATCH",
];

/** All names; position is code minus 1. */
export const faultNames: readonly (BlockFault | BatchFault)[] = [
  ...transactionFaults,
  ...inputFaults,
  ...batchFaults,
];

/** Why a message failed, in words; position is code minus 1. */
export const haltNames: readonly string[] = [
  "execution reverted",
  "out of gas",
  "stack underflow",
  "stack overflow",
  "invalid jump",
  "invalid opcode",
  "state change in a static call",
  "return data out of bounds",
  "code too large",
  "code starts with 0xef",
  "address collision",
  "precompile failed",
  "call depth exceeded",
  "insufficient balance for transfer",
  "nonce at its maximum",
  "initcode too large",
];

/** The fault of a transaction. */
export function transactionFault(code: number): TransactionFault {
  return nameOf(transactionFaults, code);
}

/** The fault of a block or of one of its transactions. */
export function blockFault(code: number): BlockFault {
  return nameOf([...transactionFaults, ...inputFaults], code);
}

/** The fault of batch data. */
export function batchFault(code: number): BatchFault {
  return nameOf(batchFaults, code - transactionFaults.length - inputFaults.length);
}

/** Why a message failed. */
export function haltReason(code: number): string {
  return nameOf(haltNames, code);
}

function nameOf<Name>(names: readonly Name[], code: number): Name {
  const name = names[code - 1];
  assert(name !== undefined, "a code of the module has a name here", { code });
  return name;
}
