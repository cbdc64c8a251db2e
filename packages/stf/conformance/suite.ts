/** A suite: a folder of test files, and how one file is run. */
import type { Engine } from "./engine.ts";

/** How one test ended. `excluded` says in one sentence why it does not apply to an L2. */
export type Outcome = { readonly name: string } & (
  | { readonly status: "passed" }
  | { readonly status: "failed"; readonly expected: string; readonly actual: string }
  | { readonly status: "excluded"; readonly reason: string }
);

/** What a suite runs against. */
export type Subject = {
  readonly engine: Engine;
  /** The file of the test, below the folder of the suite. */
  readonly file: string;
  /** Whether a test of this name is wanted. */
  readonly isWanted: (name: string) => boolean;
  /** Whether tests that take minutes are wanted. */
  readonly isPatient: boolean;
};

/** One suite of the shared data. */
export type Suite = {
  readonly name: string;
  /** Below the folder `ethereum-tests`. */
  readonly folder: string;
  /** Runs the tests of one file; `content` is its JSON. */
  readonly run: (content: unknown, subject: Subject) => AsyncGenerator<Outcome>;
};

/** Passed when both texts are equal. */
export function compare(name: string, expected: string, actual: string): Outcome {
  if (expected === actual) return { name, status: "passed" };
  return { name, status: "failed", expected, actual };
}
