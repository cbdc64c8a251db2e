/**
 * A transaction taken apart into the fields that the batch columns carry, and put together again byte for byte.
 * Types: legacy (with or without EIP-155), 1 (EIP-2930), 2 (EIP-1559). Quantities stay byte strings without
 * leading zeros, as in RLP, so that no arithmetic beyond 64 bits is needed to decode a batch.
 */
import { concatBytes } from "../bytes.ts";
import type { RlpItem } from "../rlp.ts";
import { RlpError, rlpDecode, rlpEncode, rlpToUint, rlpUint } from "../rlp.ts";

/** Type 0 with or without a chain id in its v (EIP-155), or an EIP-2718 type. */
export type TransactionKind = "legacy" | "legacyUnprotected" | "accessList" | "dynamicFee";

export type AccessListEntry = {
  readonly address: Uint8Array;
  readonly storageKeys: readonly Uint8Array[];
};

/** The signed fields of one transaction. */
export type TransactionFields = {
  readonly kind: TransactionKind;
  /** 0 for `legacyUnprotected`. */
  readonly chainId: bigint;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  /** Gas price, or the fee cap of a dynamic-fee transaction. */
  readonly feeCap: Uint8Array;
  /** Priority fee of a dynamic-fee transaction, else empty. */
  readonly priorityFee: Uint8Array;
  readonly value: Uint8Array;
  /** 20 bytes, or empty for a contract creation. */
  readonly to: Uint8Array;
  readonly data: Uint8Array;
  readonly accessList: readonly AccessListEntry[];
  readonly yParity: number;
  /** 32 bytes each, big-endian. */
  readonly r: Uint8Array;
  readonly s: Uint8Array;
};

const typeAccessList = 1;
const typeDynamicFee = 2;
const uint64Max = (1n << 64n) - 1n;

/** The fields, or undefined when the bytes are not one canonical transaction of a supported type. */
export function parseTransaction(raw: Uint8Array): TransactionFields | undefined {
  try {
    const type = raw[0] ?? 0;
    if (type >= 0xc0) return parseLegacy(list(rlpDecode(raw), 9));
    if (type === typeAccessList)
      return parseTyped("accessList", list(rlpDecode(raw.subarray(1)), 11));
    if (type === typeDynamicFee)
      return parseTyped("dynamicFee", list(rlpDecode(raw.subarray(1)), 12));
    return undefined;
  } catch (error) {
    if (error instanceof RlpError) return undefined;
    throw error;
  }
}

/** The one encoding of the fields. */
export function formatTransaction(fields: TransactionFields): Uint8Array {
  const nonce = rlpUint(fields.nonce);
  const gas = rlpUint(fields.gasLimit);
  const [r, s] = [withoutLeadingZeros(fields.r), withoutLeadingZeros(fields.s)];
  const call = [fields.to, fields.value, fields.data];
  if (fields.kind === "legacy" || fields.kind === "legacyUnprotected") {
    return rlpEncode([nonce, fields.feeCap, gas, ...call, rlpUint(legacyV(fields)), r, s]);
  }
  const accessList = fields.accessList.map(({ address, storageKeys }) => [address, storageKeys]);
  const signature = [rlpUint(BigInt(fields.yParity)), r, s];
  const isDynamic = fields.kind === "dynamicFee";
  const fees = isDynamic ? [fields.priorityFee, fields.feeCap] : [fields.feeCap];
  const body = rlpEncode([
    rlpUint(fields.chainId),
    nonce,
    ...fees,
    gas,
    ...call,
    accessList,
    ...signature,
  ]);
  return concatBytes(Uint8Array.of(isDynamic ? typeDynamicFee : typeAccessList), body);
}

/** EIP-155: v = 35 + 2 * chainId + yParity; before it: 27 + yParity. */
function legacyV(fields: TransactionFields): bigint {
  const yParity = BigInt(fields.yParity);
  return fields.kind === "legacy" ? 35n + 2n * fields.chainId + yParity : 27n + yParity;
}

function parseLegacy(items: readonly RlpItem[]): TransactionFields | undefined {
  const [nonce, feeCap, gasLimit, to, value, data, vItem, r, s] = items;
  const v = rlpToUint(vItem);
  const kind = v === 27n || v === 28n ? "legacyUnprotected" : "legacy";
  if (kind === "legacy" && v < 35n) return undefined;
  const chainId = kind === "legacy" ? (v - 35n) / 2n : 0n;
  if (chainId > uint64Max) return undefined;
  return {
    kind,
    chainId,
    nonce: rlpToUint(nonce, 64),
    gasLimit: rlpToUint(gasLimit, 64),
    feeCap: quantity(feeCap),
    priorityFee: new Uint8Array(0),
    value: quantity(value),
    to: recipient(to),
    data: text(data),
    accessList: [],
    yParity: Number((v - 27n) % 2n),
    r: scalar(r),
    s: scalar(s),
  };
}

function parseTyped(
  kind: "accessList" | "dynamicFee",
  items: readonly RlpItem[],
): TransactionFields | undefined {
  const isDynamic = kind === "dynamicFee";
  const [chainId, nonce, ...afterNonce] = items;
  const priorityFee = isDynamic ? quantity(afterNonce[0]) : new Uint8Array(0);
  const [feeCap, gasLimit, to, value, data, accessList, yParityItem, r, s] = isDynamic
    ? afterNonce.slice(1)
    : afterNonce;
  const yParity = rlpToUint(yParityItem);
  if (yParity > 1n) return undefined;
  return {
    kind,
    chainId: rlpToUint(chainId, 64),
    nonce: rlpToUint(nonce, 64),
    gasLimit: rlpToUint(gasLimit, 64),
    feeCap: quantity(feeCap),
    priorityFee,
    value: quantity(value),
    to: recipient(to),
    data: text(data),
    accessList: parseAccessList(accessList),
    yParity: Number(yParity),
    r: scalar(r),
    s: scalar(s),
  };
}

function parseAccessList(item: RlpItem | undefined): AccessListEntry[] {
  return list(item).map((entry) => {
    const [address, keys] = list(entry, 2);
    return { address: text(address, 20), storageKeys: list(keys).map((key) => text(key, 32)) };
  });
}

function list(item: RlpItem | undefined, length?: number): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) throw new RlpError("expected a list");
  if (length !== undefined && item.length !== length) throw new RlpError("wrong number of fields");
  return item;
}

function text(item: RlpItem | undefined, length?: number): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new RlpError("expected a byte string");
  if (length !== undefined && item.length !== length) throw new RlpError("wrong length");
  return item;
}

/** An integer of at most 256 bits in its shortest form. */
function quantity(item: RlpItem | undefined): Uint8Array {
  rlpToUint(item);
  return text(item);
}

function recipient(item: RlpItem | undefined): Uint8Array {
  return text(item).length === 0 ? text(item) : text(item, 20);
}

/** A quantity widened to 32 bytes. */
function scalar(item: RlpItem | undefined): Uint8Array {
  const short = quantity(item);
  return concatBytes(new Uint8Array(32 - short.length), short);
}

function withoutLeadingZeros(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start += 1;
  return bytes.subarray(start);
}
