/** Transactions on their way into the mempool. They are on disk before anybody is told (T8). */
import type { Hex } from "@sequorum/protocol";
import type { AccountSummary } from "@sequorum/stf";
import { headOf } from "./chain.ts";
import type { Effect, Step } from "./effect.ts";
import type { Input, SubmittedTransaction } from "./input.ts";
import { forwardWaiting } from "./leadership.ts";
import type { PooledTransaction } from "./mempool.ts";
import type { State } from "./state.ts";

/** Judges a group of transactions; one commit stores all that are taken, then each submitter is answered. */
export function onTransactionsReceived(
  state: State,
  { submitted, atMs }: Extract<Input, { type: "transactionsReceived" }>,
): Step {
  const added: PooledTransaction[] = [];
  const replaced: Hex[] = [];
  const answers: Effect[] = [];
  let sequence = state.nextSequence;
  for (const item of submitted) {
    const pooled = { transaction: item.transaction, sequence, receivedAtMs: atMs };
    const admission = judge(state, item, pooled);
    if (admission.type === "rejected") {
      answers.push({ type: "answer", request: item.request, answer: admission });
      continue;
    }
    sequence += 1n;
    added.push(pooled);
    if (admission.replaced !== undefined) replaced.push(admission.replaced);
    answers.push({ type: "answer", request: item.request, answer: { type: "accepted" } });
  }
  if (added.length === 0) return { state, effects: answers };
  const taken: State = { ...state, nextSequence: sequence, idle: false };
  const hashes = added.map(({ transaction }) => transaction.hash);
  const forwarded = forwardWaiting(taken, atMs);
  const effects: Effect[] = [
    { type: "storeTransactions", added, replaced },
    ...answers,
    ...forwarded.effects,
    { type: "transactionsPending", hashes },
  ];
  return { state: forwarded.state, effects };
}

/** Takes back the transactions of before a restart. */
export function onTransactionsRestored(
  state: State,
  { restored }: Extract<Input, { type: "transactionsRestored" }>,
): Step {
  state.mempool.restore(restored);
  const hashes: Hex[] = [];
  // at a start the tree is the canonical chain, ascending
  for (const block of state.tree.values()) {
    for (const { hash } of block.transactions) state.mempool.include(hash);
    hashes.push(...state.mempool.updateAccounts(block.senders));
  }
  for (const { pooled } of restored) {
    const { hash } = pooled.transaction;
    // its nonce was used by another transaction meanwhile
    if (state.mempool.get(hash) === undefined && !state.mempool.isIncluded(hash)) hashes.push(hash);
  }
  const effects: Effect[] = hashes.length === 0 ? [] : [{ type: "dropTransactions", hashes }];
  return { state: { ...state, idle: false }, effects };
}

/** Corrects the accounts after a change of branch. */
export function onAccountsRead(
  state: State,
  input: Extract<Input, { type: "accountsRead" }>,
): Step {
  if (input.head !== state.head) {
    const addresses = [...state.mempool.senders()];
    const effects: Effect[] =
      addresses.length === 0 ? [] : [{ type: "readAccounts", head: state.head, addresses }];
    return { state, effects };
  }
  const hashes = state.mempool.updateAccounts(input.accounts);
  const effects: Effect[] = hashes.length === 0 ? [] : [{ type: "dropTransactions", hashes }];
  return { state: { ...state, idle: false }, effects };
}

function judge(state: State, item: SubmittedTransaction, pooled: PooledTransaction) {
  const head = headOf(state);
  const next = { baseFeePerGas: head.nextBaseFeePerGas, gasLimit: head.gasLimit };
  if (state.mempool.isIncluded(item.transaction.hash)) {
    return { type: "rejected", code: "ALREADY_KNOWN" } as const;
  }
  return state.mempool.admit(pooled, freshAccount(state, item), next);
}

/** The account was read a moment ago; the head may have moved since. */
function freshAccount(
  state: State,
  { transaction, account }: SubmittedTransaction,
): AccountSummary {
  const atHead = headOf(state).senders.get(transaction.from);
  return atHead !== undefined && atHead.nonce > account.nonce ? atHead : account;
}
