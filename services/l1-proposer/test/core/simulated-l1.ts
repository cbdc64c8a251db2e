// An L1 as a model: blocks, one sender account, a batch contract that takes indexes in order, competitors, reorgs.

import assert from "node:assert/strict";
import type { Hex } from "@sequorum/protocol";
import type { BroadcastOutcome, Receipt } from "../../src/core/input.ts";
import type { L1View } from "../../src/core/state.ts";

/** A transaction of our sender; without a batch it does nothing. */
export type SimulatedTransaction = {
  readonly hash: Hex;
  readonly nonce: number;
  readonly batch: bigint | undefined;
  readonly feeWei: bigint;
};

type Entry = {
  readonly by: "us" | "competitor" | "thief";
  readonly transaction: SimulatedTransaction;
};
type Block = { readonly entries: readonly Entry[] };
type Replay = { nonce: number; headIndex: bigint; receipts: Receipt[]; posts: Hex[] };

/** The model. `usedUpBy` remembers across reorgs how nonces were ever used up. */
export class SimulatedL1 {
  baseFeeWei = 10n;
  private blocks: Block[] = [];
  private mempool: SimulatedTransaction[] = [];
  private competitors: bigint[] = [];
  private thefts = 0;
  /** For each nonce of ours: batches whose transaction did not succeed in some block that used the nonce. */
  readonly usedUp = new Map<number, Set<"ours" | "other">>();

  send(transaction: SimulatedTransaction): BroadcastOutcome {
    const { nonce } = this.replay(this.blocks.length);
    if (transaction.nonce < nonce) return "nonceTooLow";
    const same = this.mempool.find((pending) => pending.nonce === transaction.nonce);
    if (same?.hash === transaction.hash) return "alreadyKnown";
    if (same !== undefined && transaction.feeWei * 8n < same.feeWei * 9n) return "underpriced";
    this.mempool = [...this.mempool.filter((pending) => pending !== same), transaction];
    return "accepted";
  }

  /** Another member posts the next batch in the next block. */
  compete(): void {
    this.competitors.push(this.replay(this.blocks.length).headIndex + 1n);
  }

  /** Somebody with our key uses a nonce up in the next block. */
  steal(): void {
    this.thefts += 1;
  }

  forgetMempool(): void {
    this.mempool = [];
  }

  mine(): void {
    const { nonce } = this.replay(this.blocks.length);
    const entries: Entry[] = this.competitors.map((batch) => ({
      by: "competitor",
      transaction: { hash: "0xc0", nonce: -1, batch, feeWei: 0n },
    }));
    this.competitors = [];
    let next = nonce;
    for (; this.thefts > 0; this.thefts--, next++) {
      entries.push({
        by: "thief",
        transaction: { hash: "0xdd", nonce: next, batch: undefined, feeWei: 0n },
      });
    }
    for (;;) {
      const found = this.mempool.find((t) => t.nonce === next && t.feeWei >= this.baseFeeWei);
      if (found === undefined) break;
      entries.push({ by: "us", transaction: found });
      next += 1;
    }
    this.mempool = this.mempool.filter((transaction) => transaction.nonce >= next);
    this.blocks.push({ entries });
    this.replay(this.blocks.length);
  }

  /** Takes the newest blocks out; our transactions go back to the mempool or are lost. */
  reorg(depth: number, keepTransactions: boolean): void {
    const removed = this.blocks.splice(Math.max(0, this.blocks.length - depth));
    const ours = removed.flatMap(({ entries }) => entries.filter(({ by }) => by === "us"));
    if (keepTransactions)
      this.mempool = [...ours.map(({ transaction }) => transaction), ...this.mempool];
    for (let i = 0; i < removed.length; i++) this.mine();
  }

  /** What a node that lags by so many blocks sees. */
  observe(observedAtMs: number, lag: number): { view: L1View; receipts: readonly Receipt[] } {
    const block = Math.max(0, this.blocks.length - lag);
    const { nonce, headIndex, receipts } = this.replay(block);
    return {
      view: {
        observedAtMs,
        block: BigInt(block),
        nonce,
        balanceWei: 10n ** 18n,
        baseFeeWei: this.baseFeeWei,
        priorityFeeWei: 2n,
        headIndex,
        activeEpoch: 1n,
      },
      receipts,
    };
  }

  get headIndex(): bigint {
    return this.replay(this.blocks.length).headIndex;
  }

  get nonce(): number {
    return this.replay(this.blocks.length).nonce;
  }

  private replay(blocks: number): Replay {
    const result: Replay = { nonce: 0, headIndex: 0n, receipts: [], posts: [] };
    for (const [i, { entries }] of this.blocks.slice(0, blocks).entries()) {
      for (const { by, transaction } of entries)
        this.execute(result, { by, transaction, block: i + 1 });
    }
    return result;
  }

  private execute(result: Replay, { by, transaction, block }: Entry & { block: number }): void {
    const { batch, hash, nonce } = transaction;
    const succeeded = batch === undefined || batch === result.headIndex + 1n;
    if (batch !== undefined && succeeded) result.headIndex = batch;
    if (by === "competitor") return;
    assert.equal(nonce, result.nonce, "the chain has no nonce gap");
    result.nonce += 1;
    if (by === "us")
      result.receipts.push({ hash, block: BigInt(block), succeeded, gasUsed: 1n, feeWei: 1n });
    if (by === "us" && succeeded && batch !== undefined) return;
    const uses = this.usedUp.get(nonce) ?? new Set();
    this.usedUp.set(nonce, uses.add(by === "us" ? "ours" : "other"));
  }
}
