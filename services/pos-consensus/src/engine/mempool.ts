/** Pool transactions that wait for a block, in order of arrival. In memory: who submitted one submits it until decided. */
import { type Hex, keccak256 } from "@sequorum/protocol";
import type { TransactionCheck } from "../core/abci.ts";

/** Limits of the mempool. */
export type MempoolLimits = {
  readonly transactionBytesMax: number;
  readonly mempoolTransactionsMax: number;
  readonly mempoolBytesMax: number;
};

/** Where a transaction came from: a peer, or this operator. */
export type TransactionSource = Hex | "local";

/** Bounded; a peer may fill at most its share. */
export type Mempool = {
  readonly add: (
    transaction: Hex,
    source: TransactionSource,
    check: (transaction: Hex) => TransactionCheck,
  ) => TransactionCheck | { readonly type: "known" } | { readonly type: "full" };
  /** Transactions for a block, oldest first, of at most so many bytes. */
  readonly take: (bytesMax: number) => Hex[];
  /** This operator's own transactions, oldest first, of at most so many bytes: to be gossiped again. */
  readonly own: (bytesMax: number) => Hex[];
  /** Drops what no longer passes. */
  readonly recheck: (check: (transaction: Hex) => TransactionCheck) => void;
  readonly size: () => number;
};

type Entry = {
  readonly transaction: Hex;
  readonly bytes: number;
  readonly source: TransactionSource;
};

/** One peer may hold this part of the mempool. */
const peerShare = 0.25;

/** Creates an empty mempool. */
export function createMempool(limits: MempoolLimits): Mempool {
  const entries = new Map<Hex, Entry>();
  const ofSource = new Map<TransactionSource, number>();
  let bytesTotal = 0;
  const remove = (hash: Hex, entry: Entry): void => {
    entries.delete(hash);
    bytesTotal -= entry.bytes;
    ofSource.set(entry.source, (ofSource.get(entry.source) ?? 0) - 1);
  };
  const isFull = (bytes: number, source: TransactionSource): boolean => {
    const share = source === "local" ? 1 : peerShare;
    const countMax = limits.mempoolTransactionsMax * share;
    return (
      entries.size >= limits.mempoolTransactionsMax ||
      bytesTotal + bytes > limits.mempoolBytesMax ||
      (ofSource.get(source) ?? 0) >= countMax
    );
  };
  return {
    add: (transaction, source, check) => {
      const bytes = (transaction.length - 2) / 2;
      if (bytes > limits.transactionBytesMax) {
        return { type: "rejected", code: "TRANSACTION_TOO_LARGE", by: undefined };
      }
      const hash = keccak256(transaction);
      if (entries.has(hash)) return { type: "known" };
      if (isFull(bytes, source)) return { type: "full" };
      const result = check(transaction);
      if (result.type !== "ok") return result;
      entries.set(hash, { transaction, bytes, source });
      bytesTotal += bytes;
      ofSource.set(source, (ofSource.get(source) ?? 0) + 1);
      return result;
    },
    take: (bytesMax) => takeOldest([...entries.values()], bytesMax),
    own: (bytesMax) =>
      takeOldest(
        [...entries.values()].filter(({ source }) => source === "local"),
        bytesMax,
      ),
    recheck: (check) => {
      for (const [hash, entry] of [...entries]) {
        if (check(entry.transaction).type !== "ok") remove(hash, entry);
      }
    },
    size: () => entries.size,
  };
}

function takeOldest(entries: readonly Entry[], bytesMax: number): Hex[] {
  const taken: Hex[] = [];
  let bytes = 0;
  for (const entry of entries) {
    if (bytes + entry.bytes > bytesMax) break;
    bytes += entry.bytes;
    taken.push(entry.transaction);
  }
  return taken;
}
