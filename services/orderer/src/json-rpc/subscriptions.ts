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

/** What a message may do with the subscriptions of its connection. */
export type SubscriptionScope = {
  /** Adds a subscription and returns its id. */
  readonly subscribe: (kind: SubscriptionKind) => Hex;
  /** Ends a subscription; false if there is none. */
  readonly unsubscribe: (id: Hex) => boolean;
  /** To be called once the answer is sent: lets new subscriptions speak. */
  readonly release: () => void;
};

/** Notifications of one subscription that wait for the answer with its id. */
const heldMax = 1_024;

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

  /** The session as one message sees it: what it subscribes to is silent until its answer is sent. */
  scope(): SubscriptionScope {
    const created: Hex[] = [];
    return {
      subscribe: (kind) => {
        const id = this.#add(kind);
        created.push(id);
        return id;
      },
      unsubscribe: (id) => this.#subscriptions.delete(id),
      release: () => {
        for (const id of created) this.#release(id);
      },
    };
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
        if (!this.#deliver(subscription, text)) return;
      }
    }
  }

  #add(kind: SubscriptionKind): Hex {
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

  #release(id: Hex): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) return;
    const held = subscription.held ?? [];
    subscription.held = undefined;
    for (const text of held) this.#outlet.send(text);
  }

  /** False when the connection is not to be told anything more. */
  #deliver({ held }: Subscription, text: string): boolean {
    if (held === undefined) return this.#outlet.send(text);
    held.push(text);
    if (held.length <= heldMax) return true;
    this.#outlet.disconnect("too many notifications wait for an answer");
    return false;
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
