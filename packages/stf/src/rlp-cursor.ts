/** Reads RLP that the module wrote, item by item, without making an object for each. */
import { assert, type Hex } from "@sequorum/protocol";
import { toInteger } from "./bytes.ts";

/** A place between the items of one list. */
export class RlpCursor {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;
  /** Payload of the item that was entered last. */
  #start = 0;
  #stop = 0;
  #isList = false;

  private constructor(bytes: Buffer, at: number, end: number) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  /** Before the first item of the list that `bytes` are. */
  static of(bytes: Uint8Array): RlpCursor {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const outer = new RlpCursor(buffer, 0, buffer.length);
    const items = outer.items();
    assert(outer.isAtEnd, "an output is one list");
    return items;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** The items of the next item, a list. */
  items(): RlpCursor {
    this.#enter();
    assert(this.#isList, "an item is a list");
    return new RlpCursor(this.#bytes, this.#start, this.#stop);
  }

  /** The next item, a list of equal things. */
  list<Value>(read: (items: RlpCursor) => Value): Value[] {
    const items = this.items();
    const values: Value[] = [];
    while (!items.isAtEnd) values.push(read(items));
    return values;
  }

  /** A copy of the next item's bytes. */
  bytes(): Uint8Array {
    this.#enterString();
    return new Uint8Array(this.#bytes.subarray(this.#start, this.#stop));
  }

  hex(): Hex {
    this.#enterString();
    return `0x${this.#bytes.toString("hex", this.#start, this.#stop)}`;
  }

  /** As `hex`; null when it is empty. */
  hexOrNull(): Hex | null {
    const hex = this.hex();
    return hex.length === 2 ? null : hex;
  }

  /** A natural number that is exact. */
  number(): number {
    this.#enterString();
    assert(this.#stop - this.#start <= 6, "a number is below 2 ** 48");
    return this.#small();
  }

  /** An unsigned integer. Most are short, and a hexadecimal detour costs more than a few multiplications. */
  integer(): bigint {
    this.#enterString();
    if (this.#stop - this.#start <= 6) return BigInt(this.#small());
    return toInteger(this.#bytes.subarray(this.#start, this.#stop));
  }

  #small(): number {
    let value = 0;
    for (let at = this.#start; at < this.#stop; at++) {
      value = value * 256 + (this.#bytes[at] ?? 0);
    }
    return value;
  }

  #enterString(): void {
    this.#enter();
    assert(!this.#isList, "an item is a byte string");
  }

  /** Finds the payload of the next item (Yellow Paper, appendix B) and moves behind it. */
  #enter(): void {
    const first = this.#bytes[this.#at];
    assert(first !== undefined && this.#at < this.#end, "a list has the item that is read");
    this.#isList = first >= 0xc0;
    this.#start = this.#at + 1;
    if (first < 0x80) {
      this.#start = this.#at;
      this.#stop = this.#at + 1;
    } else {
      const short = first - (this.#isList ? 0xc0 : 0x80);
      const lengthBytes = short > 55 ? short - 55 : 0;
      const start = this.#start + lengthBytes;
      this.#stop =
        lengthBytes > 0 ? start + this.#lengthAt(this.#start, lengthBytes) : start + short;
      this.#start = start;
    }
    assert(this.#stop <= this.#end, "an item ends within its list");
    this.#at = this.#stop;
  }

  #lengthAt(at: number, lengthBytes: number): number {
    assert(lengthBytes <= 6, "an output's length is a number");
    return this.#bytes.readUIntBE(at, lengthBytes);
  }
}
