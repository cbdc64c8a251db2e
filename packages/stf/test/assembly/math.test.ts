import assert from "node:assert/strict";
import { test } from "node:test";
import { RLP } from "@ethereumjs/rlp";
import { keccak_256 } from "@noble/hashes/sha3.js";
import fc from "fast-check";
import { compileAssembly } from "./compile.ts";

const module = await compileAssembly(new URL("./math-entry.ts", import.meta.url));
const at = module.call("buffer");
const [a, b, c, out] = [at, at + 32, at + 64, at + 96];
const modulus = 2n ** 256n;

/** Values at which limbs, digits and signs change, and random ones of every size. */
const words = fc.oneof(
  fc.bigInt({ min: 0n, max: modulus - 1n }),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 0n, max: 300n }),
  fc
    .record({ bit: fc.integer({ min: 0, max: 256 }), off: fc.bigInt({ min: -2n, max: 2n }) })
    .map(({ bit, off }) => BigInt.asUintN(256, 2n ** BigInt(bit) + off)),
  // digits of all ones and zeros: where the estimate of a quotient's digit is wrong
  fc
    .array(fc.constantFrom(0n, 1n, 0x7fffffffn, 0x80000000n, 0xfffffffen, 0xffffffffn), {
      minLength: 8,
      maxLength: 8,
    })
    .map((digits) => digits.reduce<bigint>((value, digit) => (value << 32n) | digit, 0n)),
);

function put(place: number, value: bigint): void {
  const view = new DataView(module.memory.buffer);
  for (let i = 0; i < 4; i += 1) {
    view.setBigUint64(place + 8 * i, (value >> BigInt(64 * i)) & (2n ** 64n - 1n), true);
  }
}

function get(place: number): bigint {
  const view = new DataView(module.memory.buffer);
  return [3, 2, 1, 0].reduce((v, i) => (v << 64n) | view.getBigUint64(place + 8 * i, true), 0n);
}

const signed = (value: bigint) => BigInt.asIntN(256, value);
const wrap = (value: bigint) => BigInt.asUintN(256, value);
const power = (base: bigint, exponent: bigint): bigint => {
  let result = 1n;
  for (let bit = 255n; bit >= 0n; bit -= 1n) {
    result = wrap(result * result);
    if ((exponent >> bit) & 1n) result = wrap(result * base);
  }
  return result;
};

/** Operation, its flag, by the Yellow Paper's appendix H. */
const operations: readonly ((x: bigint, y: bigint, z: bigint) => readonly [bigint, boolean])[] = [
  (x, y) => [wrap(x + y), x + y >= modulus],
  (x, y) => [wrap(x - y), x < y],
  (x, y) => [wrap(x * y), false],
  (x, y) => [y === 0n ? 0n : x / y, false],
  (x, y) => [y === 0n ? 0n : x % y, false],
  (x, y) => [y === 0n ? 0n : wrap(signed(x) / signed(y)), false],
  (x, y) => [y === 0n ? 0n : wrap(signed(x) % signed(y)), false],
  (x, y, z) => [z === 0n ? 0n : (x + y) % z, false],
  (x, y, z) => [z === 0n ? 0n : (x * y) % z, false],
  (x, y) => [power(x, y), false],
  (x, y) => [x < 31n ? wrap(BigInt.asIntN(8 * (Number(x) + 1), y)) : y, false],
  (x, y) => [x < 32n ? (y >> (8n * (31n - x))) & 0xffn : 0n, false],
  (x, y) => [x < 256n ? wrap(y << x) : 0n, false],
  (x, y) => [x < 256n ? y >> x : 0n, false],
  (x, y) => [wrap(signed(y) >> (x < 256n ? x : 256n)), false],
  (x, y) => [wrap(x * y), x * y >= modulus],
  (x) => [wrap(-x), false],
];

test("words: every operation equals the integers', also when the result overwrites an operand", () => {
  fc.assert(
    fc.property(words, words, words, fc.constantFrom(a, b, c, out), (x, y, z, target) => {
      operations.forEach((expected, operation) => {
        put(a, x);
        put(b, y);
        put(c, z);
        const flag = module.call("operate", operation, target, a, b, c) !== 0;
        assert.deepEqual([get(target), flag], expected(x, y, z), `operation ${operation}`);
      });
    }),
    { numRuns: 4_000 },
  );
});

test("words: comparisons and lengths", () => {
  fc.assert(
    fc.property(words, fc.option(words), (x, other) => {
      const y = other ?? x;
      put(a, x);
      put(b, y);
      const flags = [x < y, signed(x) < signed(y), x === y, x === 0n, x < 2n ** 64n];
      const bits = x === 0n ? 0 : x.toString(2).length;
      const expected = flags.reduce((sum, flag, i) => sum + (flag ? 2 ** i : 0), bits * 256);
      assert.equal(module.call("compare", a, b), expected);
    }),
    { numRuns: 2_000 },
  );
});

test("words: big-endian bytes and addresses", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 32 }), words, (bytes, x) => {
      const integer = BigInt(`0x0${Buffer.from(bytes).toString("hex")}`);
      module.bytes(at + 128, 32).set(bytes);
      module.call("fromBigEndian", out, at + 128, bytes.length);
      assert.equal(get(out), integer);
      put(a, x);
      module.call("toBigEndian", out, a);
      const hex = x.toString(16).padStart(64, "0");
      assert.equal(Buffer.from(module.bytes(out, 32)).toString("hex"), hex);
      module.call("toAddress", at + 128, a);
      assert.equal(Buffer.from(module.bytes(at + 128, 20)).toString("hex"), hex.slice(24));
      module.call("fromAddress", out, at + 128);
      assert.equal(get(out), BigInt.asUintN(160, x));
    }),
  );
});

test("keccak256 equals noble's at every length around its block size, also onto its own source", () => {
  for (let length = 0; length < 420; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 0xff);
    module.bytes(at + 128, length).set(bytes);
    module.call("hash", at + 128, length, at + 128);
    assert.deepEqual(module.bytes(at + 128, 32).slice(), keccak_256(bytes), `${length} bytes`);
  }
});

test("moved bytes may overlap in both directions", () => {
  fc.assert(
    fc.property(fc.nat(60), fc.nat(60), fc.nat(60), (from, to, length) => {
      const bytes = Uint8Array.from({ length: 128 }, (_, i) => i);
      module.bytes(at, 128).set(bytes);
      module.call("move", at + to, at + from, length);
      bytes.copyWithin(to, from, from + length);
      assert.deepEqual(module.bytes(at, 128).slice(), bytes);
    }),
  );
});

type Nested = Uint8Array | Nested[];
const { nested } = fc.letrec<{ nested: Nested }>((tie) => ({
  nested: fc.oneof(
    { depthSize: "small" },
    fc.uint8Array({ maxLength: 70 }),
    fc.array(tie("nested"), { maxLength: 5 }),
  ),
}));

test("RLP: exactly the encodings are accepted", () => {
  const isEncoding = (bytes: Uint8Array) => {
    try {
      return Buffer.from(RLP.encode(RLP.decode(bytes))).equals(bytes);
    } catch {
      return false;
    }
  };
  const check = (bytes: Uint8Array) => {
    module.bytes(at, bytes.length).set(bytes);
    const isAccepted = module.call("isCanonical", at, at + bytes.length) !== 0;
    assert.equal(isAccepted, isEncoding(bytes), Buffer.from(bytes).toString("hex"));
  };
  fc.assert(
    fc.property(nested, fc.nat(), fc.nat(255), (value, position, byte) => {
      const bytes = RLP.encode(value);
      check(bytes);
      check(bytes.subarray(0, position % bytes.length));
      const mutated = bytes.slice();
      mutated[position % bytes.length] = byte;
      check(mutated);
    }),
    { numRuns: 2_000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 12 }), check), { numRuns: 5_000 });
});

test("RLP: integers, byte strings and list prefixes are written as they are read", () => {
  fc.assert(
    fc.property(words, fc.uint8Array({ maxLength: 300 }), fc.nat(70_000), (x, bytes, length) => {
      const hex = x === 0n ? "" : x.toString(16);
      const shortest = Uint8Array.from(Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, "hex"));
      put(a, x);
      const end = module.call("encodeWord", at + 128, a);
      assert.deepEqual(module.bytes(at + 128, end - at - 128).slice(), RLP.encode(shortest));
      assert.equal(module.call("wordOf", at + 128, end, out), 1);
      assert.equal(get(out), x);
      const low = BigInt.asUintN(63, x);
      const lowEnd = module.call("encodeUint64", at + 128, low);
      assert.equal(module.call64("integerOf", at + 128, lowEnd), low);
      module.bytes(at + 1_024, bytes.length).set(bytes);
      const bytesEnd = module.call("encodeBytes", at + 128, at + 1_024, bytes.length);
      assert.deepEqual(module.bytes(at + 128, bytesEnd - at - 128).slice(), RLP.encode(bytes));
      const item = RLP.encode(new Uint8Array(length));
      const list = RLP.encode([new Uint8Array(length)]);
      const headerEnd = module.call("encodeListHeader", at + 128, item.length);
      const header = module.bytes(at + 128, headerEnd - at - 128).slice();
      assert.deepEqual(header, list.subarray(0, list.length - item.length));
    }),
  );
});

test("RLP: an integer with a leading zero, of nine bytes or in a list is none", () => {
  const none = 2n ** 64n - 1n;
  for (const hex of ["8200ff", "00", "8901020304050607080a", "c101"]) {
    const bytes = Buffer.from(hex, "hex");
    module.bytes(at, bytes.length).set(bytes);
    assert.equal(module.call64("integerOf", at, at + bytes.length), none, hex);
  }
});
