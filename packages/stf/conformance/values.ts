/** Values as ethereum/tests writes them: hexadecimal strings, some unpadded, some marked. */
import { type Hex, hexToBytes } from "@sequorum/protocol";
import type { PlainAccount } from "./engine.ts";

/** An object of a test file. Absent fields read as undefined. */
export type Fields = { readonly [name: string]: unknown };

/** The object in a field; throws when it is none. */
export function fields(value: unknown): Fields {
  if (typeof value !== "object" || value === null) throw new TypeError("expected an object");
  return value as Fields;
}

/** The array in a field; throws when it is none. */
export function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError("expected an array");
  return value;
}

/** The string in a field; throws when it is none. */
export function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("expected a string");
  return value;
}

/** An unsigned integer: hexadecimal or decimal; "0x" is zero. */
export function integer(value: unknown): bigint {
  const digits = text(value);
  return digits === "0x" || digits === "" ? 0n : BigInt(digits);
}

/** Bytes of an even number of hexadecimal digits, with or without 0x. */
export function bytes(value: unknown): Uint8Array {
  const digits = text(value);
  return hexToBytes(digits.startsWith("0x") ? digits : `0x${digits}`);
}

/** Lower-case hexadecimal of a fixed size. */
export function fixed(value: unknown, size: number): Hex {
  return `0x${text(value)
    .replace(/^0x/, "")
    .toLowerCase()
    .padStart(2 * size, "0")}`;
}

/** Accounts of a pre-state. */
export function accounts(value: unknown): PlainAccount[] {
  return Object.entries(fields(value)).map(([address, account]) => {
    const { balance, nonce, code, storage } = fields(account);
    return {
      address: fixed(address, 20),
      balance: integer(balance),
      nonce: integer(nonce),
      code: bytes(code),
      storage: Object.entries(fields(storage)).map(
        ([slot, word]) => [integer(slot), integer(word)] as const,
      ),
    };
  });
}
