/** Two-way descriptions of values as RLP items: what `encode` writes, `decode` reads, and `decode` takes nothing else. */
import { assert } from "./assert.ts";
import { bytesToHex, type Hex, hexToBytes, isHex } from "./bytes.ts";
import { RlpError, type RlpItem, rlpToUint, rlpUint } from "./rlp.ts";

/** How a `Value` is written as an RLP item; `decode` throws `RlpError`. */
export type RlpCodec<Value> = {
  readonly encode: (value: Value) => RlpItem;
  readonly decode: (item: RlpItem | undefined) => Value;
};

/** Unsigned 64-bit integer as bigint. */
export const rlpUint64: RlpCodec<bigint> = {
  encode(value) {
    assert(value >= 0n && value < 1n << 64n, "an integer fits 64 bits", { value });
    return rlpUint(value);
  },
  decode: (item) => rlpToUint(item, 64),
};

/** Unsigned integer that a number holds exactly. */
export const rlpSafeUint: RlpCodec<number> = {
  encode(value) {
    assert(Number.isSafeInteger(value) && value >= 0, "a number is a natural one", { value });
    return rlpUint(BigInt(value));
  },
  decode(item) {
    const value = Number(rlpToUint(item, 64));
    if (!Number.isSafeInteger(value)) throw new RlpError("integer too large");
    return value;
  },
};

/** Byte string of exactly `size` bytes. */
export function rlpFixedHex(size: number): RlpCodec<Hex> {
  return {
    encode(value) {
      assert(isHex(value, size), "a byte string has its size", { value, size });
      return hexToBytes(value);
    },
    decode(item) {
      const bytes = bytesOf(item);
      if (bytes.length !== size) throw new RlpError(`expected ${size} bytes`);
      return bytesToHex(bytes);
    },
  };
}

/** Byte string of at most `sizeMax` bytes. */
export function rlpHex(sizeMax: number): RlpCodec<Hex> {
  return {
    encode(value) {
      assert(isHex(value) && value.length <= 2 + 2 * sizeMax, "a byte string is within its bound", {
        sizeMax,
      });
      return hexToBytes(value);
    },
    decode(item) {
      const bytes = bytesOf(item);
      if (bytes.length > sizeMax) throw new RlpError(`more than ${sizeMax} bytes`);
      return bytesToHex(bytes);
    },
  };
}

/** Upper-case identifier (letters, digits, underscore) of 1 to `lengthMax` characters. */
export function rlpCode(lengthMax: number): RlpCodec<string> {
  const isCode = (value: string) => value.length <= lengthMax && /^[A-Z][A-Z0-9_]*$/.test(value);
  return {
    encode(value) {
      assert(isCode(value), "a code is an upper-case identifier", { value });
      return new TextEncoder().encode(value);
    },
    decode(item) {
      const value = String.fromCharCode(...bytesOf(item));
      if (!isCode(value)) throw new RlpError("expected a code");
      return value;
    },
  };
}

/** List of at most `countMax` values. */
export function rlpList<Value>(
  codec: RlpCodec<Value>,
  countMax: number,
): RlpCodec<readonly Value[]> {
  return {
    encode(values) {
      assert(values.length <= countMax, "a list is within its bound", {
        count: values.length,
        countMax,
      });
      return values.map(codec.encode);
    },
    decode(item) {
      const items = listOf(item);
      if (items.length > countMax) throw new RlpError(`more than ${countMax} items`);
      return items.map(codec.decode);
    },
  };
}

/** Record whose fields are a list in the order of `fields`. */
export function rlpStruct<Value extends object>(
  fields: {
    readonly [Name in keyof Value]: RlpCodec<Value[Name]>;
  },
): RlpCodec<Value> {
  const names = Object.keys(fields) as (keyof Value)[];
  return {
    encode: (value) => names.map((name) => fields[name].encode(value[name])),
    decode(item) {
      const items = listOf(item);
      if (items.length !== names.length) throw new RlpError("wrong number of fields");
      const entries = names.map((name, i) => [name, fields[name].decode(items[i])] as const);
      return Object.fromEntries(entries) as Value;
    },
  };
}

/** Tagged union on `type` as [tag, fields]; tags are the positions in `variants`, from 1. */
export function rlpUnion<Union extends { readonly type: string }>(
  variants: {
    readonly [Type in Union["type"]]: RlpCodec<
      Omit<Extract<Union, { readonly type: Type }>, "type">
    >;
  },
): RlpCodec<Union> {
  const types = Object.keys(variants) as Union["type"][];
  const codecOf = (type: Union["type"]) => variants[type] as RlpCodec<unknown>;
  return {
    encode(value) {
      const tag = types.indexOf(value.type) + 1;
      assert(tag > 0, "a variant is known", { type: value.type });
      return [rlpUint(BigInt(tag)), codecOf(value.type).encode(value)];
    },
    decode(item) {
      const [tag, fields, ...rest] = listOf(item);
      const type = types[Number(rlpToUint(tag, 8)) - 1];
      if (type === undefined || rest.length > 0) throw new RlpError("unknown variant");
      return { type, ...(codecOf(type).decode(fields) as object) } as Union;
    },
  };
}

function bytesOf(item: RlpItem | undefined): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new RlpError("expected bytes");
  return item;
}

function listOf(item: RlpItem | undefined): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) throw new RlpError("expected a list");
  return item;
}
