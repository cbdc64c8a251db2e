/** Seeded pseudo-random numbers (sfc32): equal seeds give equal sequences. Not for secrets. */

/** A deterministic source of randomness. */
export type Prng = {
  /** Uniform in [0, 1). */
  readonly next: () => number;
  /** Uniform integer in [low, high]. */
  readonly integer: (low: number, high: number) => number;
  /** True with the given probability. */
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(items: readonly T[]) => T;
  readonly shuffle: <T>(items: readonly T[]) => T[];
  /** An independent source whose sequence depends on this seed and the label only. */
  readonly fork: (label: string) => Prng;
};

/** Creates a source from a seed. */
export function createPrng(seed: number | string): Prng {
  const text = String(seed);
  const next = sfc32([0, 1, 2, 3].map((salt) => hashText(`${salt}/${text}`)));
  for (let i = 0; i < 12; i++) next();
  const integer = (low: number, high: number): number =>
    low + Math.floor(next() * (high - low + 1));
  return {
    next,
    integer,
    chance: (probability) => next() < probability,
    pick: (items) => {
      const item = items[integer(0, items.length - 1)];
      if (item === undefined) throw new RangeError("nothing to pick from");
      return item;
    },
    shuffle: (items) => {
      const copy = [...items];
      for (let i = copy.length - 1; i > 0; i--) {
        const j = integer(0, i);
        const [a, b] = [copy[i], copy[j]];
        if (a !== undefined && b !== undefined) [copy[i], copy[j]] = [b, a];
      }
      return copy;
    },
    fork: (label) => createPrng(`${text}/${label}`),
  };
}

function sfc32(seeds: readonly number[]): () => number {
  let [a = 0, b = 0, c = 0, d = 1] = seeds;
  return () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
}

/** FNV-1a. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}
