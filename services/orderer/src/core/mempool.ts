/**
 * The waiting transactions: first come, first served; per sender in nonce order; bounded.
 * MUTABLE: the one structure of the core that is changed in place, since copying it for each input would be too slow.
 * Its methods are deterministic.
 */
import type { Hex } from "@sequorum/protocol";
import { assert } from "@sequorum/protocol";
import type { AccountSummary, Transaction } from "@sequorum/stf";
import type { TransactionRejection } from "./rejections.ts";

/** Bounds of the mempool. */
export type MempoolLimits = {
  readonly transactionsMax: number;
  readonly bytesMax: number;
  /** Transactions of one sender. */
  readonly perSenderMax: number;
  /** How far a nonce may be above the account's. */
  readonly nonceGapMax: number;
  /** Transactions in all that wait for an earlier nonce. */
  readonly queuedMax: number;
  /** Percentage by which a replacement must raise both fees. */
  readonly replacementRaisePercent: number;
  /** Time after which a transaction is given up. */
  readonly ageMsMax: number;
};

/** A waiting transaction. */
export type PooledTransaction = {
  readonly transaction: Transaction;
  /** Order of arrival; unique, kept over restarts. */
  readonly sequence: bigint;
  readonly receivedAtMs: number;
};

/** What the next block asks of a transaction. */
export type NextBlock = { readonly baseFeePerGas: bigint; readonly gasLimit: bigint };

type Sender = { account: AccountSummary; readonly byNonce: Map<bigint, PooledTransaction> };

/** Result of an admission. */
export type Admission =
  | { readonly type: "admitted"; readonly replaced: Hex | undefined }
  | {
      readonly type: "rejected";
      readonly code: TransactionRejection;
      readonly detail?: Readonly<Record<string, bigint>>;
    };

/** Transactions for a block, and whether others are held back by their fee only. */
export type Selected = {
  readonly transactions: readonly Transaction[];
  readonly underpriced: number;
};

export class Mempool {
  readonly #limits: MempoolLimits;
  readonly #senders = new Map<Hex, Sender>();
  /** In order of arrival. */
  #byHash = new Map<Hex, PooledTransaction>();
  #bytes = 0;
  /** Transactions that are in uncertified canonical blocks: back they come if the block is abandoned. */
  readonly #included = new Map<Hex, PooledTransaction>();
  readonly #forwardedAtMs = new Map<Hex, number>();

  constructor(limits: MempoolLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#byHash.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(hash: Hex): PooledTransaction | undefined {
    return this.#byHash.get(hash);
  }

  /** All, in order of arrival. */
  all(): IterableIterator<PooledTransaction> {
    return this.#byHash.values();
  }

  senders(): IterableIterator<Hex> {
    return this.#senders.keys();
  }

  hasSender(address: Hex): boolean {
    return this.#senders.has(address);
  }

  /** Takes a transaction or says why not. `account` is the sender's at the head of the chain. */
  admit(pooled: PooledTransaction, account: AccountSummary, next: NextBlock): Admission {
    const { transaction } = pooled;
    if (this.#byHash.has(transaction.hash)) return { type: "rejected", code: "ALREADY_KNOWN" };
    const sender = this.#senders.get(transaction.from);
    const old = sender?.byNonce.get(transaction.nonce);
    const rejection =
      this.#fit(transaction, account, next) ??
      this.#room(transaction, account, old) ??
      this.#funds(transaction, account, sender);
    if (rejection !== undefined) return { type: "rejected", ...rejection };
    if (old !== undefined) this.remove(old.transaction.hash);
    this.#insert(pooled, account);
    return { type: "admitted", replaced: old?.transaction.hash };
  }

  /** Puts transactions back (after a restart, or of an abandoned block) without looking at limits; keeps the order. */
  restore(
    returned: readonly { readonly pooled: PooledTransaction; readonly account: AccountSummary }[],
  ): void {
    let isSorted = true;
    const last = [...this.#byHash.values()].at(-1)?.sequence ?? -1n;
    for (const { pooled, account } of returned) {
      const { hash, from, nonce } = pooled.transaction;
      if (this.#byHash.has(hash) || this.#senders.get(from)?.byNonce.has(nonce)) continue;
      if (nonce < account.nonce) continue;
      isSorted &&= pooled.sequence > last;
      this.#insert(pooled, account);
    }
    if (isSorted && returned.length < 2) return;
    const sorted = [...this.#byHash].sort(([, a], [, b]) => (a.sequence < b.sequence ? -1 : 1));
    this.#byHash = new Map(sorted);
  }

  /** Sets senders' accounts at a new head; returns the hashes that can never be included any more. */
  updateAccounts(accounts: ReadonlyMap<Hex, AccountSummary>): Hex[] {
    const dropped: Hex[] = [];
    for (const [address, account] of accounts) {
      const sender = this.#senders.get(address);
      if (sender === undefined) continue;
      sender.account = account;
      for (const [nonce, { transaction }] of sender.byNonce) {
        if (nonce < account.nonce) dropped.push(transaction.hash);
      }
    }
    for (const hash of dropped) this.remove(hash);
    return dropped;
  }

  remove(hash: Hex): PooledTransaction | undefined {
    const pooled = this.#byHash.get(hash);
    if (pooled === undefined) return undefined;
    const { from, nonce, raw } = pooled.transaction;
    this.#byHash.delete(hash);
    this.#forwardedAtMs.delete(hash);
    this.#bytes -= raw.length;
    const sender = this.#senders.get(from);
    assert(sender !== undefined, "a pooled transaction has its sender's queue", { hash });
    sender.byNonce.delete(nonce);
    if (sender.byNonce.size === 0) this.#senders.delete(from);
    return pooled;
  }

  /** Takes a transaction out because a canonical block has it. */
  include(hash: Hex): void {
    const pooled = this.remove(hash);
    if (pooled !== undefined) this.#included.set(hash, pooled);
  }

  isIncluded(hash: Hex): boolean {
    return this.#included.has(hash);
  }

  /** The entry of a transaction whose block was abandoned, or was certified. */
  takeIncluded(hash: Hex): PooledTransaction | undefined {
    const pooled = this.#included.get(hash);
    this.#included.delete(hash);
    return pooled;
  }

  /** Transactions that were not forwarded since `beforeMs`, oldest first; marks them. */
  takeForwardable(beforeMs: number, atMs: number, max: number): Transaction[] {
    const taken: Transaction[] = [];
    for (const { transaction } of this.#byHash.values()) {
      if (taken.length >= max) break;
      if ((this.#forwardedAtMs.get(transaction.hash) ?? -1) > beforeMs) continue;
      this.#forwardedAtMs.set(transaction.hash, atMs);
      taken.push(transaction);
    }
    return taken;
  }

  /** A new leader has not been sent anything. */
  forgetForwarding(): void {
    this.#forwardedAtMs.clear();
  }

  /** Hashes of transactions older than the limit. */
  expired(atMs: number): Hex[] {
    const hashes: Hex[] = [];
    for (const { transaction, receivedAtMs } of this.#byHash.values()) {
      if (atMs - receivedAtMs <= this.#limits.ageMsMax) break;
      hashes.push(transaction.hash);
    }
    return hashes;
  }

  /**
   * First come, first served: transactions in the order in which they became executable. One that arrived before its
   * predecessor comes right after it; one whose fee is too low holds back the later ones of its sender only.
   */
  select(next: NextBlock, max: number): Selected {
    const nextNonce = new Map<Hex, bigint>();
    const transactions: Transaction[] = [];
    let underpriced = 0;
    for (const { transaction } of this.#byHash.values()) {
      if (transactions.length >= max) break;
      const sender = this.#senders.get(transaction.from);
      assert(sender !== undefined, "a pooled transaction has its sender's queue");
      let nonce = nextNonce.get(transaction.from) ?? sender.account.nonce;
      if (transaction.nonce !== nonce) continue;
      let candidate: Transaction | undefined = transaction;
      while (candidate !== undefined && transactions.length < max) {
        if (candidate.maxFeePerGas < next.baseFeePerGas) {
          underpriced += 1;
          break;
        }
        transactions.push(candidate);
        nonce += 1n;
        const later: PooledTransaction | undefined = sender.byNonce.get(nonce);
        // only what arrived before its predecessor; the rest has its own turn
        const isUnblocked = later !== undefined && later.sequence < this.#sequenceOf(transaction);
        candidate = isUnblocked ? later.transaction : undefined;
      }
      nextNonce.set(transaction.from, nonce);
    }
    return { transactions, underpriced };
  }

  /** Whether the next block could have some transaction, as far as fee and balance tell. */
  hasExecutable(next: NextBlock): boolean {
    for (const { account, byNonce } of this.#senders.values()) {
      const first = byNonce.get(account.nonce)?.transaction;
      if (first === undefined || first.maxFeePerGas < next.baseFeePerGas) continue;
      if (costOf(first) <= account.balanceWei) return true;
    }
    return false;
  }

  /** The sender's nonce after its executable transactions. */
  pendingNonce(address: Hex, account: AccountSummary): bigint {
    const sender = this.#senders.get(address);
    let nonce = account.nonce;
    while (sender?.byNonce.has(nonce)) nonce += 1n;
    return nonce;
  }

  /** Splits into executable ones and ones that wait for an earlier nonce, each in order of arrival. */
  split(): { pending: PooledTransaction[]; queued: PooledTransaction[] } {
    const pending: PooledTransaction[] = [];
    const queued: PooledTransaction[] = [];
    const ends = new Map<Hex, bigint>();
    for (const [address, { account }] of this.#senders)
      ends.set(address, this.pendingNonce(address, account));
    for (const pooled of this.#byHash.values()) {
      const { from, nonce } = pooled.transaction;
      (nonce < (ends.get(from) ?? 0n) ? pending : queued).push(pooled);
    }
    return { pending, queued };
  }

  #sequenceOf(transaction: Transaction): bigint {
    return this.#byHash.get(transaction.hash)?.sequence ?? 0n;
  }

  #insert(pooled: PooledTransaction, account: AccountSummary): void {
    const { from, nonce, hash, raw } = pooled.transaction;
    const known = this.#senders.get(from);
    const sender: Sender = known ?? { account, byNonce: new Map() };
    // the nonce of a known sender follows the head; the one given was read a moment ago
    sender.account = { nonce: sender.account.nonce, balanceWei: account.balanceWei };
    sender.byNonce.set(nonce, pooled);
    this.#senders.set(from, sender);
    this.#byHash.set(hash, pooled);
    this.#bytes += raw.length;
  }

  #fit(transaction: Transaction, account: AccountSummary, next: NextBlock): Rejected {
    const { nonce, gasLimit, maxFeePerGas } = transaction;
    if (gasLimit > next.gasLimit) return reject("GAS_LIMIT_ABOVE_BLOCK", { limit: next.gasLimit });
    if (maxFeePerGas < next.baseFeePerGas)
      return reject("FEE_TOO_LOW", { baseFeePerGas: next.baseFeePerGas });
    if (nonce < account.nonce) return reject("NONCE_TOO_LOW", { nonce: account.nonce });
    const highest = account.nonce + BigInt(this.#limits.nonceGapMax);
    return nonce > highest ? reject("NONCE_TOO_HIGH", { nonce: account.nonce }) : undefined;
  }

  #room(
    transaction: Transaction,
    account: AccountSummary,
    old: PooledTransaction | undefined,
  ): Rejected {
    if (old !== undefined) return this.#replacement(transaction, old.transaction);
    const { from, nonce, raw } = transaction;
    const sender = this.#senders.get(from);
    if ((sender?.byNonce.size ?? 0) >= this.#limits.perSenderMax)
      return reject("SENDER_QUEUE_FULL");
    if (this.size >= this.#limits.transactionsMax) return reject("MEMPOOL_FULL");
    if (this.#bytes + raw.length > this.#limits.bytesMax) return reject("MEMPOOL_FULL");
    const isQueued = nonce > this.pendingNonce(from, account);
    const isFull =
      isQueued &&
      this.size >= this.#limits.queuedMax &&
      this.split().queued.length >= this.#limits.queuedMax;
    return isFull ? reject("MEMPOOL_FULL") : undefined;
  }

  #replacement(transaction: Transaction, old: Transaction): Rejected {
    const raise = BigInt(100 + this.#limits.replacementRaisePercent);
    const isEnough = (now: bigint, before: bigint) => now * 100n >= before * raise;
    const isRaised =
      isEnough(transaction.maxFeePerGas, old.maxFeePerGas) &&
      isEnough(transaction.maxPriorityFeePerGas, old.maxPriorityFeePerGas);
    return isRaised
      ? undefined
      : reject("REPLACEMENT_UNDERPRICED", { maxFeePerGas: (old.maxFeePerGas * raise) / 100n });
  }

  /** The balance must carry everything of the sender that waits up to this nonce. */
  #funds(transaction: Transaction, account: AccountSummary, sender: Sender | undefined): Rejected {
    let needed = costOf(transaction);
    for (const [nonce, { transaction: other }] of sender?.byNonce ?? []) {
      if (nonce < transaction.nonce) needed += costOf(other);
    }
    return needed > account.balanceWei
      ? reject("INSUFFICIENT_FUNDS", { needed, balance: account.balanceWei })
      : undefined;
  }
}

type Rejected =
  | { readonly code: TransactionRejection; readonly detail?: Readonly<Record<string, bigint>> }
  | undefined;

function reject(code: TransactionRejection, detail?: Readonly<Record<string, bigint>>): Rejected {
  return detail === undefined ? { code } : { code, detail };
}

function costOf(transaction: Transaction): bigint {
  return transaction.valueWei + transaction.gasLimit * transaction.maxFeePerGas;
}
