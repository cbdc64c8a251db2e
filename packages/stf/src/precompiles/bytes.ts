/** Reading of precompile inputs: what lies behind their end is zero (Yellow Paper, appendix E). */

/** `length` bytes of `input` from `start`, zero behind its end. */
export function padded(input: Uint8Array, start: number, length: number): Uint8Array {
  if (start + length <= input.length) return input.subarray(start, start + length);
  const bytes = new Uint8Array(length);
  if (start < input.length) bytes.set(input.subarray(start));
  return bytes;
}

/** A 32-byte big-endian integer of `input`, zero behind its end. */
export function wordAt(input: Uint8Array, start: number): bigint {
  return toInteger(padded(input, start, 32));
}

/** Big-endian unsigned integer. */
export function toInteger(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  const { buffer, byteOffset, byteLength } = bytes;
  return BigInt(`0x${Buffer.from(buffer, byteOffset, byteLength).toString("hex")}`);
}

/** Big-endian of exactly `length` bytes; `value` fits. */
export function fixedBytes(value: bigint, length: number): Uint8Array {
  return Buffer.from(value.toString(16).padStart(2 * length, "0"), "hex");
}

/** Whether a < b, as big-endian integers of one length. */
export function isLess(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
