/** Moving the canonical head, and what follows from it for the mempool. */
import { assert, type Hex } from "@sequorum/protocol";
import type { AccountSummary, Transaction } from "@sequorum/stf";
import type { ChainChange, Effect } from "./effect.ts";
import { changeBetween } from "./fork-choice.ts";
import type { PooledTransaction } from "./mempool.ts";
import type { BlockSummary, State } from "./state.ts";

/** The canonical head. */
export function headOf(state: State): BlockSummary {
  const head = state.tree.get(state.head);
  assert(head !== undefined, "the head is in the tree", { head: state.head });
  return head;
}

/** The change that makes `tip` canonical; undefined when it is the head. */
export function changeTo(state: State, tip: BlockSummary): ChainChange | undefined {
  return tip.hash === state.head ? undefined : changeBetween(state.tree, headOf(state), tip);
}

/** Adopts a change that has been stored: head, mempool, accounts. The effects come after the storing. */
export function adopt(
  state: State,
  change: ChainChange,
  atMs: number,
): { readonly state: State; readonly effects: readonly Effect[] } {
  const head = change.added.at(-1);
  assert(head !== undefined, "a change of the chain ends in a new head", {
    forkHeight: change.forkHeight,
  });
  const moved: State = {
    ...state,
    head: head.hash,
    headChangedAtMs: atMs,
    idle: false,
    workSinceMs: undefined,
  };
  const returned = returnRemoved(moved, change, atMs);
  const dropped: Hex[] = [];
  for (const block of change.added) {
    for (const { hash } of block.transactions) state.mempool.include(hash);
    dropped.push(...state.mempool.updateAccounts(block.senders));
  }
  const effects: Effect[] = [...returned.effects, { type: "headChanged", change }];
  if (dropped.length > 0) effects.push({ type: "dropTransactions", hashes: dropped });
  if (change.removed.length > 0) {
    const addresses = [...state.mempool.senders()];
    if (addresses.length > 0)
      effects.push({ type: "readAccounts", head: returned.state.head, addresses });
  }
  return { state: returned.state, effects };
}

/** Transactions of abandoned blocks wait again, in their old order; ones that came with a peer's block are stored now. */
function returnRemoved(
  state: State,
  change: ChainChange,
  atMs: number,
): { state: State; effects: Effect[] } {
  let sequence = state.nextSequence;
  const foreign: PooledTransaction[] = [];
  const all: { pooled: PooledTransaction; account: AccountSummary }[] = [];
  const nonces = new Map<Hex, bigint>();
  const sequenced = change.removed.toReversed().flatMap(sequencedOf);
  for (const transaction of sequenced) {
    let pooled = state.mempool.takeIncluded(transaction.hash);
    if (pooled === undefined) {
      pooled = { transaction, sequence, receivedAtMs: atMs };
      sequence += 1n;
      foreign.push(pooled);
    }
    if (!nonces.has(transaction.from)) nonces.set(transaction.from, transaction.nonce);
    // the nonce is a lower bound until `accountsRead`
    all.push({ pooled, account: { nonce: nonces.get(transaction.from) ?? 0n, balanceWei: 0n } });
  }
  state.mempool.restore(all);
  const effects: Effect[] =
    foreign.length === 0 ? [] : [{ type: "storeTransactions", added: foreign, replaced: [] }];
  return { state: { ...state, nextSequence: sequence }, effects };
}

function sequencedOf(block: BlockSummary): readonly Transaction[] {
  return block.transactions.slice(block.forcedCount);
}
