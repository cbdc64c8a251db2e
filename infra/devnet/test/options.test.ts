import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOptions, UsageError } from "../options.ts";

test("without arguments five operators run in one process each, with a view", () => {
  const options = parseOptions([]);
  assert.equal(options?.operators, 5);
  assert.equal(options?.split, false);
  assert.equal(options?.tour, false);
  assert.equal(options?.view, true);
});

test("--help is asked for by not giving options", () => {
  assert.equal(parseOptions(["--help"]), undefined);
  assert.equal(parseOptions(["-h"]), undefined);
});

test("what cannot be meant is refused with the reason", () => {
  for (const [args, reason] of [
    [["--exit"], /--tour/],
    [["--json", "x"], /--tour/],
    [["--operators", "0"], /1 to 7/],
    [["--operators", "8"], /1 to 7/],
    [["--operators", "two"], /whole number/],
    [["--port-base", "80"], /1024/],
    [["--colour"], /--colour/],
    [["extra"], /extra/],
  ] as const) {
    assert.throws(
      () => parseOptions(args),
      (error) => error instanceof UsageError && reason.test(error.message),
      args.join(" "),
    );
  }
});
