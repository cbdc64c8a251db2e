/** Canonical text of plain data and the hash of the pool's state: equal data, equal bytes, on every member. */
import {
  assert,
  bytesToHex,
  concatBytes,
  type Hex,
  hexToBytes,
  keccak256,
} from "@sequorum/protocol";
import type { PoolState } from "./state.ts";

/** Marks a bigint inside JSON; no string of the state starts like this. */
const bigintMark = "n:";

/** JSON with sorted keys and marked bigints. */
export function encodeCanonical(value: unknown): string {
  if (typeof value === "bigint") return `"${bigintMark}${value}"`;
  if (typeof value === "string") {
    assert(!value.startsWith(bigintMark), "a string is not mistaken for a bigint", { value });
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    assert(Number.isSafeInteger(value), "numbers are integers", { value });
    return String(value);
  }
  if (value === null || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map(encodeCanonical).join(",")}]`;
  assert(typeof value === "object", "the state is plain data", { type: typeof value });
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${encodeCanonical(field)}`).join(",")}}`;
}

/** Inverse of `encodeCanonical`, for text that this node wrote. */
export function decodeState(text: string): PoolState {
  return decodeCanonical(text) as PoolState;
}

/** Plain data from its canonical text. */
export function decodeCanonical(text: string): unknown {
  return JSON.parse(text, (_name, value) =>
    typeof value === "string" && value.startsWith(bigintMark)
      ? BigInt(value.slice(bigintMark.length))
      : value,
  );
}

/** Commitment to the state: hash over the hashes of its sections, in the order of their names. */
export function hashState(state: PoolState): Hex {
  const sections = Object.entries(state).sort(([a], [b]) => (a < b ? -1 : 1));
  const hashes = sections.map(([name, section]) =>
    concatBytes(hashText(name), hashSection(section)),
  );
  return keccak256(bytesToHex(concatBytes(...hashes)));
}

/** Sections are replaced, never mutated, so a hash is remembered with its object. */
const hashOfSection = new WeakMap<object, Uint8Array>();

function hashSection(section: unknown): Uint8Array {
  if (typeof section !== "object" || section === null) return hashText(encodeCanonical(section));
  const known = hashOfSection.get(section);
  if (known !== undefined) return known;
  const hash = hashText(encodeCanonical(section));
  hashOfSection.set(section, hash);
  return hash;
}

function hashText(text: string): Uint8Array {
  return hexToBytes(keccak256(new TextEncoder().encode(text)));
}
