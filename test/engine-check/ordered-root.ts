/** Root of the Merkle-Patricia trie from rlp(index) to value: a header's transactionsRoot (Yellow Paper, 4.3.2 and D). */
import {
  type Hex,
  hexToBytes,
  keccak256,
  type RlpItem,
  rlpEncode,
  rlpUint,
} from "@sequorum/protocol";

type Entry = { readonly nibbles: readonly number[]; readonly value: Uint8Array };

const empty = new Uint8Array(0);

/** The root; written apart from the executor's tries, so that the two check each other. */
export function orderedRoot(values: readonly Uint8Array[]): Hex {
  const entries = values.map((value, index) => ({
    nibbles: nibblesOf(rlpEncode(rlpUint(BigInt(index)))),
    value,
  }));
  return keccak256(rlpEncode(node(entries, 0)));
}

/** The node of entries that agree in their first `depth` nibbles. No key is the beginning of another. */
function node(entries: readonly Entry[], depth: number): RlpItem {
  const [first] = entries;
  if (first === undefined) return empty;
  if (entries.length === 1) return [compact(first.nibbles.slice(depth), 2), first.value];
  let end = depth;
  while (entries.every(({ nibbles }) => nibbles[end] === first.nibbles[end])) end += 1;
  if (end > depth)
    return [compact(first.nibbles.slice(depth, end), 0), reference(node(entries, end))];
  const children = Array.from({ length: 16 }, (_, nibble) => {
    const below = entries.filter(({ nibbles }) => nibbles[depth] === nibble);
    return below.length === 0 ? empty : reference(node(below, depth + 1));
  });
  return [...children, empty];
}

/** A node of fewer than 32 bytes stands for itself, any other is named by its hash. */
function reference(item: RlpItem): RlpItem {
  const encoded = rlpEncode(item);
  return encoded.length < 32 ? item : hexToBytes(keccak256(encoded));
}

/** Hex-prefix encoding; `flag` is 2 for a leaf. */
function compact(nibbles: readonly number[], flag: number): Uint8Array {
  const isOdd = nibbles.length % 2 === 1;
  const all = isOdd ? [flag + 1, ...nibbles] : [flag, 0, ...nibbles];
  return Uint8Array.from(
    { length: all.length / 2 },
    (_, i) => 16 * (all[2 * i] ?? 0) + (all[2 * i + 1] ?? 0),
  );
}

function nibblesOf(bytes: Uint8Array): number[] {
  return [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
}
