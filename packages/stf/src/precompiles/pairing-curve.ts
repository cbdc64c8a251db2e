/// <reference path="../webassembly.d.ts" />
/**
 * Points and pairings of alt_bn128 and BLS12-381 by mcl's WebAssembly (npm: mcl-wasm), ten times faster than integers of
 * JavaScript. The package's own loader is asynchronous and knows one curve a process, so its binary is taken out of it and
 * used through mcl's C interface (mcl, include/mcl/bn.h): an instance a curve, made when it is first needed.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { assert } from "@sequorum/protocol";

/** A curve as mcl knows it. */
export type CurveDescription = {
  readonly number: number;
  /** Bytes of a coordinate as they come and go. */
  readonly coordinateBytes: number;
  /** Whether G1 is a part of the curve only; of the twist, G2 always is. */
  readonly hasCofactor: boolean;
};

/** The two curves of Ethereum's precompiles. */
export const curves = {
  bn254: { number: 4, coordinateBytes: 32, hasCofactor: false },
  bls12381: { number: 5, coordinateBytes: 48, hasCofactor: true },
} as const satisfies Record<string, CurveDescription>;

/** Where a value lies in the instance's memory. */
type Pointer = number;
/** A function of mcl: 64-bit sizes do not occur, so that all values are numbers. */
type Operation = (...values: readonly number[]) => number;

/** What is used of mcl. */
const functionNames = [
  "__wasm_call_ctors",
  "free",
  "malloc",
  "mclBnFp_add",
  "mclBnFp_clear",
  "mclBnFp_getLittleEndian",
  "mclBnFp_mul",
  "mclBnFp_setBigEndianMod",
  "mclBnFp_setInt32",
  "mclBnFp_sqr",
  "mclBnFp_squareRoot",
  "mclBnFr_setBigEndianMod",
  "mclBnG1_add",
  "mclBnG1_clear",
  "mclBnG1_isValid",
  "mclBnG1_isZero",
  "mclBnG1_mul",
  "mclBnG1_normalize",
  "mclBnG1_sub",
  "mclBnG2_clear",
  "mclBnG2_isValid",
  "mclBnG2_isZero",
  "mclBnGT_isOne",
  "mclBn_finalExp",
  "mclBn_getUint64NumToPrecompute",
  "mclBn_init",
  "mclBn_millerLoopVec",
  "mclBn_precomputeG2",
  "mclBn_precomputedMillerLoop",
  "mclBn_precomputedMillerLoop2",
  "mclBn_verifyOrderG1",
  "mclBn_verifyOrderG2",
] as const;
type Functions = Readonly<Record<(typeof functionNames)[number], Operation>>;

/** MCLBN_COMPILED_TIME_VAR: this build holds 4 units of scalars and 6 of field elements. */
const compiledTimeVariable = 46;
const fieldBytes = 48;
const scalarBytes = 32;
const g1Bytes = 3 * fieldBytes;
const g2Bytes = 6 * fieldBytes;
const gtBytes = 12 * fieldBytes;
const memoryPages = 32;

let compiled: WebAssembly.Module | undefined;

function loadBinary(): WebAssembly.Module {
  if (compiled !== undefined) return compiled;
  const file = createRequire(import.meta.url).resolve("mcl-wasm/dist/mcl_c.js");
  const encoded = /wasmBase64 = '([A-Za-z0-9+/=]+)'/.exec(readFileSync(file, "utf8"))?.[1];
  assert(encoded !== undefined, "mcl-wasm carries its binary as a string", { file });
  compiled = new WebAssembly.Module(Buffer.from(encoded, "base64"));
  return compiled;
}

/** Arithmetic on one curve. Points are pointers; who makes one with `newG1` keeps it for good. */
export class PairingCurve {
  /** mcl's functions. */
  readonly run: Functions;
  readonly #memory = new WebAssembly.Memory({ initial: memoryPages });
  #view = new Uint8Array(0);
  /** Bytes going in and out. */
  readonly #buffer: Pointer;
  readonly #scalar: Pointer;
  readonly #coordinateBytes: number;

  constructor({ number, coordinateBytes, hasCofactor }: CurveDescription) {
    this.#coordinateBytes = coordinateBytes;
    const env = { memory: this.#memory };
    this.run = functionsOf(new WebAssembly.Instance(loadBinary(), { env }).exports);
    this.run.__wasm_call_ctors();
    const error = this.run.mclBn_init(number, compiledTimeVariable);
    assert(error === 0, "mcl knows the curve", { number, error });
    // a point is valid only in the subgroup of prime order
    this.run.mclBn_verifyOrderG1(hasCofactor ? 1 : 0);
    this.run.mclBn_verifyOrderG2(1);
    this.#buffer = this.allocate(fieldBytes);
    this.#scalar = this.allocate(scalarBytes);
  }

  /** Memory for good, or until `free`. */
  allocate(bytes: number): Pointer {
    const pointer = this.run.malloc(bytes);
    assert(pointer !== 0, "mcl has memory", { bytes });
    return pointer;
  }

  free(pointer: Pointer): void {
    this.run.free(pointer);
  }

  /** Room for points of G1, for points of G2, or for a value of the pairing, one behind the other. */
  newG1(count = 1): Pointer {
    return this.allocate(count * g1Bytes);
  }
  newG2(count = 1): Pointer {
    return this.allocate(count * g2Bytes);
  }
  newGt(): Pointer {
    return this.allocate(gtBytes);
  }

  /** The point of G1 or G2 at an index of such a room. */
  g1At(first: Pointer, index: number): Pointer {
    return first + index * g1Bytes;
  }
  g2At(first: Pointer, index: number): Pointer {
    return first + index * g2Bytes;
  }

  /** Puts the affine point into G1; false when it is not on the curve or not in the subgroup. */
  setG1(point: Pointer, x: Uint8Array, y: Uint8Array): boolean {
    this.#setField(point, x);
    this.#setField(point + fieldBytes, y);
    this.run.mclBnFp_setInt32(point + 2 * fieldBytes, 1);
    return this.run.mclBnG1_isValid(point) === 1;
  }

  /** As `setG1` in G2; coordinates are x0, x1, y0, y1, the real part first. */
  setG2(point: Pointer, coordinates: readonly Uint8Array[]): boolean {
    for (const [i, coordinate] of coordinates.entries()) {
      this.#setField(point + i * fieldBytes, coordinate);
    }
    this.run.mclBnFp_setInt32(point + 4 * fieldBytes, 1);
    this.run.mclBnFp_clear(point + 5 * fieldBytes);
    return this.run.mclBnG2_isValid(point) === 1;
  }

  /** Multiplies a point of G1 by a big-endian integer of 32 bytes. */
  multiplyG1(out: Pointer, point: Pointer, factor: Uint8Array): void {
    this.#bytes().set(factor, this.#buffer);
    const error = this.run.mclBnFr_setBigEndianMod(this.#scalar, this.#buffer, factor.length);
    assert(error === 0, "mcl reads a scalar", { error });
    this.run.mclBnG1_mul(out, point, this.#scalar);
  }

  /** Affine coordinates of a point of G1, big-endian; undefined for the point at infinity. */
  affineG1(point: Pointer): readonly [x: Uint8Array, y: Uint8Array] | undefined {
    if (this.run.mclBnG1_isZero(point) === 1) return undefined;
    this.run.mclBnG1_normalize(point, point);
    return [this.#getField(point), this.#getField(point + fieldBytes)];
  }

  /** The root of x³ + `b`, of which there are two, big-endian; undefined when there is none. */
  ordinate(x: Uint8Array, b: number): Uint8Array | undefined {
    const [value, cube] = [this.allocate(fieldBytes), this.allocate(fieldBytes)];
    try {
      this.#setField(value, x);
      this.run.mclBnFp_sqr(cube, value);
      this.run.mclBnFp_mul(cube, cube, value);
      this.run.mclBnFp_setInt32(value, b);
      this.run.mclBnFp_add(cube, cube, value);
      return this.run.mclBnFp_squareRoot(value, cube) === 0 ? this.#getField(value) : undefined;
    } finally {
      this.free(value);
      this.free(cube);
    }
  }

  #setField(out: Pointer, bytes: Uint8Array): void {
    this.#bytes().set(bytes, this.#buffer);
    const error = this.run.mclBnFp_setBigEndianMod(out, this.#buffer, bytes.length);
    assert(error === 0, "mcl reads a field element", { error });
  }

  #getField(element: Pointer): Uint8Array {
    const length = this.run.mclBnFp_getLittleEndian(this.#buffer, fieldBytes, element);
    assert(length > 0, "mcl writes a field element");
    const bytes = new Uint8Array(this.#coordinateBytes);
    bytes.set(this.#bytes().subarray(this.#buffer, this.#buffer + length));
    return bytes.reverse();
  }

  /** The memory; another buffer after it grew, when the old one has length 0. */
  #bytes(): Uint8Array {
    if (this.#view.length === 0) this.#view = new Uint8Array(this.#memory.buffer);
    return this.#view;
  }
}

function functionsOf(exports: Readonly<Record<string, unknown>>): Functions {
  for (const name of functionNames) {
    assert(typeof exports[name] === "function", "mcl has the function", { name });
  }
  return exports as Functions;
}
