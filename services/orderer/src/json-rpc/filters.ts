/** Installed filters (eth_newFilter and its relatives): changes are collected until polled, bounded and expiring. */
import { randomBytes } from "node:crypto";
import { bytesToHex, type Hex, unreachable } from "@sequorum/protocol";
import type { ChainListener, ChainNotice } from "./chain-feed.ts";
import { JsonRpcFailure, limitExceeded } from "./errors.ts";
import { formatLog } from "./format.ts";
import type { Json } from "./json.ts";
import { type LogQuery, logMatches } from "./log-filter.ts";

/** What a filter collects. */
export type FilterKind =
  | { readonly type: "blocks" }
  | { readonly type: "pendingTransactions" }
  | { readonly type: "logs"; readonly query: LogQuery };

/** Bounds of the registry (limits.ts). */
export type FilterLimits = {
  readonly filtersMax: number;
  readonly filterIdleMs: number;
  readonly filterChangesMax: number;
};

type Filter = { readonly kind: FilterKind; changes: Json[]; polledAtMs: number };

/** All installed filters of the server. A filter that overflows or is not polled is removed. */
export class FilterRegistry implements ChainListener {
  readonly #limits: FilterLimits;
  readonly #nowMs: () => number;
  readonly #filters = new Map<Hex, Filter>();

  constructor(limits: FilterLimits, deps: { readonly nowMs: () => number }) {
    this.#limits = limits;
    this.#nowMs = deps.nowMs;
  }

  /** Number of installed filters. */
  get size(): number {
    return this.#filters.size;
  }

  /** Installs a filter and returns its id. */
  install(kind: FilterKind): Hex {
    this.removeExpired();
    if (this.#filters.size >= this.#limits.filtersMax) {
      throw limitExceeded("too many filters are installed", "filtersMax");
    }
    const id = bytesToHex(randomBytes(16));
    this.#filters.set(id, { kind, changes: [], polledAtMs: this.#nowMs() });
    return id;
  }

  /** Removes a filter; false if there is none. */
  uninstall(id: Hex): boolean {
    return this.#filters.delete(id);
  }

  /** What the filter collected since the last poll; throws for an unknown one. */
  takeChanges(id: Hex): readonly Json[] {
    const filter = this.#poll(id);
    const { changes } = filter;
    filter.changes = [];
    return changes;
  }

  /** The query of a log filter; throws for any other. */
  logQuery(id: Hex): LogQuery {
    const { kind } = this.#poll(id);
    if (kind.type !== "logs") throw filterNotFound();
    return kind.query;
  }

  wantsLogs(): boolean {
    return [...this.#filters.values()].some(({ kind }) => kind.type === "logs");
  }

  notify(notice: ChainNotice): void {
    if (notice.type === "overflowed") return this.#filters.clear();
    this.removeExpired();
    for (const [id, filter] of this.#filters) {
      filter.changes.push(...changesOf(filter.kind, notice));
      if (filter.changes.length > this.#limits.filterChangesMax) this.#filters.delete(id);
    }
  }

  /** Removes the filters that were not polled for `filterIdleMs`. */
  removeExpired(): void {
    const oldest = this.#nowMs() - this.#limits.filterIdleMs;
    for (const [id, filter] of this.#filters) {
      if (filter.polledAtMs < oldest) this.#filters.delete(id);
    }
  }

  #poll(id: Hex): Filter {
    this.removeExpired();
    const filter = this.#filters.get(id);
    if (filter === undefined) throw filterNotFound();
    filter.polledAtMs = this.#nowMs();
    return filter;
  }
}

function filterNotFound(): JsonRpcFailure {
  return new JsonRpcFailure("serverError", "filter not found");
}

function changesOf(kind: FilterKind, notice: ChainNotice): readonly Json[] {
  switch (kind.type) {
    case "blocks":
      return notice.type === "chainChanged" ? notice.added.map(({ hash }) => hash) : [];
    case "pendingTransactions":
      return notice.type === "pendingTransaction" ? [notice.hash] : [];
    case "logs":
      if (notice.type !== "chainChanged") return [];
      return notice.logs.filter((log) => logMatches(log, kind.query)).map(formatLog);
    default:
      return unreachable(kind);
  }
}
