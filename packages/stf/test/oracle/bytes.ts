/** Conversions on the hot path; values are this package's own, so nothing is validated here. */
import type { Hex } from "@sequorum/protocol";

/** Bytes of a well-formed `Hex`. */
export function fromHex(hex: Hex): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.slice(2), "hex"));
}

/** `Hex` of bytes. */
export function toHex(bytes: Uint8Array): Hex {
  return `0x${unprefixed(bytes)}`;
}

/** Lower-case hexadecimal without prefix. */
export function unprefixed(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** Big-endian without leading zeros; 0 is empty (RLP's form). */
export function integerBytes(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array(0);
  const hex = value.toString(16);
  return Uint8Array.from(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex"));
}

/** Big-endian of exactly `size` bytes. */
export function fixedBytes(value: bigint, size: number): Uint8Array {
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(2 * size, "0"), "hex"));
}

/** Big-endian unsigned integer. */
export function toInteger(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(toHex(bytes));
}
