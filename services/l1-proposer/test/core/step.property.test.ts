// Random L1s, random faults, restarts at every effect: the numbered invariants hold, and everything ends up on L1.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Hex } from "@sequorum/protocol";
import type { Effect } from "../../src/core/effect.ts";
import type { CheckOutcome, Input } from "../../src/core/input.ts";
import { checkInvariants } from "../../src/core/invariants.ts";
import {
  initialState,
  type State,
  type StoredTransaction,
  type Submission,
  type SubmissionKey,
} from "../../src/core/state.ts";
import { step } from "../../src/core/step.ts";
import { batch, parameters } from "./situation.ts";
import { SimulatedL1 } from "./simulated-l1.ts";

type Row = StoredTransaction & {
  readonly nonce: number;
  readonly owner: SubmissionKey | undefined;
  readonly isFinal: boolean;
};

type Action =
  | { readonly type: "sign"; readonly position: number }
  | { readonly type: "reattempt" }
  | { readonly type: "tick"; readonly ms: number }
  | { readonly type: "mine"; readonly blocks: number }
  | { readonly type: "reorg"; readonly depth: number; readonly keep: boolean }
  | { readonly type: "compete" }
  | { readonly type: "steal" }
  | { readonly type: "forgetMempool" }
  | { readonly type: "baseFee"; readonly wei: number }
  | {
      readonly type: "node";
      readonly lag: number;
      readonly down: boolean;
      readonly losing: boolean;
      readonly slow: boolean;
    }
  | { readonly type: "crashAfter"; readonly effects: number };

/** The shell as a model: a store that survives, a process that may die before each effect. */
class Operator {
  readonly l1 = new SimulatedL1();
  readonly submissions = new Map<SubmissionKey, Submission>();
  readonly rows: Row[] = [];
  nowMs = 0;
  lag = 0;
  isDown = false;
  losesAnswers = false;
  isSlow = false;
  asked: readonly Hex[] | undefined;
  crashAfter = Number.POSITIVE_INFINITY;
  signed = 0n;
  state: State = this.load();

  private load(): State {
    const live = this.rows.filter(({ isFinal }) => !isFinal);
    const final = this.rows.filter(({ isFinal }) => isFinal);
    const submissions = [...this.submissions.values()];
    const nonceFloor = Math.max(0, ...final.map(({ nonce }) => nonce + 1));
    return initialState(parameters, { submissions, transactions: live, nonceFloor }, this.nowMs);
  }

  offer(input: Input): void {
    const inputs = [input];
    for (let next = inputs.shift(); next !== undefined; next = inputs.shift()) {
      const result = step(this.state, next);
      checkInvariants(result.state);
      this.state = result.state;
      for (const effect of result.effects) {
        if (this.crashAfter-- <= 0) {
          this.crashAfter = Number.POSITIVE_INFINITY;
          this.state = this.load();
          return;
        }
        const answer = this.perform(effect);
        if (answer !== undefined) inputs.push(answer);
      }
    }
  }

  private perform(effect: Effect): Input | undefined {
    switch (effect.type) {
      case "saveSubmission":
        this.submissions.set(effect.submission.key, effect.submission);
        return undefined;
      case "saveNonceFinal":
        for (const [i, row] of this.rows.entries()) {
          if (row.nonce === effect.nonce) this.rows[i] = { ...row, isFinal: true };
        }
        return undefined;
      case "observeL1":
        if (this.isDown) return { type: "l1Unavailable", atMs: this.nowMs };
        if (!this.isSlow) return this.observe(effect.hashes);
        this.asked ??= effect.hashes;
        return undefined;
      case "checkSubmission":
        return { type: "submissionChecked", key: effect.key, outcome: this.check(effect.key) };
      case "prepareTransaction":
        return this.prepare(effect);
      case "broadcastTransaction":
        return this.broadcast(effect.hash);
      case "reportRefusal":
        return { type: "refusalReported", key: effect.key, succeeded: !this.isDown };
      default:
        return undefined;
    }
  }

  private observe(hashes: readonly Hex[]): Input {
    const { view, receipts } = this.l1.observe(this.nowMs, this.lag);
    return {
      type: "l1Observed",
      view,
      hashes,
      receipts: receipts.filter(({ hash }) => hashes.includes(hash)),
    };
  }

  private check(key: SubmissionKey): CheckOutcome {
    const subject = this.submissions.get(key)?.subject ?? 0n;
    if (this.isDown) return { type: "notYet", code: "L1_UNAVAILABLE" };
    if (this.l1.headIndex >= subject) return { type: "done" };
    if (this.l1.headIndex + 1n < subject) return { type: "notYet", code: "IndexMismatch" };
    return { type: "acceptable", gas: 100_000n };
  }

  private prepare(effect: Extract<Effect, { type: "prepareTransaction" }>): Input {
    const { nonce, owner, isCancel, gas, fees } = effect;
    const earlier = this.rows.filter(
      (row) => row.owner === owner && !row.isCancel && row.nonce !== nonce,
    );
    for (const row of isCancel ? [] : earlier) {
      const isUsedUp = this.l1.usedUp.has(row.nonce);
      assert.ok(isUsedUp, `P2 ${owner} gets nonce ${nonce} only when ${row.nonce} was used up`);
    }
    const hash: Hex = `0x${this.rows.length.toString(16).padStart(64, "0")}`;
    const transaction = { hash, gas, isCancel, isSent: false, ...fees };
    this.rows.push({ ...transaction, nonce, owner, isFinal: false });
    const submission = owner === undefined ? undefined : this.submissions.get(owner);
    if (submission?.status.type === "fresh" && !isCancel) {
      this.submissions.set(submission.key, { ...submission, status: { type: "prepared", nonce } });
    }
    return { type: "transactionPrepared", nonce, owner, transaction };
  }

  private broadcast(hash: Hex): Input {
    const row = this.rows.find((candidate) => candidate.hash === hash);
    assert.ok(row, "P1 only what is stored is sent");
    for (let nonce = this.l1.nonce; nonce < row.nonce; nonce++) {
      // A nonce that a thief had used before a reorg is filled later.
      const isStored =
        this.rows.some((other) => other.nonce === nonce) || this.l1.usedUp.get(nonce)?.has("other");
      assert.ok(isStored, `P3 nonce ${nonce} below ${row.nonce} has a stored transaction`);
    }
    if (this.isDown) return { type: "transactionBroadcast", hash, outcome: "unavailable" };
    const subject =
      row.isCancel || row.owner === undefined
        ? undefined
        : this.submissions.get(row.owner)?.subject;
    const outcome = this.l1.send({
      hash,
      nonce: row.nonce,
      batch: subject,
      feeWei: row.maxFeePerGasWei,
    });
    return {
      type: "transactionBroadcast",
      hash,
      outcome: this.losesAnswers ? "unavailable" : outcome,
    };
  }

  sign(submission: Submission): void {
    if (!this.submissions.has(submission.key)) this.submissions.set(submission.key, submission);
    this.offer({ type: "submissionSigned", submission });
  }

  act(action: Action): void {
    switch (action.type) {
      case "sign":
        this.signed += 1n;
        return this.sign(batch(Number(this.signed), { position: action.position }));
      case "reattempt":
        return this.signed === 0n
          ? undefined
          : this.sign(batch(Number(this.signed), { attempt: 1 }));
      case "tick":
        this.nowMs += action.ms;
        this.answerLate();
        return this.offer({ type: "tick", atMs: this.nowMs });
      case "mine":
        for (let i = 0; i < action.blocks; i++) this.l1.mine();
        return undefined;
      case "reorg":
        return this.l1.reorg(action.depth, action.keep);
      case "compete":
        return this.l1.headIndex < this.signed ? this.l1.compete() : undefined;
      case "steal":
        return this.l1.steal();
      case "forgetMempool":
        return this.l1.forgetMempool();
      case "baseFee":
        this.l1.baseFeeWei = BigInt(action.wei);
        return undefined;
      case "node":
        this.lag = action.lag;
        this.isDown = action.down;
        this.losesAnswers = action.losing;
        this.isSlow = action.slow;
        return undefined;
      case "crashAfter":
        this.crashAfter = action.effects;
        return undefined;
    }
  }

  /** The answer to a question of before, from L1 as it is now. */
  answerLate(): void {
    const hashes = this.asked;
    this.asked = undefined;
    if (hashes !== undefined) this.offer(this.observe(hashes));
  }

  /** Every submission ended as what it is in the chain: final by our own transaction, or else not. */
  checkEnds(): void {
    const { receipts } = this.l1.observe(this.nowMs, 0);
    for (const { key, status } of this.submissions.values()) {
      const own = this.rows.filter((row) => row.owner === key && !row.isCancel);
      const isOurs = receipts.some(
        ({ hash, succeeded }) => succeeded && own.some((row) => row.hash === hash),
      );
      assert.equal(status.type === "final", isOurs, `${key} ended as ${status.type}`);
    }
  }

  /** All faults end; blocks and time go on. */
  recover(): void {
    this.act({ type: "node", lag: 0, down: false, losing: false, slow: false });
    this.l1.baseFeeWei = 10n;
    this.crashAfter = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 400; round++) {
      this.act({ type: "tick", ms: 6_000 });
      if (round % 2 === 0) this.l1.mine();
    }
  }
}

const actions = fc.array(
  fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({ type: fc.constant("tick" as const), ms: fc.nat(15_000) }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant("mine" as const),
        blocks: fc.integer({ min: 1, max: 3 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ type: "mine", blocks: 12 } as const) },
    {
      weight: 4,
      arbitrary: fc.record({ type: fc.constant("sign" as const), position: fc.nat(2) }),
    },
    { weight: 1, arbitrary: fc.constant({ type: "reattempt" } as const) },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant("reorg" as const),
        depth: fc.integer({ min: 1, max: 4 }),
        keep: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.constant({ type: "compete" } as const) },
    { weight: 1, arbitrary: fc.constant({ type: "steal" } as const) },
    { weight: 1, arbitrary: fc.constant({ type: "forgetMempool" } as const) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant("baseFee" as const),
        wei: fc.integer({ min: 5, max: 1_200 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant("node" as const),
        lag: fc.nat(3),
        down: fc.boolean(),
        losing: fc.boolean(),
        slow: fc.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ type: fc.constant("crashAfter" as const), effects: fc.nat(8) }),
    },
  ),
  { maxLength: 120 },
);

test("P1 P2 P3 P4 P6 P10 hold under any faults, and in the end every signed batch is on L1 and every nonce is final", () => {
  fc.assert(
    fc.property(actions, (list) => {
      const operator = new Operator();
      for (const action of list) operator.act(action);
      operator.recover();
      assert.ok(operator.l1.headIndex >= operator.signed, "P10 every signed batch is on L1");
      assert.deepEqual(operator.state.submissions, {}, "P10 nothing is left to do");
      operator.checkEnds();
      assert.deepEqual(operator.state.slots, [], "P10 every nonce is final");
      assert.equal(operator.state.nonceFloor <= operator.l1.nonce, true, "P3 no nonce is left out");
    }),
    { numRuns: Number(process.env["PROPERTY_RUNS"] ?? 400) },
  );
});
