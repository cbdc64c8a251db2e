/** Turns the orderer's chain events into notices for subscriptions and filters, in order, logs included. */
import { assert, type Hex } from "@sequorum/protocol";
import type { ChainEvent, ChainEvents, ChainLog } from "../ports.ts";
import type { L2Block } from "@sequorum/stf";

/** What subscriptions and filters are told. */
export type ChainNotice =
  | {
      readonly type: "chainChanged";
      /** Blocks that joined the canonical chain, lowest first. */
      readonly added: readonly L2Block[];
      /** Logs of abandoned blocks (`isRemoved`), then of the added ones; empty unless a listener wants logs. */
      readonly logs: readonly ChainLog[];
    }
  | { readonly type: "pendingTransaction"; readonly hash: Hex }
  /** Notices were lost: whatever depends on their being complete must end. */
  | { readonly type: "overflowed" };

/** Receives notices; `wantsLogs` says whether logs have to be read for it. */
export type ChainListener = {
  readonly wantsLogs: () => boolean;
  readonly notify: (notice: ChainNotice) => void;
};

/** One ordered feed for all listeners: the logs of a block are read once, whoever wants them. */
export class ChainFeed {
  readonly #events: ChainEvents;
  readonly #queuedMax: number;
  readonly #onFailure: (error: unknown) => void;
  readonly #listeners = new Set<ChainListener>();
  readonly #unsubscribe: () => void;
  #queue: ChainEvent[] = [];
  #isDraining = false;

  constructor(
    options: { readonly queuedMax: number },
    deps: { readonly events: ChainEvents; readonly onFailure: (error: unknown) => void },
  ) {
    assert(options.queuedMax > 0, "the queue holds something");
    this.#queuedMax = options.queuedMax;
    this.#events = deps.events;
    this.#onFailure = deps.onFailure;
    this.#unsubscribe = deps.events.subscribe((event) => this.#offer(event));
  }

  /** Adds a listener; returns the function that removes it. */
  listen(listener: ChainListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends the feed; listeners hear nothing more. */
  close(): void {
    this.#unsubscribe();
    this.#listeners.clear();
    this.#queue = [];
  }

  #offer(event: ChainEvent): void {
    if (event.type === "levelChanged" || this.#listeners.size === 0) return;
    if (this.#queue.length >= this.#queuedMax) {
      this.#queue = [];
      this.#tell({ type: "overflowed" });
      return;
    }
    this.#queue.push(event);
    void this.#drain();
  }

  async #drain(): Promise<void> {
    if (this.#isDraining) return;
    this.#isDraining = true;
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) {
      try {
        const notice = await this.#noticeOf(event);
        if (notice !== undefined) this.#tell(notice);
      } catch (error) {
        // The logs of a block could not be read, so what listeners hear is no longer complete.
        this.#onFailure(error);
        this.#tell({ type: "overflowed" });
      }
    }
    this.#isDraining = false;
  }

  async #noticeOf(event: ChainEvent): Promise<ChainNotice | undefined> {
    if (event.type === "pendingTransaction") return event;
    if (event.type === "levelChanged") return undefined;
    const wantsLogs = [...this.#listeners].some((listener) => listener.wantsLogs());
    const removed = wantsLogs
      ? await this.#logsOf(
          event.removed.map(({ block }) => block.hash),
          true,
        )
      : [];
    const added = wantsLogs
      ? await this.#logsOf(
          event.added.map(({ block }) => block.hash),
          false,
        )
      : [];
    return {
      type: "chainChanged",
      added: event.added.map(({ block }) => block),
      logs: [...removed, ...added],
    };
  }

  async #logsOf(blockHashes: readonly Hex[], isRemoved: boolean): Promise<readonly ChainLog[]> {
    const logs: ChainLog[] = [];
    for (const hash of blockHashes) {
      for (const log of await this.#events.matchLogs(hash, { addresses: [], topics: [] })) {
        logs.push({ ...log, isRemoved });
      }
    }
    return logs;
  }

  #tell(notice: ChainNotice): void {
    for (const listener of [...this.#listeners]) listener.notify(notice);
  }
}
