/** Tells the core once a height that a block is wanted: for work at hand or for a deadline of the application. */
import type { PosHeight } from "@sequorum/protocol";
import type { Input } from "../core/tendermint/input.ts";

/** Checks for work whenever something may have changed. */
export type WorkWatch = { readonly check: () => void; readonly stop: () => void };

const timerMsMax = 2 ** 31 - 1;

/** Creates a watch. */
export function createWorkWatch(options: {
  readonly isWanted: () => boolean;
  readonly deadlineMs: () => bigint | undefined;
  readonly height: () => PosHeight;
  readonly offer: (input: Input) => void;
}): WorkWatch {
  let toldFor: PosHeight | undefined;
  let timer: NodeJS.Timeout | undefined;
  const check = (): void => {
    clearTimeout(timer);
    const height = options.height();
    if (toldFor === height) return;
    const deadlineMs = options.deadlineMs();
    const remainingMs = deadlineMs === undefined ? undefined : Number(deadlineMs) - Date.now();
    if (options.isWanted() || (remainingMs !== undefined && remainingMs <= 0)) {
      toldFor = height;
      options.offer({ type: "blockWanted", height });
      return;
    }
    if (remainingMs !== undefined) timer = setTimeout(check, Math.min(remainingMs, timerMsMax));
  };
  return { check, stop: () => clearTimeout(timer) };
}
