/** What a run of the module hands out: new content, packed, and everything else in order. */
import { outputCode, outputHeader, outputNode, outputTraceStep } from "../assembly/interface.ts";
import { ContentTable } from "./content-table.ts";

/** One output; lent until the next run. */
export type Output = { readonly kind: number; readonly bytes: Uint8Array };

/** Buffers that grew beyond this are given back after the run. */
const keptBytesMax = 16 << 20;
const startBytes = 64 * 1_024;

/** The outputs of one run, in buffers that are used again. */
export class Outputs {
  #content = ContentTable.ofSize(startBytes);
  #bytes = new Uint8Array(startBytes);
  #used = 0;
  readonly #kinds: number[] = [];
  readonly #ends: number[] = [];
  #traceBytesLeft = 0;
  #traceStepsLeft = 0;
  /** Steps of a trace that were not kept. */
  stepsLeftOut = 0;

  /** Forgets what the last run gave. */
  clear(traceBytesMax: number, traceStepsMax: number): void {
    if (this.#content.used > keptBytesMax) this.#content = ContentTable.ofSize(startBytes);
    if (this.#bytes.length > keptBytesMax) this.#bytes = new Uint8Array(startBytes);
    this.#content.clear();
    this.#used = 0;
    this.#kinds.length = 0;
    this.#ends.length = 0;
    this.#traceBytesLeft = traceBytesMax;
    this.#traceStepsLeft = traceStepsMax;
    this.stepsLeftOut = 0;
  }

  /** Takes one output; `bytes` is the module's memory. */
  add(kind: number, bytes: Uint8Array): void {
    if (kind === outputNode || kind === outputCode || kind === outputHeader) {
      this.#content.addJoined(bytes); // hash and content
      if (kind !== outputHeader) return;
    }
    if (kind === outputTraceStep) {
      if (bytes.length > this.#traceBytesLeft || this.#traceStepsLeft === 0) {
        this.#traceBytesLeft = 0; // no later step either: a trace has no holes
        this.stepsLeftOut += 1;
        return;
      }
      this.#traceBytesLeft -= bytes.length;
      this.#traceStepsLeft -= 1;
    }
    this.#append(kind, bytes);
  }

  /** Nodes, codes and header of the run; a copy. */
  packedContent(): Uint8Array<ArrayBuffer> {
    return this.#content.copy();
  }

  /** The outputs in order, without nodes and codes. */
  *all(): Generator<Output> {
    let start = 0;
    for (const [i, kind] of this.#kinds.entries()) {
      const end = this.#ends[i] ?? start;
      yield { kind, bytes: this.#bytes.subarray(start, end) };
      start = end;
    }
  }

  /** The outputs of one kind. */
  of(wanted: number): Uint8Array[] {
    return [...this.all()].filter(({ kind }) => kind === wanted).map(({ bytes }) => bytes);
  }

  #append(kind: number, bytes: Uint8Array): void {
    const end = this.#used + bytes.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#used);
    this.#used = end;
    this.#kinds.push(kind);
    this.#ends.push(end);
  }
}
