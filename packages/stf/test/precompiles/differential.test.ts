/** Precompiles against those of ethereumjs, whose arithmetic is another. */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createEVM, getActivePrecompiles } from "@ethereumjs/evm";
import { concatBytes, type Hex, hexToBytes } from "@sequorum/protocol";
import fc from "fast-check";
import { fixedBytes } from "../../src/precompiles/bytes.ts";
import { runPrecompile } from "../../src/precompiles/precompiles.ts";
import { oracleCommon } from "../oracle/common.ts";

const common = oracleCommon(1n);
const oracle = getActivePrecompiles(common);
const evm = await createEVM({ common });

async function assertSame(number: number, input: Uint8Array): Promise<void> {
  const run = oracle.get(number.toString(16).padStart(40, "0"));
  assert.ok(run);
  const expected = await run({ data: input, gasLimit: 10n ** 15n, common, _EVM: evm });
  const result = runPrecompile(number, input);
  const shown = `precompile ${number} on 0x${Buffer.from(input).toString("hex")}`;
  assert.equal(result === undefined, expected.exceptionError !== undefined, shown);
  if (result !== undefined) assert.deepEqual(Uint8Array.from(result), expected.returnValue, shown);
}

const p = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
const r = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
const secp256k1Order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const bytes = (maxLength: number) => fc.uint8Array({ maxLength, size: "max" });
const around = (...values: readonly bigint[]) =>
  fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
    fc.bigInt({ min: 0n, max: 20n }),
    ...values.map((value) => fc.bigInt({ min: value - 2n, max: value + 2n })),
  );
const words = (...each: readonly fc.Arbitrary<bigint>[]) =>
  fc.tuple(...each).map((values) => concatBytes(...values.map((value) => fixedBytes(value, 32))));

/** Cuts off the end, or adds to it. */
const ragged = (whole: fc.Arbitrary<Uint8Array>) =>
  fc
    .tuple(whole, fc.oneof(fc.constant(0), fc.integer({ min: -70, max: 40 })))
    .map(([input, change]) =>
      change < 0 ? input.subarray(0, change) : concatBytes(input, new Uint8Array(change).fill(7)),
    );

/** A multiple of the generator (1, 2) and sometimes no point. */
const g1 = fc.oneof(
  fc.integer({ min: 0, max: 300 }).map((factor) => {
    const input = concatBytes(
      fixedBytes(1n, 32),
      fixedBytes(2n, 32),
      fixedBytes(BigInt(factor), 32),
    );
    return runPrecompile(7, input) ?? new Uint8Array(64);
  }),
  words(around(p), around(p)),
);

const pointVectors = JSON.parse(
  readFileSync(new URL("testdata/point-evaluation.json", import.meta.url), "utf8"),
) as { readonly vectors: readonly { readonly input: Hex }[] };

/** Openings with some changes, many of them in the flags and the first bytes of points, under the right versioned hash. */
const openings = fc
  .tuple(
    fc.constantFrom(...pointVectors.vectors.map(({ input }) => input)),
    fc.array(
      fc.tuple(
        fc.oneof(fc.constantFrom(96, 144), fc.integer({ min: 32, max: 191 })),
        fc.oneof(fc.constantFrom(0x80, 0x40, 0x20, 0xc0, 0x60), fc.integer({ min: 1, max: 255 })),
      ),
      { maxLength: 2 },
    ),
  )
  .map(([input, changes]) => {
    const changed = hexToBytes(input);
    for (const [at, mask] of changes) changed[at] = (changed[at] ?? 0) ^ mask;
    const versionedHash = hash("sha256", changed.subarray(96, 144), "buffer");
    changed.set(versionedHash);
    changed[0] = 1;
    return changed;
  });

/** [what, precompile, inputs, runs] */
const cases: readonly (readonly [string, number, fc.Arbitrary<Uint8Array>, number])[] = [
  [
    "public key recovery",
    1,
    ragged(
      words(
        around(),
        fc.oneof(fc.constantFrom(26n, 27n, 28n, 29n), around()),
        around(secp256k1Order, secp256k1Order / 2n),
        around(secp256k1Order, secp256k1Order / 2n),
      ),
    ),
    300,
  ],
  ["SHA-256", 2, bytes(300), 100],
  ["RIPEMD-160", 3, bytes(300), 100],
  [
    "modular exponentiation",
    5,
    fc.tuple(bytes(70), bytes(40), bytes(70)).chain(([base, exponent, modulus]) => {
      const lengths = [base, exponent, modulus].map(({ length }) => fixedBytes(BigInt(length), 32));
      return ragged(fc.constant(concatBytes(...lengths, base, exponent, modulus)));
    }),
    300,
  ],
  ["curve addition", 6, ragged(fc.tuple(g1, g1).map(([a, b]) => concatBytes(a, b))), 150],
  [
    "curve multiplication",
    7,
    ragged(fc.tuple(g1, words(around(r))).map(([a, factor]) => concatBytes(a, factor))),
    40,
  ],
  ["point evaluation", 10, openings, 60],
  [
    "malformed pairs",
    8,
    fc.oneof(bytes(200), words(...Array.from({ length: 6 }, () => around(p)))),
    60,
  ],
];

for (const [what, number, inputs, numRuns] of cases) {
  test(`${what} gives the oracle's result`, async () => {
    await fc.assert(
      fc.asyncProperty(inputs, (input) => assertSame(number, input)),
      { numRuns },
    );
  });
}

test("pairing checks give the oracle's result for products that are one and that are not", async () => {
  const g2 = [
    11559732032986387107991004021392285783925812861821192530917403151452391805634n,
    10857046999023057135944570762232829481370756359578518086990519993285655852781n,
    4082367875863433681332203403145435568316851327593401208105741076214120093531n,
    8495653923123431417604973247489272438418190587263600148770280649306958101930n,
  ];
  const generator = concatBytes(...g2.map((part) => fixedBytes(part, 32)));
  const times = (factor: bigint) => {
    const one = concatBytes(fixedBytes(1n, 32), fixedBytes(2n, 32), fixedBytes(factor, 32));
    return runPrecompile(7, one) ?? new Uint8Array(64);
  };
  for (const [a, b] of [
    [5n, r - 5n],
    [5n, 6n],
    [0n, 0n],
    [0n, 7n],
  ] as const) {
    await assertSame(8, concatBytes(times(a), generator, times(b), generator));
  }
  // more pairs than mcl works on at once: 1 + 2 + ... + 40 - 820 is 0
  const many = Array.from({ length: 40 }, (_, i) => concatBytes(times(BigInt(i + 1)), generator));
  const product = (last: bigint) => concatBytes(...many, times(last), generator);
  assert.equal(runPrecompile(8, product(r - 820n))?.at(-1), 1);
  assert.equal(runPrecompile(8, product(r - 821n))?.at(-1), 0);
});
