import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import fc from "fast-check";
import { deflate } from "../../src/batch-codec/deflate.ts";
import { inflate } from "../../src/batch-codec/inflate.ts";

/** Bytes that repeat themselves, so that matches, long runs and literals all occur. */
const compressible = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 120 }))
        .map(([unit, times]) =>
          Uint8Array.from(Array.from({ length: times }, () => [...unit]).flat()),
        ),
    ),
    { maxLength: 30 },
  )
  .map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));
const segments = fc.array(compressible, { maxLength: 4 });

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

test("zlib reads what deflate writes", () => {
  fc.assert(
    fc.property(segments, (parts) => {
      assert.deepEqual(new Uint8Array(zlib.inflateRawSync(deflate(parts))), concat(parts));
    }),
  );
});

test("inflate reads what deflate writes", () => {
  fc.assert(
    fc.property(segments, (parts) => {
      const plain = concat(parts);
      assert.deepEqual(inflate(deflate(parts), plain.length), { type: "inflated", bytes: plain });
    }),
  );
});

test("the tail is stored as it is, wherever the segments end", () => {
  fc.assert(
    fc.property(segments, fc.uint8Array({ maxLength: 300 }), (parts, tail) => {
      const stream = deflate(parts, tail);
      const plain = concat([...parts, tail]);
      assert.deepEqual(new Uint8Array(zlib.inflateRawSync(stream)), plain);
      assert.deepEqual(inflate(stream, plain.length), { type: "inflated", bytes: plain });
      if (tail.length > 0) assert.deepEqual(stream.subarray(-tail.length), tail);
    }),
  );
});

test("inflate reads zlib's fixed-code and stored streams at every level", () => {
  fc.assert(
    fc.property(compressible, fc.integer({ min: 0, max: 9 }), (plain, level) => {
      const stream = new Uint8Array(
        zlib.deflateRawSync(plain, { level, strategy: zlib.constants.Z_FIXED }),
      );
      assert.deepEqual(inflate(stream, plain.length), { type: "inflated", bytes: plain });
    }),
  );
});

test("inflate agrees with zlib on arbitrary and mutated streams whenever both accept", () => {
  fc.assert(
    fc.property(segments, fc.nat(), fc.integer({ min: 1, max: 255 }), (parts, where, flip) => {
      const stream = deflate(parts);
      const position = where % stream.length;
      stream[position] = (stream[position] ?? 0) ^ flip;
      const ours = inflate(stream, 1 << 20);
      if (ours.type === "rejected") return;
      assert.deepEqual(ours.bytes, new Uint8Array(zlib.inflateRawSync(stream)));
    }),
    { numRuns: 500 },
  );
});

test("a segment longer than one stored block is split", () => {
  const random = new Uint8Array(150_001);
  let seed = 7;
  for (let index = 0; index < random.length; index += 1) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    random[index] = seed >>> 24;
  }
  const stream = deflate([Uint8Array.of(1, 2, 3), random]);
  assert.deepEqual(new Uint8Array(zlib.inflateRawSync(stream)).subarray(3), random);
  assert.equal(inflate(stream, 150_004).type, "inflated");
  assert.ok(stream.length < 150_004 + 40, `stream of ${stream.length} bytes`);
});

test("inflate stops at its output bound instead of growing", () => {
  const bomb = deflate([new Uint8Array(1 << 20)]);
  assert.ok(bomb.length < 10_000);
  assert.deepEqual(inflate(bomb, 4_096), { type: "rejected", code: "STREAM_TOO_LONG" });
});

test("inflate refuses truncation, trailing bytes, dynamic and reserved blocks, bad lengths", () => {
  const stream = deflate([Uint8Array.from({ length: 300 }, (_, index) => index % 7)]);
  for (let length = 0; length < stream.length; length += 1) {
    assert.equal(inflate(stream.subarray(0, length), 1_000).type, "rejected", `cut to ${length}`);
  }
  const rejected = (code: string) => ({ type: "rejected", code });
  assert.deepEqual(
    inflate(concat([stream, Uint8Array.of(0)]), 1_000),
    rejected("STREAM_TRAILING_BYTES"),
  );
  const dynamic = zlib.deflateRawSync(Buffer.from("a dynamic block ".repeat(300)));
  assert.deepEqual(inflate(new Uint8Array(dynamic), 10_000), rejected("STREAM_MALFORMED"));
  assert.deepEqual(inflate(Uint8Array.of(0b111), 10), rejected("STREAM_MALFORMED"));
  assert.deepEqual(inflate(Uint8Array.of(1, 1, 0, 0, 0, 9), 10), rejected("STREAM_MALFORMED"));
  const tooFar = Uint8Array.of(0x03, 0x02, 0x00);
  assert.equal(inflate(tooFar, 10).type, "rejected");
});
