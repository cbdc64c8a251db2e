/** A clock that stands still until it is run: events happen in order of time, then of scheduling. */

/** A virtual clock in milliseconds. */
export type VirtualClock = {
  readonly nowMs: () => number;
  readonly schedule: (afterMs: number, event: () => void) => void;
  /** Runs events until `isDone`, until none is left or until `untilMs`; returns whether `isDone` came true. */
  readonly run: (untilMs: number, isDone?: () => boolean) => boolean;
  readonly eventCount: () => number;
};

type Entry = { readonly atMs: number; readonly order: number; readonly event: () => void };

/** Creates a clock that shows `startMs`. */
export function createVirtualClock(startMs = 0): VirtualClock {
  const heap: Entry[] = [];
  let nowMs = startMs;
  let order = 0;
  let eventCount = 0;
  return {
    nowMs: () => nowMs,
    eventCount: () => eventCount,
    schedule: (afterMs, event) => {
      order += 1;
      push(heap, { atMs: nowMs + Math.max(0, afterMs), order, event });
    },
    run: (untilMs, isDone = () => false) => {
      while (!isDone()) {
        const next = heap[0];
        if (next === undefined || next.atMs > untilMs) {
          nowMs = Math.max(nowMs, untilMs);
          return false;
        }
        pop(heap);
        nowMs = next.atMs;
        eventCount += 1;
        next.event();
      }
      return true;
    },
  };
}

function isBefore(a: Entry | undefined, b: Entry | undefined): boolean {
  if (a === undefined || b === undefined) return a !== undefined;
  return a.atMs !== b.atMs ? a.atMs < b.atMs : a.order < b.order;
}

function swap(heap: Entry[], i: number, j: number): void {
  const [a, b] = [heap[i], heap[j]];
  if (a !== undefined && b !== undefined) [heap[i], heap[j]] = [b, a];
}

function push(heap: Entry[], entry: Entry): void {
  heap.push(entry);
  for (let i = heap.length - 1; i > 0; ) {
    const parent = (i - 1) >> 1;
    if (!isBefore(heap[i], heap[parent])) return;
    swap(heap, i, parent);
    i = parent;
  }
}

function pop(heap: Entry[]): void {
  swap(heap, 0, heap.length - 1);
  heap.pop();
  for (let i = 0; ; ) {
    const [left, right] = [2 * i + 1, 2 * i + 2];
    let first = i;
    if (left < heap.length && isBefore(heap[left], heap[first])) first = left;
    if (right < heap.length && isBefore(heap[right], heap[first])) first = right;
    if (first === i) return;
    swap(heap, i, first);
    i = first;
  }
}
