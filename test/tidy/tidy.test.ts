/** Rules of the house that a program can check. Limits only ratchet down. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, matchesGlob } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "../..");
const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "" && existsSync(join(root, file)));
const list = (pattern: string) => tracked.filter((file) => matchesGlob(file, pattern));
const read = (file: string) => readFileSync(join(root, file), "utf8");
const sources = list("{packages,services,infra,test,contracts}/**/*.{ts,mjs}");
const services = list("services/*/package.json").map((file) => dirname(file));
const linesMax = 400;

test("a source file has at most 400 lines", () => {
  const tooLong = sources.filter((file) => read(file).split("\n").length > linesMax + 1);
  assert.deepEqual(tooLong, []);
});

test("services do not import each other", () => {
  const names = services.map((directory) => directory.replace("services/", ""));
  for (const file of list("services/**/*.ts")) {
    const own = file.split("/")[1];
    const others = names.filter((name) => name !== own);
    for (const [, imported = ""] of read(file).matchAll(/from "([^"]+)"/g)) {
      const foreign = others.find(
        (name) => imported === `@sequorum/${name}` || imported.startsWith(`@sequorum/${name}/`),
      );
      assert.equal(foreign, undefined, `${file} imports ${imported}`);
    }
  }
});

test("a core imports nothing of the outside world", () => {
  const forbidden =
    /^(?:node:|viem|postgres|@nats-io|@grpc|@sequorum\/(?:bus|store|service|l1|proto)(?:$|\/)|.*\/adapters\/)/;
  for (const file of list("services/*/src/core/**/*.ts")) {
    for (const [, imported = ""] of read(file).matchAll(/from "([^"]+)"/g)) {
      assert.ok(!forbidden.test(imported), `${file} imports ${imported}`);
    }
    assert.ok(!/\bMath\.random\(/.test(read(file)), `${file} uses Math.random`);
  }
});

test("nothing is left to do without an issue", () => {
  for (const file of [
    ...sources,
    ...list("contracts/{src,test}/**/*.sol"),
    ...list("proto/**/*.proto"),
  ]) {
    if (file.startsWith("test/tidy/")) continue;
    assert.ok(!/\b(?:TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))/.test(read(file)), file);
  }
});

test("every service's README is its specification", () => {
  const headings = [
    "Inputs and effects",
    "Parameters",
    "Protocol",
    "Failures",
    "Invariants",
    "Byzantine",
    "Run it",
    "Sources",
  ];
  for (const directory of services) {
    const text = read(`${directory}/README.md`);
    for (const heading of headings) {
      assert.match(
        text,
        new RegExp(`^##+ .*${heading}`, "im"),
        `${directory}/README.md lacks "${heading}"`,
      );
    }
  }
});

test("every key of .env.example is read, and every key read is in it", () => {
  for (const directory of services) {
    const documented = [
      ...read(`${directory}/.env.example`).matchAll(/^#? ?([A-Z][A-Z0-9_]+)=/gm),
    ].map(([, key]) => key);
    const configured = [
      ...read(`${directory}/src/config.ts`).matchAll(/"([A-Z][A-Z0-9_]{4,})"/g),
    ].map(([, key]) => key);
    assert.deepEqual([...new Set(documented)].sort(), [...new Set(configured)].sort(), directory);
  }
});

test("every numbered invariant of a service is in the name of a test", () => {
  for (const directory of services) {
    const invariants = [
      ...read(`${directory}/README.md`).matchAll(/^\s*[-|*] \*{0,2}([A-Z]{1,2}\d+)\b/gm),
    ].map(([, id]) => id);
    const tests = list(`${directory}/{test,src}/**/*.test.ts`)
      .concat(list("test/**/*.test.ts"))
      .map(read)
      .join("\n");
    for (const id of invariants) {
      assert.match(
        tests,
        new RegExp(`test\\(\\s*[\`"'][^\`"']*\\b${id}\\b`),
        `${directory}: no test is named after ${id}`,
      );
    }
  }
});

test("no secret and no path of a machine is in the repository", () => {
  for (const file of [...sources, ...list("**/*.{md,json,yaml,yml,sol,proto,sh}")]) {
    if (file === "package-lock.json" || file.startsWith("test/tidy/")) continue;
    assert.ok(!/(?:^|[\s"'`(])\/(?:work|home|root)\/[a-z]/.test(read(file)), file);
    assert.ok(!/-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/]/.test(read(file)), file);
  }
});
