/** Cases as JSON: what showed a difference once is tested for ever. */
import { hexToBytes, type Hex } from "@sequorum/protocol";
import type { FuzzCase } from "./case.ts";

/** A stored case and what it is about. */
export type Vector = { readonly description: string; readonly input: FuzzCase };

/** JSON of a vector: bytes are {"hex"}, integers that may be large {"integer"}. */
export function encodeVector(vector: Vector): string {
  const replace = (_: string, value: unknown) => {
    if (typeof value === "bigint") return { integer: value.toString() };
    if (value instanceof Uint8Array) return { hex: Buffer.from(value).toString("hex") };
    return value;
  };
  // Buffers have a JSON form of their own, which would come first
  return `${JSON.stringify(withoutBuffers(vector), replace, 1)}\n`;
}

/** A vector from its JSON. */
export function decodeVector(text: string): Vector {
  return JSON.parse(text, (_, value) => {
    if (typeof value !== "object" || value === null) return value;
    if (typeof value.integer === "string") return BigInt(value.integer);
    if (typeof value.hex === "string") return hexToBytes(`0x${value.hex}` as Hex);
    return value;
  }) as Vector;
}

function withoutBuffers(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(withoutBuffers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, withoutBuffers(inner)]),
  );
}
