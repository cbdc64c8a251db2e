/** Makes a case that shows a difference smaller: fewer transactions and accounts, then less code. */
import type { PlainAccount } from "../conformance/engine.ts";
import type { BlockPlan, CasePlan, TransactionPlan } from "./case.ts";
import { op } from "./opcodes.ts";

/** Whether a case still shows a difference. */
export type StillDiffers = (plan: CasePlan) => Promise<boolean>;

/** Tries smaller cases until none differs or the time is over; the smallest that differs. */
export async function shrink(
  plan: CasePlan,
  stillDiffers: StillDiffers,
  deadlineMs: number,
): Promise<CasePlan> {
  let best = plan;
  for (let isSmaller = true; isSmaller && Date.now() < deadlineMs; ) {
    isSmaller = false;
    for (const smaller of smallerCases()) {
      if (Date.now() >= deadlineMs) break;
      // each step proposes changes of the best case so far, until one of them still differs
      for (let candidates = smaller(best); ; candidates = smaller(best)) {
        const found = await firstThatDiffers(candidates, stillDiffers, deadlineMs);
        if (found === undefined) break;
        best = found;
        isSmaller = true;
      }
    }
  }
  return best;
}

async function firstThatDiffers(
  candidates: Iterable<CasePlan>,
  stillDiffers: StillDiffers,
  deadlineMs: number,
): Promise<CasePlan | undefined> {
  for (const candidate of candidates) {
    if (Date.now() >= deadlineMs) return undefined;
    if (await stillDiffers(candidate)) return candidate;
  }
  return undefined;
}

function smallerCases(): ((plan: CasePlan) => Iterable<CasePlan>)[] {
  return [
    withoutCalls,
    withoutBlocks,
    withoutTransactions,
    withoutAccounts,
    simplerTransactions,
    withLessCode,
  ];
}

function* withoutCalls(plan: CasePlan): Iterable<CasePlan> {
  for (const calls of withoutRanges(plan.calls)) yield { ...plan, calls };
}

function* withoutBlocks(plan: CasePlan): Iterable<CasePlan> {
  for (const blocks of withoutRanges(plan.blocks)) yield { ...plan, blocks };
}

function* withoutTransactions(plan: CasePlan): Iterable<CasePlan> {
  for (const [i, block] of plan.blocks.entries()) {
    const put = (changes: Partial<BlockPlan>) => ({
      ...plan,
      blocks: plan.blocks.with(i, { ...block, ...changes }),
    });
    for (const transactions of withoutRanges(block.transactions)) yield put({ transactions });
    for (const forced of withoutRanges(block.forced)) yield put({ forced });
  }
}

function* withoutAccounts(plan: CasePlan): Iterable<CasePlan> {
  for (const accounts of withoutRanges(plan.accounts)) yield { ...plan, accounts };
}

function* simplerTransactions(plan: CasePlan): Iterable<CasePlan> {
  for (const [i, block] of plan.blocks.entries()) {
    for (const [j, transaction] of block.transactions.entries()) {
      for (const simpler of simplerOnes(transaction)) {
        const transactions = block.transactions.with(j, simpler);
        yield { ...plan, blocks: plan.blocks.with(i, { ...block, transactions }) };
      }
    }
  }
}

function* simplerOnes(transaction: TransactionPlan): Iterable<TransactionPlan> {
  if (transaction.accessList.length > 0) yield { ...transaction, accessList: [] };
  if (transaction.value > 0n) yield { ...transaction, value: 0n };
  if (transaction.to === null) {
    for (const data of lessCode(transaction.data)) yield { ...transaction, data };
  } else if (transaction.data.length > 0) {
    yield { ...transaction, data: new Uint8Array(0) };
  }
}

function* withLessCode(plan: CasePlan): Iterable<CasePlan> {
  for (const [i, account] of plan.accounts.entries()) {
    const put = (changes: Partial<PlainAccount>): CasePlan => ({
      ...plan,
      accounts: plan.accounts.with(i, { ...account, ...changes }),
    });
    if (account.storage.length > 0) yield put({ storage: [] });
    for (const code of lessCode(account.code)) yield put({ code });
  }
}

/** Without ranges of bytes, or with JUMPDESTs in their place, so that jumps still meet. */
function* lessCode(code: Uint8Array): Iterable<Uint8Array> {
  for (let size = code.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < code.length; at += size) {
      const end = Math.min(at + size, code.length);
      yield Uint8Array.from([...code.subarray(0, at), ...code.subarray(end)]);
      if (code.subarray(at, end).every((byte) => byte === op.JUMPDEST)) continue;
      yield Uint8Array.from(code).fill(op.JUMPDEST, at, end);
    }
  }
}

/** The list without one range of items: large ranges first. */
function* withoutRanges<Item>(items: readonly Item[]): Iterable<readonly Item[]> {
  for (let size = items.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < items.length; at += size) {
      yield [...items.slice(0, at), ...items.slice(at + size)];
    }
  }
}
