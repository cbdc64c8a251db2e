/** The results of precompiled contracts, natively. The module has charged the gas before it asks. */
import { hash } from "node:crypto";
import { ripemd160 } from "@noble/hashes/legacy.js";
import { assert } from "@sequorum/protocol";
import { bn254Add, bn254Multiply, bn254Pairing } from "./bn254.ts";
import { ecrecover } from "./ecrecover.ts";
import { modexp } from "./modexp.ts";
import { pointEvaluation } from "./point-evaluation.ts";

type Precompile = (input: Uint8Array) => Uint8Array | undefined;

/** By address. Identity (4) and BLAKE2F (9) are done in the module. */
const precompiles: Readonly<Record<number, Precompile>> = {
  1: ecrecover,
  2: (input) => hash("sha256", input, "buffer"),
  3: (input) => {
    const output = new Uint8Array(32);
    output.set(ripemd160(input), 12);
    return output;
  },
  5: modexp,
  6: bn254Add,
  7: bn254Multiply,
  8: bn254Pairing,
  10: pointEvaluation,
};

/** The output of a precompile; undefined when it fails, which takes all of the call's gas. */
export function runPrecompile(number: number, input: Uint8Array): Uint8Array | undefined {
  const run = precompiles[number];
  assert(run !== undefined, "the module asks for precompiles that exist", { number });
  return run(input);
}
