/** RLPTests: encodings of given values, and byte strings that are none. */
import type { Engine, Tree } from "./engine.ts";
import { compare, type Outcome, type Subject, type Suite } from "./suite.ts";
import { bytes, fields, list } from "./values.ts";

/** The suite. */
export const rlpTests: Suite = { name: "RLPTests", folder: "RLPTests", run };

async function* run(content: unknown, { engine, isWanted }: Subject): AsyncGenerator<Outcome> {
  for (const [name, value] of Object.entries(fields(content))) {
    if (!isWanted(name)) continue;
    const { in: input, out } = fields(value);
    const encoding = bytes(out);
    if (input === "VALID" || input === "INVALID") {
      const isCanonical = (await engine.decodeRlp(encoding)) !== undefined;
      yield compare(name, input, isCanonical ? "VALID" : "INVALID");
      continue;
    }
    yield await compareTree(name, encoding, { tree: toTree(input), engine });
  }
}

async function compareTree(
  name: string,
  encoding: Uint8Array,
  { tree, engine }: { tree: Tree; engine: Engine },
): Promise<Outcome> {
  const expected = `${show(tree)} encoded as ${show(encoding)}`;
  const decoded = await engine.decodeRlp(encoding);
  const shown = decoded === undefined ? "nothing" : show(decoded);
  return compare(name, expected, `${shown} encoded as ${show(await engine.encodeRlp(tree))}`);
}

/** Strings are bytes, numbers and strings that begin with # are integers. */
function toTree(value: unknown): Tree {
  if (typeof value === "number") return integerBytes(BigInt(value));
  if (typeof value !== "string") return list(value).map(toTree);
  if (value.startsWith("#")) return integerBytes(BigInt(value.slice(1)));
  return new Uint8Array(Buffer.from(value, "latin1"));
}

function integerBytes(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array(0);
  const digits = value.toString(16);
  return bytes(digits.length % 2 === 0 ? digits : `0${digits}`);
}

function show(tree: Tree): string {
  if (tree instanceof Uint8Array) return `0x${Buffer.from(tree).toString("hex")}`;
  return `[${tree.map(show).join(" ")}]`;
}
