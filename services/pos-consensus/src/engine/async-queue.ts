/** A bounded queue between somebody who must not wait and somebody who reads when it can. */

/** A queue; what does not fit is dropped and counted. */
export type AsyncQueue<T> = AsyncIterable<T> & {
  /** False when the queue is full or closed. */
  readonly push: (item: T) => boolean;
  /** Ends the iteration after the items that are queued. */
  readonly close: () => void;
};

/** Creates a queue of at most `itemsMax` items for one reader. */
export function createAsyncQueue<T>(itemsMax: number): AsyncQueue<T> {
  const items: T[] = [];
  let isClosed = false;
  let wake: (() => void) | undefined;
  const notify = (): void => {
    wake?.();
    wake = undefined;
  };
  return {
    push: (item) => {
      if (isClosed || items.length >= itemsMax) return false;
      items.push(item);
      notify();
      return true;
    },
    close: () => {
      isClosed = true;
      notify();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const batch = items.splice(0);
        yield* batch;
        if (items.length > 0) continue;
        if (isClosed) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
