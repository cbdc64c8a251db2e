/** Token bucket: how long the reader of a peer's stream must wait before it reads on. */

/** A bucket that refills at `perSecond` and holds two seconds' worth. */
export type RateLimit = {
  /** Takes `amount` and returns the milliseconds to wait (0 while the bucket is not overdrawn). */
  readonly take: (amount: number) => number;
};

const burstSeconds = 2;

/** Creates a full bucket. */
export function createRateLimit(perSecond: number, nowMs: () => number): RateLimit {
  let tokens = perSecond * burstSeconds;
  let refilledAtMs = nowMs();
  return {
    take: (amount) => {
      const atMs = nowMs();
      const refill = ((atMs - refilledAtMs) / 1_000) * perSecond;
      tokens = Math.min(perSecond * burstSeconds, tokens + refill) - amount;
      refilledAtMs = atMs;
      return tokens >= 0 ? 0 : Math.ceil((-tokens / perSecond) * 1_000);
    },
  };
}
