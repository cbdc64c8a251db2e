/** Builds raw transactions field by field, also such as no library would build. */
import { keccak_256 } from "@noble/hashes/sha3.js";
import { concatBytes } from "@sequorum/protocol";
import secp256k1 from "secp256k1";
import { encode, type Item } from "./block-host.ts";

/** Fields of a transaction. */
export type Fields = {
  readonly type: 0 | 1 | 2;
  /** 0: a legacy transaction from before EIP-155. */
  readonly chainId: bigint;
  readonly nonce: bigint;
  /** maxPriorityFeePerGas of type 2; others have the fee cap as gas price. */
  readonly tip: bigint;
  readonly feeCap: bigint;
  readonly gasLimit: bigint;
  /** 20 bytes, or none for a creation. */
  readonly to: Uint8Array;
  readonly value: bigint;
  readonly data: Uint8Array;
  readonly accessList: readonly (readonly [Uint8Array, readonly Uint8Array[]])[];
};

/** The fields in the order of the encoding, without the signature. */
export function unsigned(fields: Fields): Item[] {
  const { type, chainId, nonce, tip, feeCap, gasLimit, to, value, data, accessList } = fields;
  const payment = type === 2 ? [tip, feeCap] : [feeCap];
  const rest = [gasLimit, to, value, data];
  if (type === 0) return [nonce, ...payment, ...rest];
  return [chainId, nonce, ...payment, ...rest, accessList];
}

/** v, r, s by this key. */
export function signatureOf(fields: Fields, key: Uint8Array): [bigint, bigint, bigint] {
  const { type, chainId } = fields;
  const suffix = type === 0 && chainId !== 0n ? [chainId, 0, 0] : [];
  const hash = keccak_256(envelope(type, [...unsigned(fields), ...suffix]));
  const { signature, recid } = secp256k1.ecdsaSign(hash, key);
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32)].map((half) =>
    BigInt(`0x${Buffer.from(half).toString("hex")}`),
  );
  const v = BigInt(recid) + (type !== 0 ? 0n : chainId === 0n ? 27n : 35n + 2n * chainId);
  return [v, r ?? 0n, s ?? 0n];
}

/** All items of the signed transaction. */
export function signed(fields: Fields, key: Uint8Array): Item[] {
  return [...unsigned(fields), ...signatureOf(fields, key)];
}

/** Raw bytes: type, if there is one, and the list. */
export function envelope(type: number, items: readonly Item[]): Uint8Array {
  return type === 0 ? encode(items) : concatBytes(Uint8Array.of(type), encode(items));
}

/** Raw bytes of a signed transaction. */
export function rawTransaction(fields: Fields, key: Uint8Array): Uint8Array {
  return envelope(fields.type, signed(fields, key));
}
