// Carries the core's effects out. Persist effects are waited for; network work runs beside the queue and answers with inputs.

import { L1WrongChainError, toL1Error } from "@sequorum/l1";
import { assert, type Hex, unreachable } from "@sequorum/protocol";
import { type BatchTrace, describeError, FatalError, type Logger } from "@sequorum/service";
import type { Store } from "@sequorum/store";
import { loadRaw, saveNonceFinal, saveStatus, storePrepared } from "./adapters/submission-store.ts";
import type { Effect } from "./core/effect.ts";
import type { CheckOutcome, Input } from "./core/input.ts";
import type { State, StoredTransaction, Submission, SubmissionKey } from "./core/state.ts";
import type { L1ProposerMetrics } from "./metrics.ts";
import type {
  Broadcast,
  BuildCall,
  CheckCall,
  L1Call,
  ObserveL1,
  ReportRefusal,
  SignTransaction,
} from "./ports.ts";

/** The hands of the core. */
export type EffectPorts = {
  readonly store: Store;
  readonly buildCall: BuildCall;
  readonly observeL1: ObserveL1;
  readonly checkCall: CheckCall;
  readonly sign: SignTransaction;
  readonly broadcast: Broadcast;
  readonly reportRefusal: ReportRefusal;
  /** Address of the operator's L1 account. */
  readonly sender: Hex;
  readonly state: () => State;
  readonly offer: (input: Input) => void;
  /** Stops the service: a failed persist, or a bug. */
  readonly fail: (error: unknown) => void;
  readonly metrics: L1ProposerMetrics;
  readonly traces: BatchTrace;
  readonly logger: Logger;
};

/** Performs effects; `settled` resolves when no work is running. */
export type Performer = {
  perform(effect: Effect): Promise<void>;
  settled(): Promise<void>;
};

/** Creates the performer of one service. */
export function createPerformer(ports: EffectPorts): Performer {
  const running = new Set<Promise<void>>();
  let isObserving = false;
  const beside = (work: () => Promise<void>): void => {
    const task = work().catch(ports.fail);
    running.add(task);
    void task.finally(() => running.delete(task));
  };
  const observe = async (hashes: readonly Hex[]): Promise<void> => {
    isObserving = true;
    try {
      ports.offer(await observation(ports, hashes));
    } finally {
      isObserving = false;
    }
  };
  return {
    settled: async () => void (await Promise.allSettled(running)),
    async perform(effect) {
      switch (effect.type) {
        case "saveSubmission":
          return saveSubmission(ports, effect);
        case "saveNonceFinal":
          return saveNonceFinal(ports.store.sql, effect.nonce);
        case "observeL1":
          if (!isObserving) beside(() => observe(effect.hashes));
          return;
        case "checkSubmission":
          return beside(() => check(ports, effect.key));
        case "prepareTransaction":
          return beside(() => prepare(ports, effect));
        case "broadcastTransaction":
          return beside(() => send(ports, effect.hash));
        case "reportRefusal":
          return beside(() => report(ports, effect));
        case "raiseAlarm":
          ports.metrics.alarms.set(1, { alarm: effect.alarm });
          return ports.logger.error("alarm raised", { alarm: effect.alarm });
        case "clearAlarm":
          ports.metrics.alarms.set(0, { alarm: effect.alarm });
          return ports.logger.info("alarm cleared", { alarm: effect.alarm });
        default:
          return unreachable(effect);
      }
    },
  };
}

async function saveSubmission(
  { store, metrics, traces, logger }: EffectPorts,
  { submission }: Extract<Effect, { type: "saveSubmission" }>,
): Promise<void> {
  const { kind, subject, status } = submission;
  const confirmationSeconds = await saveStatus(store.sql, submission);
  metrics.transitions.add({ kind, state: status.type });
  logger.info("submission changed", { kind, subject, ...status, state: status.type });
  if (confirmationSeconds !== undefined) {
    metrics.confirmation.observe(confirmationSeconds, { kind });
    tracePosted(traces, submission, confirmationSeconds);
  }
  if (status.type !== "final") return;
  metrics.gasUsed.add({ kind }, Number(status.gasUsed));
  metrics.fees.add({ kind }, Number(status.feeWei) / 1e18);
}

/** From the pool's signature to the L1 block that took this operator's transaction. */
function tracePosted(
  traces: BatchTrace,
  { kind, subject, status }: Submission,
  seconds: number,
): void {
  if (kind !== "batch" || !("txHash" in status)) return;
  traces.record(subject, {
    name: "batch posted",
    since: Date.now() - seconds * 1_000,
    attributes: { "sequorum.l1.tx_hash": status.txHash },
  });
}

async function observation(
  { observeL1, metrics, logger }: EffectPorts,
  hashes: readonly Hex[],
): Promise<Input> {
  try {
    return { type: "l1Observed", hashes, ...(await observeL1(hashes)) };
  } catch (error) {
    if (toL1Error(error) instanceof L1WrongChainError) {
      throw new FatalError("the L1 node serves another chain: check L1_PROPOSER_L1_RPC_URL", {
        cause: error,
      });
    }
    metrics.l1Failures.add();
    logger.warn("L1 does not answer", { reason: toL1Error(error).message });
    return { type: "l1Unavailable", atMs: Date.now() };
  }
}

async function check(ports: EffectPorts, key: SubmissionKey): Promise<void> {
  const outcome = await checkOutcome(ports, key);
  if (outcome.type === "notYet" || outcome.type === "refused") {
    ports.logger.warn("submission is not acceptable", {
      key,
      outcome: outcome.type,
      code: outcome.code,
    });
  }
  ports.offer({ type: "submissionChecked", key, outcome });
}

async function checkOutcome(
  { state, buildCall, checkCall }: EffectPorts,
  key: SubmissionKey,
): Promise<CheckOutcome> {
  const submission = state().submissions[key];
  if (submission === undefined) return { type: "notYet", code: "FORGOTTEN" };
  const call = await buildCall(key);
  return "code" in call ? { type: "notYet", code: call.code } : checkCall(submission, call);
}

async function prepare(
  ports: EffectPorts,
  effect: Extract<Effect, { type: "prepareTransaction" }>,
): Promise<void> {
  const { nonce, owner, isCancel, gas, fees } = effect;
  const cancel: L1Call = { to: ports.sender, data: "0x" };
  const call = isCancel || owner === undefined ? cancel : await ports.buildCall(owner);
  if ("code" in call) {
    ports.logger.warn("transaction cannot be made", { nonce, owner, code: call.code });
    return ports.offer({ type: "preparationFailed", nonce });
  }
  const { raw, hash } = await ports.sign({ nonce, ...call, gas, ...fees });
  const transaction: StoredTransaction = { hash, gas, isCancel, isSent: false, ...fees };
  await storePrepared(ports.store, { nonce, owner, transaction, raw });
  ports.metrics.transactions.add({ purpose: isCancel ? "cancel" : "submission" });
  ports.logger.info("transaction prepared", { hash, nonce, owner, isCancel, ...fees });
  ports.offer({ type: "transactionPrepared", nonce, owner, transaction });
}

async function send({ store, broadcast, offer, logger }: EffectPorts, hash: Hex): Promise<void> {
  const outcome = await broadcast(await loadRaw(store.sql, hash));
  logger.info("transaction broadcast", { hash, outcome });
  offer({ type: "transactionBroadcast", hash, outcome });
}

async function report(
  { state, reportRefusal, offer, logger }: EffectPorts,
  { key, code }: Extract<Effect, { type: "reportRefusal" }>,
): Promise<void> {
  const submission = state().submissions[key];
  assert(submission?.kind === "batch", "only batches are refused", { key });
  const { subject: index, attempt, digest } = submission;
  try {
    await reportRefusal({ index, attempt, digest, code });
    offer({ type: "refusalReported", key, succeeded: true });
  } catch (error) {
    logger.warn("refusal was not taken", { key, reason: describeError(error) });
    offer({ type: "refusalReported", key, succeeded: false });
  }
}
