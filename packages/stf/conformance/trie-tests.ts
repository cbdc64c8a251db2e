/** TrieTests: roots of tries after changes in a given order or in any order. */
import { keccak256 } from "@sequorum/protocol";
import type { Engine, TrieChange } from "./engine.ts";
import { compare, type Outcome, type Subject, type Suite } from "./suite.ts";
import { bytes, type Fields, fields, fixed, list, text } from "./values.ts";

/** The suite. */
export const trieTests: Suite = { name: "TrieTests", folder: "TrieTests", run };

async function* run(
  content: unknown,
  { engine, isWanted, file }: Subject,
): AsyncGenerator<Outcome> {
  for (const [name, value] of Object.entries(fields(content))) {
    if (!isWanted(name)) continue;
    const test = fields(value);
    if (test["root"] === undefined) {
      const reason =
        "The test walks through a trie in order of keys, which no rule of a block needs.";
      yield { name, status: "excluded", reason };
      continue;
    }
    yield await runTest(name, test, { engine, isSecure: /secure/i.test(file) });
  }
}

async function runTest(
  name: string,
  test: Fields,
  { engine, isSecure }: { engine: Engine; isSecure: boolean },
): Promise<Outcome> {
  const isOrdered = Array.isArray(test["in"]);
  const pairs = isOrdered
    ? list(test["in"]).map((pair) => list(pair))
    : Object.entries(fields(test["in"]));
  const changes = pairs.map(([key, value]) => change(key, value, isSecure));
  const orders = isOrdered ? [changes] : [changes, [...changes].reverse()];
  const roots = await Promise.all(orders.map((order) => engine.trieRoot(order)));
  const root = fixed(test["root"], 32);
  return compare(name, root, roots.find((actual) => actual !== root) ?? root);
}

function change(key: unknown, value: unknown, isSecure: boolean): TrieChange {
  const plain = content(key);
  return {
    key: isSecure ? bytes(keccak256(plain)) : plain,
    value: value === null ? undefined : content(value),
  };
}

function content(value: unknown): Uint8Array {
  const string = text(value);
  return string.startsWith("0x") ? bytes(string) : new TextEncoder().encode(string);
}
