/** Says how a run ended. */
import type { FileOutcome } from "./run-files.ts";

/** Figures of one suite. */
export type Counts = {
  readonly passed: number;
  readonly failed: number;
  readonly excluded: number;
};

/** Counts by suite, in the given order. */
export function countBySuite(
  names: readonly string[],
  outcomes: readonly FileOutcome[],
): ReadonlyMap<string, Counts> {
  return new Map(
    names.map((name) => [name, count(outcomes.filter(({ suite }) => suite === name))]),
  );
}

/** Counts of some outcomes. */
export function count(outcomes: readonly FileOutcome[]): Counts {
  const of = (status: FileOutcome["status"]) =>
    outcomes.filter((outcome) => outcome.status === status).length;
  return { passed: of("passed"), failed: of("failed"), excluded: of("excluded") };
}

/** One line. */
export function describeCounts(name: string, { passed, failed, excluded }: Counts): string {
  return `${name.padEnd(20)} ${passed} passed, ${failed} failed, ${excluded} excluded`;
}

/** A failed test with what was expected and what came out. */
export function describeFailure(outcome: FileOutcome): string {
  if (outcome.status !== "failed") return "";
  const place = `${outcome.suite}/${outcome.file}: ${outcome.name}`;
  return `FAILED ${place}\n  expected ${outcome.expected}\n  actual   ${outcome.actual}`;
}

/** Reasons of exclusion and how many tests each excludes; with names when asked. */
export function describeExclusions(
  outcomes: readonly FileOutcome[],
  isNaming: boolean,
): readonly string[] {
  const byReason = new Map<string, string[]>();
  for (const outcome of outcomes) {
    if (outcome.status !== "excluded") continue;
    const names = byReason.get(outcome.reason) ?? [];
    names.push(`  ${outcome.suite}/${outcome.file}: ${outcome.name}`);
    byReason.set(outcome.reason, names);
  }
  return [...byReason].flatMap(([reason, names]) => [
    `${names.length} excluded: ${reason}`,
    ...(isNaming ? names : []),
  ]);
}
