/** Byte strings and their hexadecimal form. Domain data holds `Hex`; bulk data is `Uint8Array`. */
import { keccak_256 } from "@noble/hashes/sha3.js";

/** Lower-case hexadecimal with prefix 0x and an even number of digits. */
export type Hex = `0x${string}`;

/** 32 zero bytes. */
export const zeroHash: Hex = `0x${"0".repeat(64)}`;

const hexPattern = /^0x(?:[0-9a-f]{2})*$/;

/** Whether `value` is `Hex`, of exactly `size` bytes when given. */
export function isHex(value: unknown, size?: number): value is Hex {
  if (typeof value !== "string" || !hexPattern.test(value)) return false;
  return size === undefined || value.length === 2 + 2 * size;
}

/** Bytes to `Hex`. */
export function bytesToHex(bytes: Uint8Array): Hex {
  let out = "0x";
  for (const byte of bytes) out += hexOfByte[byte];
  return out as Hex;
}

/** Hexadecimal (any case) to bytes; throws `RangeError` on malformed input. */
export function hexToBytes(hex: string): Uint8Array {
  if (!/^0x(?:[0-9a-fA-F]{2})*$/.test(hex)) throw new RangeError("malformed hexadecimal string");
  const bytes = new Uint8Array((hex.length - 2) / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(hex.slice(2 + 2 * i, 4 + 2 * i), 16);
  }
  return bytes;
}

/** The byte strings one after another. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** Big-endian unsigned integer of exactly `size` bytes; throws `RangeError` when it does not fit. */
export function bigintToBytes(value: bigint, size: number): Uint8Array {
  if (value < 0n || value >= 1n << BigInt(8 * size)) throw new RangeError("integer does not fit");
  return hexToBytes(`0x${value.toString(16).padStart(2 * size, "0")}`);
}

/** Big-endian unsigned integer; the empty string is 0. */
export function bytesToBigint(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(bytesToHex(bytes));
}

/** Whether two byte strings are equal. Not constant time. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Keccak-256 of the bytes (a `Hex` is decoded first). */
export function keccak256(data: Uint8Array | Hex): Hex {
  return bytesToHex(keccak_256(typeof data === "string" ? hexToBytes(data) : data));
}

const hexOfByte: readonly string[] = Array.from({ length: 256 }, (_, i) =>
  i.toString(16).padStart(2, "0"),
);
