// Building blocks for tables of steps: short names for states, inputs and effects.

import assert from "node:assert/strict";
import type { Hex } from "@sequorum/protocol";
import type { Effect } from "../../src/core/effect.ts";
import type { BroadcastOutcome, CheckOutcome, Input, Receipt } from "../../src/core/input.ts";
import { checkInvariants } from "../../src/core/invariants.ts";
import {
  initialState,
  type L1View,
  type Parameters,
  type State,
  type Stored,
  type StoredTransaction,
  type Submission,
  type SubmissionKey,
} from "../../src/core/state.ts";
import { step } from "../../src/core/step.ts";

/** Small numbers, so that tables stay readable. */
export const parameters: Parameters = {
  fees: { maxFeePerGasWeiMax: 1_000n, priorityFeePerGasWeiMin: 1n, bumpPerMille: 125 },
  postingFallbackMs: 6_000,
  fallbackBlocks: 1,
  confirmationDepth: 2,
  finalityDepth: 8,
  inFlightMax: 4,
  feeBumpAfterMs: 30_000,
  rebroadcastAfterMs: 10_000,
  retryAfterMs: 1_000,
  retryAfterMsMax: 8_000,
  behindMsMax: 60_000,
  unavailableMsMax: 20_000,
  gapFillAfterMs: 20_000,
  balanceWeiMin: 1_000n,
  gasLimitMax: 10_000_000n,
};

/** Start of a node with nothing stored, or with what is given. */
export function start(stored: Partial<Stored> = {}): State {
  const empty = { submissions: [], transactions: [], nonceFloor: 0 };
  return initialState(parameters, { ...empty, ...stored }, 0);
}

/** A signed batch; attempt `n` has digest `n`. */
export function batch(
  index: number,
  options: { attempt?: number; position?: number } = {},
): Submission {
  const attempt = options.attempt ?? 0;
  const digest: Hex = `0x${index.toString(16).padStart(62, "0")}${attempt.toString(16).padStart(2, "0")}`;
  const subject = BigInt(index);
  const position = options.position ?? 0;
  const key: SubmissionKey = `batch:${subject}:${digest}`;
  return { key, kind: "batch", subject, digest, attempt, position, status: { type: "fresh" } };
}

/** L1 with `headIndex` batches at a block, seen at the time of the block (12 s each) unless given. */
export function seen(view: Partial<L1View>, receipts: readonly Receipt[] = []): Input {
  const block = view.block ?? 100n;
  return {
    type: "l1Observed",
    view: {
      observedAtMs: Number(block - 100n) * 12_000,
      nonce: 7,
      balanceWei: 10n ** 12n,
      baseFeeWei: 10n,
      priorityFeeWei: 2n,
      headIndex: 0n,
      activeEpoch: 1n,
      ...view,
      block,
    },
    hashes: ["0xaa", "0xbb", "0xcc"],
    receipts,
  };
}

/** A stored transaction with the fees given. */
export function stored(
  hash: Hex,
  fees: { fee: bigint; tip: bigint },
  isCancel = false,
): StoredTransaction {
  return {
    hash,
    gas: isCancel ? 21_000n : 100_000n,
    maxFeePerGasWei: fees.fee,
    maxPriorityFeePerGasWei: fees.tip,
    isCancel,
    isSent: false,
  };
}

/** A submission's receipt. */
export function receipt(hash: Hex, block: bigint, succeeded = true): Receipt {
  return { hash, block, succeeded, gasUsed: 90_000n, feeWei: 1_000_000n };
}

/** Short form of effects: saves as `save fresh`, the others by type and what matters. */
export function brief(effects: readonly Effect[]): readonly string[] {
  return effects.map((effect) => {
    switch (effect.type) {
      case "saveSubmission":
        return `save ${effect.submission.subject} ${effect.submission.status.type}`;
      case "saveNonceFinal":
        return `final nonce ${effect.nonce}`;
      case "observeL1":
        return `observe ${effect.hashes.length}`;
      case "checkSubmission":
        return `check ${effect.key.split(":")[1]}`;
      case "prepareTransaction": {
        const { maxFeePerGasWei, maxPriorityFeePerGasWei } = effect.fees;
        const what = effect.isCancel ? "cancel" : `${effect.owner?.split(":")[1]}`;
        return `prepare ${what} nonce ${effect.nonce} fee ${maxFeePerGasWei}/${maxPriorityFeePerGasWei}`;
      }
      case "broadcastTransaction":
        return `broadcast ${effect.hash}`;
      case "reportRefusal":
        return `report ${effect.code}`;
      default:
        return `${effect.type === "raiseAlarm" ? "alarm" : "clear"} ${effect.alarm}`;
    }
  });
}

/** One row of a table: an input and, when given, exactly the effects in their short form. */
export type Row = { readonly input: Input; readonly effects?: readonly string[] };

/** Plays a table; every state on the way keeps the invariants. */
export function play(initial: State, rows: readonly Row[]): State {
  let state = initial;
  for (const [i, { input, effects }] of rows.entries()) {
    const result = step(state, input);
    checkInvariants(result.state);
    if (effects !== undefined)
      assert.deepEqual(brief(result.effects), effects, `row ${i}: ${input.type}`);
    state = result.state;
  }
  return state;
}

/** Status of a submission. */
export function statusOf(state: State, { key }: Submission): string | undefined {
  return state.submissions[key]?.status.type;
}

/** The batch of the tables, its transactions and their fees. */
export const one = batch(1);
export const txA: Hex = "0xaa";
export const txB: Hex = "0xbb";
export const initial = { fee: 22n, tip: 2n };
export const bumped = { fee: 25n, tip: 3n };

/** A node that has asked for batch 1 to be checked. */
export function checking() {
  return play(start(), [{ input: signed(one) }, { input: seen({}), effects: ["check 1"] }]);
}

/** A node that has sent batch 1 with nonce 7. */
export function sent() {
  const rows: readonly Row[] = [
    { input: checked(one) },
    { input: prepared(one, txA) },
    { input: broadcast(txA, "accepted") },
  ];
  return play(checking(), rows);
}

export function signed(submission: Submission): Input {
  return { type: "submissionSigned", submission };
}

export function tick(atMs: number): Input {
  return { type: "tick", atMs };
}

export function checked(
  { key }: Submission,
  outcome: CheckOutcome = { type: "acceptable", gas: 100_000n },
): Input {
  return { type: "submissionChecked", key, outcome };
}

export function prepared({ key }: Submission, hash: Hex, fees = initial, isCancel = false): Input {
  return {
    type: "transactionPrepared",
    nonce: 7,
    owner: key,
    transaction: stored(hash, fees, isCancel),
  };
}

export function broadcast(hash: Hex, outcome: BroadcastOutcome): Input {
  return { type: "transactionBroadcast", hash, outcome };
}

export function reported({ key }: Submission, succeeded: boolean): Input {
  return { type: "refusalReported", key, succeeded };
}
