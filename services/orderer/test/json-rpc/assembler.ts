/** EVM code for tests from names: `PUSH1 5 SLOAD`, labels as `name:` before a JUMPDEST and `:name` after a PUSH2. */
import type { Hex } from "@sequorum/protocol";
import { opcodeName } from "../../src/json-rpc/opcode-names.ts";

const opcodes: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 256 }, (_, opcode) => [opcodeName(opcode), opcode]),
);

/** Code of a text; a number after a PUSH fills its bytes, or is the hexadecimal digits of all of them. */
export function assemble(text: string): Hex {
  const labels = new Map<string, number>();
  const parts: (string | { readonly label: string })[] = [];
  let at = 0;
  let argumentBytes = 0;
  for (const word of text.trim().split(/\s+/)) {
    const opcode = opcodes.get(word);
    if (word.endsWith(":")) labels.set(word.slice(0, -1), at);
    else if (argumentBytes > 0) {
      parts.push(word.startsWith(":") ? { label: word.slice(1) } : digits(word, argumentBytes));
      at += argumentBytes;
      argumentBytes = 0;
    } else {
      if (opcode === undefined) throw new Error(`${word} is no instruction`);
      parts.push(opcode.toString(16).padStart(2, "0"));
      at += 1;
      argumentBytes = opcode >= 0x60 && opcode < 0x80 ? opcode - 0x5f : 0;
    }
  }
  const code = parts.map((part) =>
    typeof part === "string" ? part : (labels.get(part.label) ?? 0).toString(16).padStart(4, "0"),
  );
  return `0x${code.join("")}`;
}

function digits(word: string, bytes: number): string {
  return word.length === 2 * bytes && bytes > 2
    ? word
    : Number(word)
        .toString(16)
        .padStart(2 * bytes, "0");
}
