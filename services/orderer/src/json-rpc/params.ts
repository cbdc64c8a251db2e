/** Parsers of the values that methods take: strict, pure; a value that does not fit throws `JsonRpcFailure`. */
import type { Hex } from "@sequorum/protocol";
import type { BlockId } from "../ports.ts";
import { invalidParams } from "./errors.ts";
import { isJsonObject, type JsonObject } from "./json.ts";

/** Turns a JSON value into a typed one; `where` names it in the error. */
export type Parser<T> = (value: unknown, where: string) => T;

/** One positional parameter; without `fallback` it is required. */
export type Param<T> = {
  readonly name: string;
  readonly parse: Parser<T>;
  readonly fallback?: { readonly value: T };
};

/** The positional parameters of a method. */
export type ParamList<P extends readonly unknown[]> = { readonly [K in keyof P]: Param<P[K]> };

/** A parameter that must be given. */
export function required<T>(name: string, parse: Parser<T>): Param<T> {
  return { name, parse };
}

/** A parameter that may be left out (or null). */
export function optional<T>(name: string, parse: Parser<T>, value: T): Param<T> {
  return { name, parse, fallback: { value } };
}

/** Parses the `params` member of a request: absent, null or an array; by-name parameters are not taken (as geth). */
export function parseParams<P extends readonly unknown[]>(list: ParamList<P>, raw: unknown): P {
  const values: readonly unknown[] = raw === undefined || raw === null ? [] : parseArray(raw);
  if (values.length > list.length) {
    throw invalidParams("params", `too many arguments, want at most ${list.length}`);
  }
  // A tuple mapped element by element keeps its shape, which `map` cannot express.
  return list.map((param, i) => parseParam(param, values[i], i)) as unknown as P;
}

/** 32 bytes. */
export const hash: Parser<Hex> = fixedBytes(32);

/** 20 bytes; the letters' case (EIP-55) is not checked, as geth. */
export const address: Parser<Hex> = fixedBytes(20);

/** Bytes of any length. */
export const bytes: Parser<Hex> = (value, where) => {
  if (typeof value !== "string" || !/^0x(?:[0-9a-fA-F]{2})*$/.test(value)) {
    throw invalidParams(where, "expected 0x and an even number of hex digits");
  }
  return lower(value);
};

/** A quantity: 0x, no leading zeros, at most 256 bits. */
export const quantity: Parser<bigint> = (value, where) => {
  if (typeof value !== "string" || !/^0x(?:0|[1-9a-fA-F][0-9a-fA-F]{0,63})$/.test(value)) {
    throw invalidParams(where, "expected a hex quantity without leading zeros");
  }
  return BigInt(value);
};

/** A quantity below 2^64. */
export const quantity64: Parser<bigint> = (value, where) => {
  const parsed = quantity(value, where);
  if (parsed >= 1n << 64n) throw invalidParams(where, "hex number > 64 bits");
  return parsed;
};

/** A small count: a quantity, or a JSON number (feeHistory callers send both, and geth takes both). */
export const count: Parser<bigint> = (value, where) => {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  return quantity64(value, where);
};

/** Storage slot: 1 to 64 hex digits, leading zeros allowed, as geth; returned as 32 bytes. */
export const storageSlot: Parser<Hex> = (value, where) => {
  if (typeof value !== "string" || !/^0x[0-9a-fA-F]{1,64}$/.test(value)) {
    throw invalidParams(where, "expected a storage slot of at most 32 bytes");
  }
  return `0x${value.slice(2).toLowerCase().padStart(64, "0")}`;
};

/** Any string. */
export const text: Parser<string> = (value, where) => {
  if (typeof value !== "string") throw invalidParams(where, "expected a string");
  return value;
};

/** Any value; the handler parses it further. */
export const anything: Parser<unknown> = (value) => value;

/** true or false. */
export const boolean: Parser<boolean> = (value, where) => {
  if (typeof value !== "boolean") throw invalidParams(where, "expected a boolean");
  return value;
};

/** An array of at most `max` values. */
export function arrayOf<T>(parse: Parser<T>, max: number): Parser<readonly T[]> {
  return (value, where) => {
    if (!Array.isArray(value)) throw invalidParams(where, "expected an array");
    if (value.length > max) throw invalidParams(where, `more than ${max} items`);
    return value.map((item: unknown, i) => parse(item, `${where}[${i}]`));
  };
}

/** Percentiles in ascending order. */
export function percentiles(max: number): Parser<readonly number[]> {
  const parse = arrayOf(percentile, max);
  return (value, where) => {
    const parsed = parse(value, where);
    if (parsed.some((p, i) => p < (parsed[i - 1] ?? 0))) {
      throw invalidParams(where, "percentiles must ascend");
    }
    return parsed;
  };
}

/** The newest sealed block. */
export const latestBlock: BlockId = { type: "tag", tag: "latest" };

/** A block tag or height. */
export const blockNumber: Parser<BlockId> = (value, where) => {
  if (isBlockTag(value)) return { type: "tag", tag: value };
  return { type: "number", number: quantity64(value, where) };
};

/** A block tag, height, hash, or the object of EIP-1898. */
export const blockParameter: Parser<BlockId> = (value, where) => {
  if (typeof value === "string" && value.length === 66) return blockByHash(value, where, false);
  if (!isJsonObject(value)) return blockNumber(value, where);
  if (value["blockHash"] === undefined) return blockNumber(value["blockNumber"], where);
  if (value["blockNumber"] !== undefined) {
    throw invalidParams(where, "cannot specify both blockHash and blockNumber");
  }
  const requireCanonical = boolean(value["requireCanonical"] ?? false, `${where}.requireCanonical`);
  return blockByHash(value["blockHash"], `${where}.blockHash`, requireCanonical);
};

/** A JSON object. */
export const object: Parser<JsonObject> = (value, where) => {
  if (!isJsonObject(value)) throw invalidParams(where, "expected an object");
  return value;
};

/** Parses a member of an object if it is there (and not null). */
export function member<T>(from: JsonObject, key: string, parse: Parser<T>): T | undefined {
  const value = from[key];
  return value === undefined || value === null ? undefined : parse(value, key);
}

function parseParam(param: Param<unknown>, value: unknown, index: number): unknown {
  const where = `argument ${index} (${param.name})`;
  if (value !== undefined && value !== null) return param.parse(value, where);
  if (param.fallback !== undefined) return param.fallback.value;
  throw invalidParams("params", `missing value for required ${where}`);
}

function parseArray(raw: unknown): readonly unknown[] {
  if (!Array.isArray(raw)) throw invalidParams("params", "expected an array");
  return raw;
}

function fixedBytes(size: number): Parser<Hex> {
  return (value, where) => {
    const parsed = bytes(value, where);
    if (parsed.length !== 2 + 2 * size) throw invalidParams(where, `expected ${size} bytes`);
    return parsed;
  };
}

const percentile: Parser<number> = (value, where) => {
  if (typeof value !== "number" || !(value >= 0 && value <= 100)) {
    throw invalidParams(where, "expected a percentile from 0 to 100");
  }
  return value;
};

function blockByHash(value: unknown, where: string, requireCanonical: boolean): BlockId {
  return { type: "hash", hash: hash(value, where), requireCanonical };
}

type BlockTag = Extract<BlockId, { type: "tag" }>["tag"];

function isBlockTag(value: unknown): value is BlockTag {
  return (
    value === "latest" ||
    value === "pending" ||
    value === "safe" ||
    value === "finalized" ||
    value === "earliest"
  );
}

function lower(value: string): Hex {
  return `0x${value.slice(2).toLowerCase()}`;
}
