/** A PoS block on a state: certification, then transactions, then everything that time or the new facts make due. */
import type { CertifiedBlocks, DecisionBody, Hex } from "@sequorum/protocol";
import { applyTransaction } from "./apply-transaction.ts";
import { advanceBatches } from "./batches.ts";
import { advanceCeremonies, ceremonyDeadlineMs, needsCeremony } from "./ceremonies.ts";
import { certify, isCertifiable } from "./certification.ts";
import { advanceKeys, epochWaitMs } from "./keys.ts";
import { advanceSigning } from "./signing.ts";
import type { PoolState } from "./state.ts";
import { inSequence, quiet, type Step } from "./step.ts";
import { advanceTerms } from "./terms.ts";

/** What of a block the pool executes. */
export type BlockContent = {
  readonly height: bigint;
  readonly timeMs: number;
  readonly blockId: Hex;
  readonly certified: CertifiedBlocks;
  readonly transactions: readonly Hex[];
};

/** Result of a block: `isValid` is false when a part of it had no effect and was skipped. */
export type Execution = Step & { readonly isValid: boolean };

/** Executes a block; total: what is not valid has no effect. */
export function executeBlock(state: PoolState, block: BlockContent): Execution {
  const started = { ...state, height: block.height, timeMs: block.timeMs };
  const mayCertify = isCertifiable(started, block.certified);
  const certified = mayCertify ? certify(started, block.certified, block.blockId) : quiet(started);
  const decisions: DecisionBody[] = [...certified.decisions];
  let current = certified.state;
  let isValid = mayCertify;
  for (const transaction of block.transactions) {
    const result = applyTransaction(current, transaction);
    if (result.type === "rejected") {
      isValid = false;
      continue;
    }
    current = result.state;
    decisions.push(...result.decisions);
  }
  const advanced = advance(current);
  return { state: advanced.state, decisions: [...decisions, ...advanced.decisions], isValid };
}

/** The transactions, in order, that apply one after another on top of `certified`. */
export function selectTransactions(state: PoolState, block: BlockContent): Hex[] {
  const started = { ...state, height: block.height, timeMs: block.timeMs };
  let current = certify(started, block.certified, block.blockId).state;
  const selected: Hex[] = [];
  for (const transaction of block.transactions) {
    const result = applyTransaction(current, transaction);
    if (result.type === "rejected") continue;
    current = result.state;
    selected.push(transaction);
  }
  return selected;
}

/** Everything that is due at the state's time. The order lets one part's result serve the next in the same block. */
export function advance(state: PoolState): Step {
  return inSequence(state, [
    advanceTerms,
    advanceKeys,
    advanceCeremonies,
    advanceBatches,
    advanceSigning,
  ]);
}

/** PoS time at which `advance` has something to do although nothing happens; undefined when never. */
export function nextDeadlineMs(state: PoolState): number | undefined {
  const { batches, ceremonies, keys, signing } = state;
  const due: number[] = needsCeremony(state) ? [state.timeMs] : [];
  if (ceremonies.current !== null) due.push(ceremonyDeadlineMs(ceremonies.current));
  if (batches.open !== null && batches.open.deadlineMs !== null) due.push(batches.open.deadlineMs);
  for (const { session, digest, waitingSinceMs } of signing.requests) {
    if (session !== null) due.push(session.deadlineMs);
    else if (digest === keys.pending?.digest) due.push(waitingSinceMs + epochWaitMs(state));
  }
  return due.length === 0 ? undefined : Math.min(...due);
}
