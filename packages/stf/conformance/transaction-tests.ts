/** TransactionTests: decoding, sender and intrinsic gas of single transactions. */
import {
  hexToBytes,
  keccak256,
  type RlpItem,
  rlpDecode,
  rlpEncode,
  rlpUint,
} from "@sequorum/protocol";
import secp256k1 from "secp256k1";
import type { Engine } from "./engine.ts";
import { isExpectedFault } from "./exceptions.ts";
import { compare, type Outcome, type Subject, type Suite } from "./suite.ts";
import { bytes, type Fields, fields, fixed, integer, text } from "./values.ts";

/** The suite. */
export const transactionTests: Suite = {
  name: "TransactionTests",
  folder: "TransactionTests",
  run,
};

const anyKey = hexToBytes(`0x${"5e".repeat(32)}`);
const forks = ["Cancun", "Shanghai", "London"] as const;

async function* run(content: unknown, { engine, isWanted }: Subject): AsyncGenerator<Outcome> {
  for (const [name, value] of Object.entries(fields(content))) {
    if (!isWanted(name)) continue;
    const test = fields(value);
    const results = fields(test["result"]);
    // what was malformed before Cancun is malformed in it: old files were not filled again for new forks
    const fork = forks.find((candidate) => results[candidate] !== undefined);
    if (fork === undefined) {
      yield { name, status: "excluded", reason: "The test says nothing about London or later." };
      continue;
    }
    yield runTest(name, fields(results[fork]), { raw: transactionBytes(test), engine });
  }
}

function runTest(
  name: string,
  expectation: Fields,
  { raw, engine }: { raw: Uint8Array; engine: Engine },
): Outcome {
  const result = engine.decodeTransaction(raw);
  const { exception } = expectation;
  if (exception !== undefined) {
    const expected = text(exception);
    if (result.type === "decoded") return compare(name, expected, `decoded, from ${result.from}`);
    return compare(
      name,
      expected,
      isExpectedFault(expected, result.fault) ? expected : result.fault,
    );
  }
  const hash = fixed(expectation["hash"], 32);
  const sender = fixed(expectation["sender"], 20);
  const intrinsicGas = integer(expectation["intrinsicGas"]);
  const expected = `hash ${hash}, sender ${sender}, intrinsic gas ${intrinsicGas}`;
  if (result.type === "refused") return compare(name, expected, `refused: ${result.fault}`);
  const gas = isIntrinsicGas(engine, raw, intrinsicGas) ? `${intrinsicGas}` : "another amount";
  const actual = `hash ${result.hash}, sender ${result.from}, intrinsic gas ${gas}`;
  return compare(name, expected, actual);
}

/** Whether this gas limit is enough for the transaction and one less is not. */
function isIntrinsicGas(engine: Engine, raw: Uint8Array, gas: bigint): boolean {
  const enough = engine.decodeTransaction(withGasLimit(raw, gas));
  const tooLittle = engine.decodeTransaction(withGasLimit(raw, gas - 1n));
  return (
    enough.type === "decoded" &&
    tooLittle.type === "refused" &&
    tooLittle.fault === "INTRINSIC_GAS_TOO_LOW"
  );
}

/** The transaction with another gas limit, signed by some key. */
function withGasLimit(raw: Uint8Array, gasLimit: bigint): Uint8Array {
  const type = raw[0] ?? 0;
  const isLegacy = type >= 0xc0;
  const items = rlpDecode(isLegacy ? raw : raw.subarray(1));
  if (items instanceof Uint8Array) throw new TypeError("expected a list");
  const unsigned = [...items.slice(0, -3)];
  unsigned[isLegacy ? 2 : type + 2] = rlpUint(gasLimit);
  const encode = (list: RlpItem[]) =>
    isLegacy ? rlpEncode(list) : Buffer.concat([Uint8Array.of(type), rlpEncode(list)]);
  const { signature, recid } = secp256k1.ecdsaSign(hexToBytes(keccak256(encode(unsigned))), anyKey);
  const v = rlpUint(BigInt(isLegacy ? 27 + recid : recid));
  const [r, s] = [unpadded(signature.subarray(0, 32)), unpadded(signature.subarray(32))];
  return new Uint8Array(encode([...unsigned, v, r, s]));
}

function unpadded(value: Uint8Array): Uint8Array {
  return value.subarray(value.findIndex((byte) => byte !== 0));
}

function transactionBytes(test: Fields): Uint8Array {
  const digits = text(test["txbytes"]);
  return bytes(digits.length % 2 === 0 ? digits : `0x0${digits.slice(2)}`);
}
