/**
 * Gas (Yellow Paper, appendix G, as amended up to Cancun). What an instruction always costs is in opcode-table.ts; here
 * is what depends on its operands. Gas is i64: a negative amount left means out of gas.
 */

/** Beyond the price of a warm access (EIP-2929). */
export const gasColdAccount: i64 = 2_500;
export const gasColdSlot: i64 = 2_000;
/** SELFDESTRUCT of a cold beneficiary (EIP-2929): its own price contains no access. */
export const gasSelfDestructColdAccount: i64 = 2_600;

/** A call that carries value, and what the callee gets of it. */
export const gasCallValue: i64 = 9_000;
export const gasCallStipend: i64 = 2_300;
/** A call or SELFDESTRUCT that gives value to an account that is empty (EIP-161). */
export const gasNewAccount: i64 = 25_000;

/** Each word that is copied. */
export const gasCopyWord: i64 = 3;
/** Each word that is hashed. */
export const gasHashWord: i64 = 6;
/** Each word of init code (EIP-3860). */
export const gasInitcodeWord: i64 = 2;
/** Each byte of a log's data. */
export const gasLogByte: i64 = 8;
/** Each byte of an exponent (EIP-160). */
export const gasExponentByte: i64 = 50;
/** Each byte of a new code. */
export const gasCodeByte: i64 = 200;

/** SSTORE needs more than this left (EIP-2200). */
export const gasStoreSentry: i64 = 2_300;
export const gasStoreCold: i64 = 2_100;
export const gasStoreWarm: i64 = 100;
/** First change of a slot in the transaction (EIP-2200, EIP-2929): from zero, from another value. */
export const gasStoreSet: i64 = 20_000;
export const gasStoreReset: i64 = 2_900;
/** Refund for a slot that ends as zero (EIP-3529). */
export const refundStoreClears: i64 = 4_800;

/** What an instruction answers when the gas does not suffice. */
export const outOfGas: i64 = -1;

/** Gas for memory of `words` words, fewer than 2^31 (Yellow Paper, equation for C_mem). */
export function memoryGas(words: u64): i64 {
  return <i64>(3 * words + ((words * words) >> 9));
}

/** Words that `length` bytes fill. */
export function wordCount(length: usize): i64 {
  return <i64>((<u64>length + 31) >> 5);
}
