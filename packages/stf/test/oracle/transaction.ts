/** Raw transactions: decoding, sender recovery, and every check that needs no state. */
import {
  createTxFromRLP,
  isAccessList2930Tx,
  isFeeMarket1559Tx,
  isLegacyTx,
  type TypedTransaction,
} from "@ethereumjs/tx";
import { equalBytes, type Hex } from "@sequorum/protocol";
import type { TransactionFault } from "../../src/types.ts";
import { toHex } from "./bytes.ts";
import type { Common } from "./common.ts";

/** EIP-3860. */
const initcodeBytesMax = 49_152;
/** EIP-2681. */
const nonceLimit = 2n ** 64n - 1n;
const uint256Limit = 2n ** 256n;

/** A decoded transaction with its sender, or why it is none. */
export type Parsed =
  | { readonly type: "parsed"; readonly native: TypedTransaction; readonly from: Hex }
  | { readonly type: "rejected"; readonly code: TransactionFault };

/** What a chain accepts. */
export type ParsingRules = {
  readonly common: Common;
  readonly transactionBytesMax: number;
  readonly isUnprotectedAllowed: boolean;
};

/** Decodes canonical RLP and recovers the sender. */
export function parseTransaction(raw: Uint8Array, rules: ParsingRules): Parsed {
  const first = raw[0];
  if (first === undefined) return rejected("MALFORMED");
  if (raw.length > rules.transactionBytesMax) return rejected("OVERSIZED");
  if (first === 3) return rejected("BLOB_TYPE_REFUSED");
  if (first !== 1 && first !== 2 && first < 0xc0) return rejected("TYPE_UNKNOWN");
  const native = decode(raw, rules.common);
  if (typeof native === "string") return rejected(native);
  if (!native.isSigned()) return rejected("MALFORMED");
  const fault = statelessFault(native, rules);
  if (fault !== undefined) return rejected(fault);
  const from = sender(native);
  return from === undefined ? rejected("BAD_SIGNATURE") : { type: "parsed", native, from };
}

/** Highest price a gas. */
export function feeCap(native: TypedTransaction): bigint {
  return isFeeMarket1559Tx(native)
    ? native.maxFeePerGas
    : (native as { gasPrice: bigint }).gasPrice;
}

/** Highest tip a gas. */
export function tipCap(native: TypedTransaction): bigint {
  return isFeeMarket1559Tx(native) ? native.maxPriorityFeePerGas : feeCap(native);
}

function statelessFault(
  native: TypedTransaction,
  { common, isUnprotectedAllowed }: ParsingRules,
): TransactionFault | undefined {
  const chain = common.chainId();
  if (isLegacyTx(native)) {
    const isUnprotected = native.v === 27n || native.v === 28n;
    if (isUnprotected && !isUnprotectedAllowed) return "UNPROTECTED";
    if (!isUnprotected && native.v !== chain * 2n + 35n && native.v !== chain * 2n + 36n) {
      return "WRONG_CHAIN_ID";
    }
  } else if (isAccessList2930Tx(native) || isFeeMarket1559Tx(native)) {
    if (native.chainId !== chain) return "WRONG_CHAIN_ID";
  } else {
    return "TYPE_UNKNOWN";
  }
  if (native.nonce >= nonceLimit) return "NONCE_MAX";
  if (native.to === undefined && native.data.length > initcodeBytesMax) return "INITCODE_TOO_LARGE";
  if (tipCap(native) > feeCap(native)) return "FEE_CAP_BELOW_TIP";
  if (native.gasLimit * feeCap(native) >= uint256Limit) return "INSUFFICIENT_FUNDS";
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

function rejected(code: TransactionFault): Parsed {
  return { type: "rejected", code };
}
