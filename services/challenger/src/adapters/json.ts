/** Core values as JSON text: bigints are strings that end in n. */

/** The text of a value. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, part) => (typeof part === "bigint" ? `${part}n` : part));
}

/** Inverse of `toJson`; the caller says what it stored. */
export function fromJson<Value>(text: string): Value {
  return JSON.parse(text, (_key, part) =>
    typeof part === "string" && /^-?[0-9]+n$/.test(part) ? BigInt(part.slice(0, -1)) : part,
  ) as Value;
}
