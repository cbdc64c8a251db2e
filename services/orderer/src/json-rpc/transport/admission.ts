/** Counts messages being worked on, so that the server refuses rather than drowns. */
import { assert } from "@sequorum/protocol";

/** A counter with a bound. */
export class Admission {
  readonly #max: number;
  readonly #onChange: (count: number) => void;
  #count = 0;

  constructor(max: number, onChange: (count: number) => void = () => {}) {
    this.#max = max;
    this.#onChange = onChange;
  }

  /** What is in now. */
  get count(): number {
    return this.#count;
  }

  /** Takes `amount` if the bound allows it. */
  tryEnter(amount = 1): boolean {
    if (this.#count + amount > this.#max) return false;
    this.#count += amount;
    this.#onChange(this.#count);
    return true;
  }

  /** Gives back what was taken. */
  leave(amount = 1): void {
    assert(amount <= this.#count, "only what entered leaves", { amount, count: this.#count });
    this.#count -= amount;
    this.#onChange(this.#count);
  }
}
