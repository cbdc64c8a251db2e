/** Subscriptions of one WebSocket (eth_subscribe). A notification never overtakes the answer with the subscription's id. */
import { randomBytes } from "node:crypto";
import { bytesToHex, type Hex, unreachable } from "@sequorum/protocol";
import type { ChainListener, ChainNotice } from "./chain-feed.ts";
import { limitExceeded } from "./errors.ts";
import { formatHeader, formatLog } from "./format.ts";
import type { Json } from "./json.ts";
import { type LogCriteria, logMatches } from "./log-filter.ts";

/** What a subscription is about. */
export type SubscriptionKind =
  | { readonly type: "newHeads" }
  | { readonly type: "newPendingTransactions"; readonly isFull: boolean }
  | { readonly type: "logs"; readonly criteria: LogCriteria };

/** What the session does with its connection. */
export type SubscriptionOutlet = {
  /** Sends a message; false if the connection is gone or was cut for being too slow. */
  readonly send: (text: string) => boolean;
  /** Ends the connection because notifications were lost. */
  readonly disconnect: (reason: string) => void;
  /** RPC form of a waiting transaction, if it still waits. */
  readonly pendingTransaction: (hash: Hex) => Json | undefined;
};

type Subscription = {
  readonly kind: SubscriptionKind;
  /** Notifications held back until the answer to eth_subscribe is sent; undefined afterwards. */
  held: string[] | undefined;
};

/** The subscriptions of one connection. */
export class SubscriptionSession implements ChainListener {
  readonly #max: number;
  readonly #outlet: SubscriptionOutlet;
  readonly #subscriptions = new Map<Hex, Subscription>();

  constructor(options: { readonly subscriptionsMax: number }, outlet: SubscriptionOutlet) {
    this.#max = options.subscriptionsMax;
    this.#outlet = outlet;
  }

  /** Number of subscriptions. */
  get size(): number {
    return this.#subscriptions.size;
  }

  /** Adds a subscription and returns its id; it is silent until `release`. */
  subscribe(kind: SubscriptionKind): Hex {
    if (this.#subscriptions.size >= this.#max) {
      throw limitExceeded(
        "too many subscriptions on this connection",
        "subscriptionsPerConnectionMax",
      );
    }
    const id = bytesToHex(randomBytes(16));
    this.#subscriptions.set(id, { kind, held: [] });
    return id;
  }

  /** Ends a subscription; false if there is none. */
  unsubscribe(id: Hex): boolean {
    return this.#subscriptions.delete(id);
  }

  /** To be called once answers are sent: lets new subscriptions speak. */
  release(): void {
    for (const subscription of this.#subscriptions.values()) {
      const held = subscription.held ?? [];
      subscription.held = undefined;
      for (const text of held) this.#outlet.send(text);
    }
  }

  wantsLogs(): boolean {
    return [...this.#subscriptions.values()].some(({ kind }) => kind.type === "logs");
  }

  notify(notice: ChainNotice): void {
    if (notice.type === "overflowed") {
      if (this.#subscriptions.size > 0) this.#outlet.disconnect("notifications were lost");
      return;
    }
    for (const [id, subscription] of this.#subscriptions) {
      for (const result of this.#resultsOf(subscription.kind, notice)) {
        const text = notification(id, result);
        if (subscription.held !== undefined) subscription.held.push(text);
        else if (!this.#outlet.send(text)) return;
      }
    }
  }

  #resultsOf(
    kind: SubscriptionKind,
    notice: Exclude<ChainNotice, { type: "overflowed" }>,
  ): readonly Json[] {
    switch (kind.type) {
      case "newHeads":
        return notice.type === "chainChanged" ? notice.added.map(formatHeader) : [];
      case "logs":
        if (notice.type !== "chainChanged") return [];
        return notice.logs.filter((log) => logMatches(log, kind.criteria)).map(formatLog);
      case "newPendingTransactions": {
        if (notice.type !== "pendingTransaction") return [];
        const result = kind.isFull ? this.#outlet.pendingTransaction(notice.hash) : notice.hash;
        return result === undefined ? [] : [result];
      }
      default:
        return unreachable(kind);
    }
  }
}

function notification(id: Hex, result: Json): string {
  return JSON.stringify({
    jsonrpc: "2.0",
    method: "eth_subscription",
    params: { subscription: id, result },
  });
}
