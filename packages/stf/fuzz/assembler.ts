/** Code under construction: instructions, jumps to labels, and data behind the instructions. */
import { op } from "./opcodes.ts";

/** A place in the code that jumps go to; or the place of some data. Its value is known at the end. */
export type Label = { position: number };

/** Appends instructions. Positions are written as PUSH2. */
export class Assembler {
  readonly #bytes: number[] = [];
  readonly #patches: { readonly at: number; readonly label: Label }[] = [];
  readonly #data: { readonly label: Label; readonly content: Uint8Array }[] = [];

  get length(): number {
    return this.#bytes.length;
  }

  emit(...bytes: readonly number[]): void {
    for (const byte of bytes) this.#bytes.push(byte);
  }

  /** The shortest push, or one of `width` bytes. */
  push(value: bigint, width?: number): void {
    const digits = value === 0n ? "" : value.toString(16);
    const size = Math.max(width ?? 0, Math.ceil(digits.length / 2));
    if (size === 0) return this.emit(op.PUSH0);
    const bytes = Buffer.from(digits.padStart(2 * size, "0"), "hex");
    this.emit(op.PUSH1 + size - 1, ...bytes);
  }

  pushLabel(label: Label): void {
    this.emit(op.PUSH1 + 1, 0, 0);
    this.#patches.push({ at: this.#bytes.length - 2, label });
  }

  /** A label to be placed later. */
  label(): Label {
    return { position: -1 };
  }

  /** Puts a JUMPDEST here. */
  place(label: Label): void {
    label.position = this.#bytes.length;
    this.emit(op.JUMPDEST);
  }

  /** Adds data behind the instructions; its label is its offset. */
  data(content: Uint8Array): Label {
    const label = this.label();
    this.#data.push({ label, content });
    return label;
  }

  /** The code. */
  finish(): Uint8Array {
    if (this.#data.length > 0) this.emit(op.INVALID);
    for (const { label, content } of this.#data) {
      label.position = this.#bytes.length;
      for (const byte of content) this.#bytes.push(byte);
    }
    for (const { at, label } of this.#patches) {
      this.#bytes[at] = (label.position >> 8) & 0xff;
      this.#bytes[at + 1] = label.position & 0xff;
    }
    return Uint8Array.from(this.#bytes);
  }
}
