/** Raw transactions: decoding, sender recovery, and every check that needs no state. */
import {
  createTxFromRLP,
  isAccessList2930Tx,
  isFeeMarket1559Tx,
  isLegacyTx,
  type TypedTransaction,
} from "@ethereumjs/tx";
import type { Common } from "@ethereumjs/common";
import { equalBytes, type Hex } from "@sequorum/protocol";
import { toHex } from "./bytes.ts";
import type { AccountSummary, Transaction, TransactionFault } from "./types.ts";

/** EIP-3860. */
const initcodeBytesMax = 49_152;
/** EIP-2681. */
const nonceLimit = 2n ** 64n - 1n;
const uint256Limit = 2n ** 256n;

/** A transaction in ethereumjs' form beside ours. */
export type ParsedTransaction =
  | {
      readonly type: "parsed";
      readonly native: TypedTransaction;
      readonly transaction: Transaction;
    }
  | { readonly type: "rejected"; readonly code: TransactionFault };

/** Decodes canonical RLP and recovers the sender. `bytesMax` bounds the size of `raw`. */
export function parseTransaction(
  raw: Uint8Array,
  common: Common,
  bytesMax: number,
): ParsedTransaction {
  const first = raw[0];
  if (first === undefined) return rejected("MALFORMED");
  if (raw.length > bytesMax) return rejected("OVERSIZED");
  if (first === 3) return rejected("BLOB_TYPE_REFUSED");
  if (first !== 1 && first !== 2 && first < 0xc0) return rejected("TYPE_UNKNOWN");
  const native = decode(raw, common);
  if (typeof native === "string") return rejected(native);
  if (!native.isSigned()) return rejected("MALFORMED");
  const fault = statelessFault(native, common);
  if (fault !== undefined) return rejected(fault);
  const from = sender(native);
  if (from === undefined) return rejected("BAD_SIGNATURE");
  return { type: "parsed", native, transaction: describe(raw, native, from) };
}

/** Why the transaction cannot be the next one of its sender, by the sender's account. */
export function stateFault(
  transaction: Transaction,
  account: AccountSummary,
): TransactionFault | undefined {
  if (transaction.nonce < account.nonce) return "NONCE_TOO_LOW";
  if (transaction.nonce > account.nonce) return "NONCE_TOO_HIGH";
  return account.balanceWei < maxCostWei(transaction) ? "INSUFFICIENT_FUNDS" : undefined;
}

/** The most that a transaction can take from its sender. */
export function maxCostWei(transaction: Transaction): bigint {
  return transaction.valueWei + transaction.gasLimit * transaction.maxFeePerGas;
}

function statelessFault(native: TypedTransaction, common: Common): TransactionFault | undefined {
  const chain = common.chainId();
  if (isLegacyTx(native)) {
    if (native.v === 27n || native.v === 28n) return "UNPROTECTED";
    if (native.v !== chain * 2n + 35n && native.v !== chain * 2n + 36n) return "WRONG_CHAIN_ID";
  } else if (isAccessList2930Tx(native) || isFeeMarket1559Tx(native)) {
    if (native.chainId !== chain) return "WRONG_CHAIN_ID";
  } else {
    return "TYPE_UNKNOWN";
  }
  if (native.nonce >= nonceLimit) return "NONCE_MAX";
  if (native.to === undefined && native.data.length > initcodeBytesMax) return "INITCODE_TOO_LARGE";
  const feeCap = isFeeMarket1559Tx(native) ? native.maxFeePerGas : native.gasPrice;
  if (isFeeMarket1559Tx(native) && native.maxPriorityFeePerGas > feeCap) return "FEE_CAP_BELOW_TIP";
  if (native.gasLimit * feeCap + native.value >= uint256Limit) return "INSUFFICIENT_FUNDS";
  return native.gasLimit < native.getIntrinsicGas() ? "INTRINSIC_GAS_TOO_LOW" : undefined;
}

function decode(raw: Uint8Array, common: Common): TypedTransaction | TransactionFault {
  try {
    const native = createTxFromRLP(raw, { common });
    return equalBytes(native.serialize(), raw) ? native : "MALFORMED";
  } catch (error) {
    // ethereumjs checks some values while it decodes and tells them apart by message only
    const message = error instanceof Error ? error.message : "";
    return decodeFaults.find(([pattern]) => pattern.test(message))?.[1] ?? "MALFORMED";
  }
}

const decodeFaults: readonly (readonly [RegExp, TransactionFault])[] = [
  [/chain ?id/i, "WRONG_CHAIN_ID"],
  [/maxFeePerGas cannot be less/, "FEE_CAP_BELOW_TIP"],
  [/initcode/i, "INITCODE_TOO_LARGE"],
  [/nonce/i, "NONCE_MAX"],
];

function sender(native: TypedTransaction): Hex | undefined {
  try {
    return toHex(native.getSenderAddress().bytes);
  } catch {
    return undefined; // no key recovers, or s is in the upper half
  }
}

function describe(raw: Uint8Array, native: TypedTransaction, from: Hex): Transaction {
  const isDynamic = isFeeMarket1559Tx(native);
  const gasPrice = isDynamic ? null : (native as { gasPrice: bigint }).gasPrice;
  const accessList = "accessList" in native ? native.accessList : [];
  return {
    raw,
    hash: toHex(native.hash()),
    type: isDynamic ? 2 : isAccessList2930Tx(native) ? 1 : 0,
    chainId: native.common.chainId(),
    from,
    nonce: native.nonce,
    gasLimit: native.gasLimit,
    gasPrice,
    maxFeePerGas: isDynamic ? native.maxFeePerGas : (gasPrice ?? 0n),
    maxPriorityFeePerGas: isDynamic ? native.maxPriorityFeePerGas : (gasPrice ?? 0n),
    to: native.to === undefined ? null : toHex(native.to.bytes),
    valueWei: native.value,
    data: native.data,
    accessList: accessList.map(([address, keys]) => ({
      address: toHex(address),
      storageKeys: keys.map(toHex),
    })),
    v: native.v ?? 0n,
    r: native.r ?? 0n,
    s: native.s ?? 0n,
  };
}

function rejected(code: TransactionFault): ParsedTransaction {
  return { type: "rejected", code };
}
