/** Raw signed transactions of types 0, 1 and 2, sound and damaged. */
import {
  concatBytes,
  type Hex,
  hexToBytes,
  keccak256,
  privateKeyToPublicKey,
  publicKeyToAddress,
  type RlpItem,
  rlpEncode,
  rlpUint,
} from "@sequorum/protocol";
import secp256k1 from "secp256k1";

/** What a transaction says. Legacy and access-list types take `feeCap` as their price. */
export type TransactionFields = {
  readonly type: 0 | 1 | 2;
  readonly chainId: bigint;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  readonly feeCap: bigint;
  readonly tip: bigint;
  readonly to: Hex | null;
  readonly value: bigint;
  readonly data: Uint8Array;
  readonly accessList: readonly (readonly [address: Hex, slots: readonly bigint[]])[];
};

/** What is wrong with the bytes. */
export type Damage =
  | { readonly type: "none" }
  /** Signed without chain id (type 0 only). */
  | { readonly type: "unprotected" }
  /** The other of the two signatures, which EIP-2 forbids. */
  | { readonly type: "highS" }
  | { readonly type: "changedByte"; readonly at: number; readonly value: number }
  | { readonly type: "cut"; readonly by: number }
  | { readonly type: "appended"; readonly value: number }
  | { readonly type: "otherType"; readonly value: number };

/** Order of secp256k1 (SEC 2, 2.4.1). */
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** Keys of the senders. */
export const senderKeys: readonly Uint8Array[] = Array.from({ length: 12 }, (_, i) =>
  hexToBytes(keccak256(Uint8Array.of(i))),
);
/** Their addresses. */
export const senderAddresses: readonly Hex[] = senderKeys.map((key) =>
  publicKeyToAddress(privateKeyToPublicKey(key)),
);

/** Signs and encodes, then damages. */
export function signTransaction(
  fields: TransactionFields,
  key: Uint8Array,
  damage: Damage = { type: "none" },
): Uint8Array {
  const isProtected = damage.type !== "unprotected";
  const items = fieldItems(fields);
  const digestItems =
    fields.type === 0 && isProtected ? [...items, rlpUint(fields.chainId), empty, empty] : items;
  const digest = hexToBytes(keccak256(envelope(fields.type, digestItems)));
  const { signature, recid } = secp256k1.ecdsaSign(digest, key);
  const isHigh = damage.type === "highS";
  const s = toInteger(signature.subarray(32));
  const parity = BigInt(isHigh ? 1 - recid : recid);
  const v =
    fields.type !== 0 ? parity : isProtected ? 35n + 2n * fields.chainId + parity : 27n + parity;
  const scalars = [v, toInteger(signature.subarray(0, 32)), isHigh ? order - s : s];
  return damaged(envelope(fields.type, [...items, ...scalars.map(rlpUint)]), damage);
}

const empty = new Uint8Array(0);

function fieldItems(fields: TransactionFields): RlpItem[] {
  const { type, chainId, nonce, gasLimit, feeCap, tip, to, value, data } = fields;
  const prices = type === 2 ? [rlpUint(tip), rlpUint(feeCap)] : [rlpUint(feeCap)];
  const target = to === null ? empty : hexToBytes(to);
  const items = [rlpUint(nonce), ...prices, rlpUint(gasLimit), target, rlpUint(value), data];
  if (type === 0) return items;
  const accessList = fields.accessList.map(([address, slots]) => [
    hexToBytes(address),
    slots.map((slot) => Buffer.from(slot.toString(16).padStart(64, "0"), "hex")),
  ]);
  return [rlpUint(chainId), ...items, accessList];
}

function envelope(type: number, items: RlpItem[]): Uint8Array {
  const encoded = rlpEncode(items);
  return type === 0 ? encoded : concatBytes(Uint8Array.of(type), encoded);
}

function damaged(raw: Uint8Array, damage: Damage): Uint8Array {
  switch (damage.type) {
    case "changedByte": {
      const changed = Uint8Array.from(raw);
      changed[damage.at % raw.length] = damage.value;
      return changed;
    }
    case "cut":
      return raw.subarray(0, Math.max(0, raw.length - damage.by));
    case "appended":
      return concatBytes(raw, Uint8Array.of(damage.value));
    case "otherType":
      return concatBytes(Uint8Array.of(damage.value), raw.subarray(1));
    default:
      return raw;
  }
}

function toInteger(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}
