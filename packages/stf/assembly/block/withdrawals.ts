/** Withdrawals (EIP-4895): balances that appear at the end of a block. */
import { takeFixed, takeList, takenPayload, takenUint64, takeUint64 } from "../codec/rlp-fields.ts";
import { multiplyWords } from "../math/word-product.ts";
import { setWord } from "../math/word.ts";
import { accountAt } from "../state/account.ts";
import { addBalance } from "../state/changes.ts";
import { beginTransactionState, endTransactionState } from "../state/transaction.ts";
import { hashTrie } from "../trie/hash.ts";
import { insertIntoList } from "../trie/list.ts";

const weiPerGwei: u64 = 1_000_000_000;

const amount: usize = memory.data(32);
const factor: usize = memory.data(32);

/** Pays the withdrawals, whose RLP is from `at` to `end`, and writes the root of their trie to `root`. */
export function payWithdrawals(at: usize, end: usize, root: usize): void {
  let trie: usize = 0;
  beginTransactionState();
  for (let index: u64 = 0; at < end; index += 1) {
    const next = takeList(at, end);
    if (next === 0) unreachable();
    pay(takenPayload, next);
    trie = insertIntoList(trie, index, at, next - at);
    at = next;
  }
  endTransactionState();
  hashTrie(trie, root, false);
}

/** [index, validator, address, amount in Gwei]. */
function pay(at: usize, end: usize): void {
  const address = takeUint64(takeUint64(at, end), end);
  at = takeFixed(address, end, 20);
  const account = accountAt(takenPayload);
  if (takeUint64(at, end) !== end) unreachable();
  setWord(amount, takenUint64);
  setWord(factor, weiPerGwei);
  multiplyWords(amount, amount, factor);
  addBalance(account, amount);
}
