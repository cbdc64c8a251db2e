/** Why a transaction cannot be included, in the one order in which faults are looked for. */
import {
  faultBadSignature,
  faultFeeCapBelowTip,
  faultFeeTooLow,
  faultGasLeftTooLow,
  faultGasLimitAboveBlock,
  faultInitcodeTooLarge,
  faultInsufficientFunds,
  faultIntrinsicGasTooLow,
  faultNonceMax,
  faultNonceTooHigh,
  faultNonceTooLow,
  faultNone,
  faultOversized,
  faultSenderNotEoa,
  faultUnprotected,
  faultWrongChainId,
} from "../interface.ts";
import { block } from "../evm/environment.ts";
import { multiplyOverflows } from "../math/word-product.ts";
import { addWords, fitsUint64, lessThan, setWord } from "../math/word.ts";
import { accountAt, hasCode } from "../state/account.ts";
import { decodeTransaction } from "./decode.ts";
import { initcodeBytesMax, intrinsicGas } from "./gas.ts";
import { legacyChainId, legacyVOffset, recoverSender } from "./sender.ts";
import { Transaction } from "./transaction.ts";

/** What a network accepts. */
@unmanaged
export class TransactionRules {
  chainId: u64;
  /** Longest raw transaction. */
  bytesMax: usize;
  /** Whether legacy transactions that are valid on every chain are accepted. */
  isUnprotectedAllowed: bool;
}

const amount: usize = memory.data(32);

/** Decodes, checks all that needs no state, and recovers the sender. */
export function parseTransaction(
  raw: usize,
  length: usize,
  rules: TransactionRules,
  transaction: Transaction,
): i32 {
  if (length > rules.bytesMax) return faultOversized;
  let fault = decodeTransaction(raw, length, transaction);
  if (fault === faultNone) fault = valueFault(transaction, rules);
  if (fault !== faultNone) return fault;
  return recoverSender(transaction) ? faultNone : faultBadSignature;
}

/** Why the transaction cannot come next in the block, of which `gasLeft` is unused. */
export function stateFault(transaction: Transaction, gasLeft: u64): i32 {
  if (transaction.gasLimit > block.gasLimit) return faultGasLimitAboveBlock;
  if (transaction.gasLimit > gasLeft) return faultGasLeftTooLow;
  if (lessThan(transaction.feeCap, block.baseFee)) return faultFeeTooLow;
  const sender = accountAt(transaction.sender);
  if (hasCode(sender)) return faultSenderNotEoa; // EIP-3607
  if (transaction.nonce < sender.nonce) return faultNonceTooLow;
  if (transaction.nonce > sender.nonce) return faultNonceTooHigh;
  const overflows = addWords(amount, transaction.gasCost, transaction.value);
  return overflows || lessThan(sender.balance, amount) ? faultInsufficientFunds : faultNone;
}

function valueFault(transaction: Transaction, rules: TransactionRules): i32 {
  const isCreation = transaction.to === 0;
  if (transaction.isNonceMax) return faultNonceMax;
  if (isCreation && transaction.dataLength > initcodeBytesMax) return faultInitcodeTooLarge;
  const fault = chainFault(transaction, rules);
  if (fault !== faultNone) return fault;
  if (lessThan(transaction.feeCap, transaction.tip)) return faultFeeCapBelowTip;
  setWord(amount, transaction.gasLimit);
  if (multiplyOverflows(transaction.gasCost, transaction.feeCap, amount)) {
    return faultInsufficientFunds;
  }
  transaction.intrinsicGas = intrinsicGas(
    isCreation,
    transaction.data,
    transaction.dataLength,
    transaction.accessListAddresses,
    transaction.accessListSlots,
  );
  return transaction.gasLimit < transaction.intrinsicGas ? faultIntrinsicGasTooLow : faultNone;
}

function chainFault(transaction: Transaction, rules: TransactionRules): i32 {
  if (transaction.type !== 0) {
    const chainId = transaction.chainId;
    const isOurs = fitsUint64(chainId) && load<u64>(chainId) === rules.chainId;
    return isOurs ? faultNone : faultWrongChainId;
  }
  if (!transaction.isProtected) return rules.isUnprotectedAllowed ? faultNone : faultUnprotected;
  const hasChainId = fitsUint64(transaction.v) && load<u64>(transaction.v) >= legacyVOffset;
  const isOurs = hasChainId && legacyChainId(transaction) === rules.chainId;
  return isOurs ? faultNone : faultWrongChainId;
}
