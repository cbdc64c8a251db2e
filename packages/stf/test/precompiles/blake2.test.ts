/** BLAKE2F, which the module does itself: EIP-152's vectors, and ethereumjs on random inputs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createEVM, getActivePrecompiles } from "@ethereumjs/evm";
import { concatBytes, hexToBytes } from "@sequorum/protocol";
import fc from "fast-check";
import { fixedBytes } from "../../src/precompiles/bytes.ts";
import { newChain } from "../fixture.ts";
import { oracleCommon } from "../oracle/common.ts";

const address = `0x${"09".padStart(40, "0")}` as const;
const state =
  "48c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5" +
  "d182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b";
/** State, message "abc", offset 3. */
const rest = `${state}${"616263".padEnd(256, "0")}${"03".padEnd(32, "0")}`;
const { executor, genesis } = await newChain();

/** Output of a call with enough gas, in hexadecimal. */
function output(input: Uint8Array): string {
  const result = executor.call(genesis.header, { to: address, data: input, gas: 20_000_000n });
  return result.type === "returned" ? Buffer.from(result.data).toString("hex") : result.type;
}

test("the results of EIP-152's vectors", () => {
  const expected: readonly (readonly [rounds: string, isLast: string, start: string])[] = [
    ["00000000", "01", "08c9bcf367e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5"],
    ["0000000c", "01", "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"],
    ["0000000c", "00", "75ab69d3190a562c51aef8d88f1c2775876944407270c42c9844252c26d28752"],
    ["00000001", "01", "b63a380cb2897d521994a85234ee2c181b5f844d2c624c002677e9703449d2fb"],
  ];
  for (const [rounds, isLast, start] of expected) {
    assert.equal(output(hexToBytes(`0x${rounds}${rest}${isLast}`)).slice(0, 64), start);
  }
});

test("an input of another length, or with a flag other than 0 and 1, fails", () => {
  assert.equal(output(new Uint8Array(0)), "failed");
  assert.equal(output(hexToBytes(`0x000c${rest}01`)), "failed");
  assert.equal(output(hexToBytes(`0x0000000c${rest}0100`)), "failed");
  assert.equal(output(hexToBytes(`0x0000000c${rest}02`)), "failed");
});

test("a round costs one gas", () => {
  const data = hexToBytes(`0x00000064${rest}01`);
  const gasFor = (rounds: number) => {
    data.set(fixedBytes(BigInt(rounds), 4));
    return executor.call(genesis.header, { to: address, data, gas: 1_000_000n }).gasUsed;
  };
  assert.equal(gasFor(200) - gasFor(100), 100n);
});

test("random inputs give the oracle's result", async () => {
  const common = oracleCommon(1n);
  const run = getActivePrecompiles(common).get(address.slice(2));
  assert.ok(run);
  const evm = await createEVM({ common });
  const inputs = fc
    .tuple(
      fc.integer({ min: 0, max: 40 }),
      fc.uint8Array({ minLength: 208, maxLength: 208 }),
      fc.constantFrom(0, 1),
    )
    .map(([rounds, words, isLast]) =>
      concatBytes(fixedBytes(BigInt(rounds), 4), words, Uint8Array.of(isLast)),
    );
  const agrees = async (data: Uint8Array) => {
    const { returnValue } = await run({ data, gasLimit: 1_000n, common, _EVM: evm });
    assert.equal(output(data), Buffer.from(returnValue).toString("hex"));
  };
  await fc.assert(fc.asyncProperty(inputs, agrees), { numRuns: 200 });
});
