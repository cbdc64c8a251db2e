/** docs/ROBUSTNESS.md names tests; they must exist. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..", "..");
const read = (file: string) => readFileSync(join(root, file), "utf8");

test("every test that docs/ROBUSTNESS.md names exists", () => {
  let named = 0;
  for (const row of read("docs/ROBUSTNESS.md")
    .split("\n")
    .filter((line) => line.startsWith("| "))) {
    const cell = row.split(" | ").at(-1) ?? "";
    for (const [, file, names] of cell.matchAll(/`([^`]+\.test\.ts)` ((?:"[^"]+"(?:, )?)+)/g)) {
      for (const [, name] of (names ?? "").matchAll(/"([^"]+)"/g)) {
        const source = read(file ?? "");
        const isThere = ['"', "`"].some((quote) => source.includes(`${quote}${name}${quote}`));
        assert.ok(isThere, `${file}: "${name}"`);
        named += 1;
      }
    }
  }
  assert.ok(named > 50, `${named} tests are named`);
});
