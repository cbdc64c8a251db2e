/** The orderer's part of the traces of its blocks: watches the effects, and changes nothing. */
import type { Hex } from "@sequorum/protocol";
import { currentTrace, isTracing, recordBlockSpan } from "@sequorum/service";
import type { Effect } from "../core/effect.ts";
import type { BlockSummary } from "../core/state.ts";
import type { SubmitResult } from "../ports.ts";

/** Transactions of a block that get a span. */
export const tracedTransactionsMax = 16;
/** Accepted transactions and begun blocks that are remembered. */
const acceptedMax = 4_096;
const begunMax = 256;

type Accepted = { readonly atMs: number; readonly caller: ReturnType<typeof currentTrace> };

/** What the node tells. */
export type BlockTraces = {
  /** A front end's submission was answered after `ms`; called in the caller's context. */
  answered(result: SubmitResult, ms: number): void;
  /** The same performing, watched. */
  around(perform: (effect: Effect) => Promise<void>): (effect: Effect) => Promise<void>;
};

/** Starts with nothing; it costs nothing while spans go nowhere. */
export function createBlockTraces(nowMs: () => number = Date.now): BlockTraces {
  const accepted = new Map<Hex, Accepted>();
  /** When building on a parent, or executing a block, began. */
  const begun = new Map<Hex, number>();
  const remember = <V>(map: Map<Hex, V>, key: Hex, value: V, sizeMax: number) => {
    map.set(key, value);
    const [oldest] = map.keys();
    if (map.size > sizeMax && oldest !== undefined) map.delete(oldest);
  };

  function begins(effect: Effect): void {
    if (effect.type === "build") remember(begun, effect.parent, nowMs(), begunMax);
    if (effect.type === "execute") remember(begun, effect.hash, nowMs(), begunMax);
  }

  function done(effect: Effect): void {
    if (effect.type === "storeSealed")
      stored("block sealed", effect.summary, effect.summary.parentHash);
    if (effect.type === "storeBlock") stored("block executed", effect.summary, effect.summary.hash);
    if (effect.type === "headChanged") for (const block of effect.change.added) included(block);
  }

  function stored(
    name: "block sealed" | "block executed",
    block: BlockSummary,
    begunKey: Hex,
  ): void {
    const endMs = nowMs();
    const { hash: blockHash, height, term, transactions } = block;
    const attributes = {
      "sequorum.block.height": Number(height),
      "sequorum.block.transactions": transactions.length,
      "sequorum.term": Number(term),
    };
    const startMs = begun.get(begunKey) ?? endMs;
    recordBlockSpan({ service: "orderer", blockHash, name, startMs, endMs, attributes });
  }

  /** Callers who brought a trace go first. */
  function included({ hash: blockHash, height, transactions }: BlockSummary): void {
    const endMs = nowMs();
    const own = transactions.flatMap(({ hash }) => {
      const found = accepted.get(hash);
      return found === undefined ? [] : [{ hash, ...found }];
    });
    const ordered = [...own.filter(({ caller }) => caller), ...own.filter(({ caller }) => !caller)];
    for (const { hash, atMs: startMs, caller: link } of ordered.slice(0, tracedTransactionsMax)) {
      const attributes = {
        "sequorum.transaction.hash": hash,
        "sequorum.block.height": Number(height),
      };
      recordBlockSpan({
        service: "orderer",
        blockHash,
        name: "transaction accepted",
        startMs,
        endMs,
        attributes,
        link,
      });
    }
  }

  return {
    answered(result, ms) {
      if (!isTracing() || result.type !== "accepted") return;
      remember(accepted, result.hash, { atMs: nowMs() - ms, caller: currentTrace() }, acceptedMax);
    },
    around: (perform) => async (effect) => {
      if (!isTracing()) return perform(effect);
      begins(effect);
      await perform(effect);
      done(effect);
    },
  };
}
