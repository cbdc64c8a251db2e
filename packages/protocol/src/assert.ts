/** Invariant checks: a failed one is a bug, never bad input. */

/** Thrown when a fact that the code relies on does not hold; the process must stop. */
export class AssertionFailure extends Error {
  readonly values: Readonly<Record<string, unknown>>;
  constructor(fact: string, values: Readonly<Record<string, unknown>>) {
    super(`assertion failed: ${fact} ${describe(values)}`);
    this.name = "AssertionFailure";
    this.values = values;
  }
}

/** Throws `AssertionFailure` unless `condition`; `fact` is what should have held, in words. */
export function assert(
  condition: boolean,
  fact: string,
  values: Readonly<Record<string, unknown>> = {},
): asserts condition {
  if (!condition) throw new AssertionFailure(fact, values);
}

/** Marks the end of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new AssertionFailure("every case is handled", { value });
}

function describe(values: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(values, (_key, value) =>
    typeof value === "bigint" ? value.toString() : value,
  );
}
