/** Random values that lie where implementations go wrong: around powers of two, limits, and each other. */
import type { Prng } from "@sequorum/testkit";

const wordLimit = 1n << 256n;

/** One of `choices` with its weight. */
export type Weighted<Choice> = readonly (readonly [weight: number, choice: Choice])[];

/** Picks by weight. */
export function pickWeighted<Choice>(prng: Prng, choices: Weighted<Choice>): Choice {
  let left = prng.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, choice] of choices) {
    left -= weight;
    if (left < 0) return choice;
  }
  const last = choices.at(-1);
  if (last === undefined) throw new RangeError("nothing to pick from");
  return last[1];
}

/** Random bytes. */
export function randomBytes(prng: Prng, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = prng.next() * 256;
  return bytes;
}

/** An unsigned integer of a number of bytes. */
export function randomInteger(prng: Prng, bytes: number): bigint {
  return bytes === 0 ? 0n : BigInt(`0x${Buffer.from(randomBytes(prng, bytes)).toString("hex")}`);
}

const specialWords: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 7n, 8n, 31n, 32n, 33n, 63n, 64n, 127n, 128n, 255n, 256n, 257n],
  ...[(1n << 32n) - 1n, 1n << 32n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n, 1n << 64n],
  ...[(1n << 128n) - 1n, 1n << 128n, (1n << 192n) - 1n, 1n << 192n, (1n << 255n) - 1n],
  ...[1n << 255n, (1n << 255n) + 1n, wordLimit - 2n, wordLimit - 1n, wordLimit - 256n],
];

/** A word: special, small, near a power of two, of some bytes, or negative. */
export function randomWord(prng: Prng): bigint {
  const kind = prng.next();
  if (kind < 0.4) return prng.pick(specialWords);
  if (kind < 0.55) return BigInt(prng.integer(0, 300));
  if (kind < 0.7) {
    const power = 1n << BigInt(prng.integer(0, 255));
    return (power + BigInt(prng.integer(-2, 2)) + wordLimit) % wordLimit;
  }
  if (kind < 0.8) return wordLimit - BigInt(prng.integer(1, 300));
  return randomInteger(prng, prng.integer(1, 32));
}

const hugeOffsets: readonly bigint[] = [
  ...[1n << 16n, 1n << 20n, (1n << 31n) - 1n, 1n << 31n, (1n << 32n) - 32n, (1n << 32n) - 1n],
  ...[1n << 32n, (1n << 63n) - 1n, (1n << 64n) - 1n, 1n << 64n, 1n << 255n, wordLimit - 1n],
];

/** An offset in memory, code or data: mostly small, seldom beyond everything. */
export function randomOffset(prng: Prng): bigint {
  const kind = prng.next();
  if (kind < 0.75) return BigInt(prng.integer(0, 130));
  if (kind < 0.97) return BigInt(prng.integer(0, 3_000));
  return prng.pick(hugeOffsets);
}

/** A length: often 0, 32 or small, seldom beyond everything. */
export function randomSize(prng: Prng): bigint {
  const kind = prng.next();
  if (kind < 0.15) return 0n;
  if (kind < 0.35) return 32n;
  if (kind < 0.85) return BigInt(prng.integer(1, 100));
  if (kind < 0.98) return BigInt(prng.integer(1, 2_000));
  return prng.pick(hugeOffsets);
}
