/** EIP-712 for flat structs of static types: the encoding of everything that Sequorum signs for L1. */
import { assert } from "./assert.ts";
import { bigintToBytes, concatBytes, type Hex, hexToBytes, keccak256 } from "./bytes.ts";

/** The signing domain: name "Sequorum", version "1", the L1 chain and the RollupChain contract. */
export type SigningDomain = {
  readonly l1ChainId: bigint;
  readonly rollupChain: Hex;
};

/** A field's value: integers as bigint, `address` and `bytes32` as Hex. */
export type TypedValue = bigint | Hex;

const domainType =
  "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

/** EIP-712 digest of a struct; `typeString` is its encodeType, `values` are in its order. */
export function hashTypedData(
  domain: SigningDomain,
  typeString: string,
  values: readonly TypedValue[],
): Hex {
  return keccak256(
    concatBytes(
      Uint8Array.of(0x19, 0x01),
      hexToBytes(domainSeparator(domain)),
      hexToBytes(hashStruct(typeString, values)),
    ),
  );
}

/** EIP-712 hashStruct of a flat struct. */
export function hashStruct(typeString: string, values: readonly TypedValue[]): Hex {
  const types = fieldTypes(typeString);
  assert(types.length === values.length, "a value for each field", { typeString });
  const words = types.map((type, i) => encodeWord(type, values[i]));
  return keccak256(concatBytes(hexToBytes(hashText(typeString)), ...words));
}

/** EIP-712 domain separator. */
export function domainSeparator(domain: SigningDomain): Hex {
  return keccak256(
    concatBytes(
      hexToBytes(hashText(domainType)),
      hexToBytes(hashText("Sequorum")),
      hexToBytes(hashText("1")),
      bigintToBytes(domain.l1ChainId, 32),
      encodeWord("address", domain.rollupChain),
    ),
  );
}

function fieldTypes(typeString: string): string[] {
  const fields = typeString.slice(typeString.indexOf("(") + 1, -1);
  return fields.split(",").map((field) => field.split(" ")[0] ?? "");
}

function encodeWord(type: string, value: TypedValue | undefined): Uint8Array {
  if (type.startsWith("uint") || type.startsWith("int")) {
    assert(typeof value === "bigint", "an integer field holds a bigint", { type });
    return encodeInteger(type, value);
  }
  const size = type === "address" ? 20 : 32;
  assert(typeof value === "string" && value.length === 2 + 2 * size, "a value fits its type", {
    type,
  });
  const bytes = hexToBytes(value);
  return concatBytes(new Uint8Array(32 - size), bytes);
}

function encodeInteger(type: string, value: bigint): Uint8Array {
  const signed = type.startsWith("int");
  const bits = BigInt(type.slice(signed ? 3 : 4));
  const [low, high] = signed ? [-(1n << (bits - 1n)), 1n << (bits - 1n)] : [0n, 1n << bits];
  assert(value >= low && value < high, "an integer fits its type", { type, value });
  return bigintToBytes(BigInt.asUintN(256, value), 32);
}

function hashText(text: string): Hex {
  return keccak256(new TextEncoder().encode(text));
}
