/** The shell of signing: T2 check, nonces, the durable mark before a share leaves, timers, submission. */
import { randomBytes } from "node:crypto";
import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import { type Hex, type NonceCommitment, type SessionSigner, unreachable } from "@sequorum/protocol";
import { describeError, type Logger, RetryableError, sleep } from "@sequorum/service";
import { afterCommit, type Transaction } from "@sequorum/store";
import type { KeyStore } from "./adapters/key-store.ts";
import type { MpcBody } from "./adapters/mpc-messages.ts";
import type { SigningStore } from "./adapters/signing-store.ts";
import type { SignatureScheme } from "./core/signature-scheme.ts";
import type { SigningEffect, SigningInput, SigningStep } from "./core/signing/messages.ts";
import type { NoncePair } from "./core/signing/nonce.ts";
import type { SigningOpening, SigningRefusal, SigningState } from "./core/signing/state.ts";
import type { SignerMetrics } from "./metrics.ts";
import { createNonceBook, type NonceBook } from "./nonces.ts";
import type { ReadEndorsedDigest, SignerDecision } from "./ports.ts";
import type { Submitter } from "./submitter.ts";

/** Pairs in one published list, and the number left at which the next list is made. */
export const nonceListSize = 64;
export const nonceRefillBelow = 32;
/** Pairs made before other work gets its turn. */
const nonceSliceSize = 4;
/** Time after which an unrecorded list no longer keeps the next one from being made. */
const publishAgainAfterMs = 15_000;
/** Attempts in work at a time; the pool opens few. */
export const signingSessionsMax = 128;
/** Pause between questions to a batcher that has not endorsed yet. */
const endorsementPollMs = 50;
/** Part of the attempt's time after which an unanswered check is a refusal. */
const checkTimeShare = 0.6;

/** What signing works with. */
export type SigningsDeps = {
  readonly scheme: SignatureScheme;
  readonly self: Hex;
  readonly keys: KeyStore;
  readonly store: SigningStore;
  readonly submitter: Submitter;
  readonly readEndorsedDigest: ReadEndorsedDigest;
  readonly send: (to: Hex, sessionId: Hex, body: MpcBody) => void;
  readonly onOpened: (sessionId: Hex) => void;
  readonly signal: AbortSignal;
  readonly metrics: SignerMetrics;
  readonly logger: Logger;
};

type Live = { state: SigningState; readonly signer: SessionSigner; readonly openedAtMs: number };
type Opened = Extract<SignerDecision, { type: "signingSessionOpened" }>;
type Closed = Extract<SignerDecision, { type: "signingSessionClosed" }>;
type Recorded = Extract<SignerDecision, { type: "nonceCommitmentsRecorded" }>;

/** All signing of this node. */
export type Signings = ReturnType<typeof createSignings>;

/** Starts without sessions; call `resume` once peers can be reached. */
export function createSignings(deps: SigningsDeps) {
  const live = new Map<Hex, Live>();
  const ended = new Set<Hex>();
  const books = new Map<Hex, NonceBook>();
  const publishing = new Set<Hex>();
  const { metrics, logger, signal } = deps;

  const conclude = (sessionId: Hex) => {
    live.delete(sessionId);
    ended.add(sessionId);
    for (const id of ended) if (ended.size > signingSessionsMax) ended.delete(id);
  };

  function input(sessionId: Hex, what: SigningInput): void {
    const entry = live.get(sessionId);
    if (entry !== undefined) apply(entry, deps.scheme.sign.step(entry.state, what));
  }

  function apply(entry: Live, step: SigningStep): void {
    const before = entry.state.phase;
    entry.state = step.state;
    const { sessionId, phase, refusal, purpose } = step.state;
    if (step.rejected !== undefined) logger.debug("signing input refused", { sessionId, code: step.rejected });
    for (const member of step.blame ?? []) {
      metrics.blames.add({ code: step.state.phase === "failed" ? "SHARE_WRONG" : "SHARE_MISSING" });
      logger.warn("member at fault in a signing session", { sessionId, member });
    }
    if (phase === "signed" && before !== "signed") {
      metrics.signatureLatency.observe((Date.now() - entry.openedAtMs) / 1_000, { purpose: purpose.type });
    }
    if (phase === "refused" && refusal !== null) {
      metrics.refusals.add({ code: refusal });
      logger.warn("signing refused", { sessionId, purpose: purpose.type, code: refusal });
    }
    for (const effect of step.effects) perform(entry, effect);
    if (phase !== before && phase !== "closed") {
      deps.store.savePhase(step.state).catch((error: unknown) => logger.warn("phase not stored", { sessionId, reason: describeError(error) }));
    }
    if (phase === "closed" || phase === "refused") {
      metrics.sessions.add({ outcome: before === "signed" ? "signed" : phase });
      conclude(sessionId);
      refillIfLow(step.state.keyId);
    }
  }

  function perform(entry: Live, effect: SigningEffect): void {
    const { sessionId, keyId, attempt } = entry.state;
    switch (effect.type) {
      case "checkDigest":
        checkDigest(deps, entry.state)
          .then((refusal) => input(sessionId, { type: "digestChecked", refusal }))
          .catch((error: unknown) => logger.warn("digest not checked", { sessionId, reason: describeError(error) }));
        return;
      case "releaseShare":
        release(deps, entry, books.get(keyId))
          .then((share) => input(sessionId, { type: "shareReleased", share }))
          .catch((error: unknown) => {
            logger.error("share not released", { sessionId, reason: describeError(error) });
            input(sessionId, { type: "releaseFailed", refusal: "NONCE_UNAVAILABLE" });
          });
        return;
      case "sendShare":
        for (const to of effect.receivers) deps.send(to, sessionId, { type: "signatureShare", share: effect.share });
        return;
      case "submitSignature":
        return deps.submitter.submit({ type: "groupSignature", sessionId, signature: effect.signature });
      case "submitFailure":
        return deps.submitter.submit({ type: "signingFailure", sessionId, attempt, culprits: effect.culprits });
      case "discardNonce":
        return books.get(keyId)?.discard(sessionId);
      case "scheduleTimer": {
        const timer = setTimeout(() => input(sessionId, { type: "timerFired", id: effect.id }), effect.afterMs);
        timer.unref();
        signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
        return;
      }
      default:
        return unreachable(effect);
    }
  }

  function start(opening: SigningOpening): void {
    const signer = opening.roster.find(({ member }) => member === deps.self);
    if (signer === undefined || live.has(opening.sessionId) || ended.has(opening.sessionId)) return;
    if (live.size >= signingSessionsMax) {
      const [oldest] = live.keys();
      if (oldest !== undefined) input(oldest, { type: "closed" });
    }
    const step = deps.scheme.sign.open(opening);
    const entry: Live = { state: step.state, signer, openedAtMs: Date.now() };
    live.set(opening.sessionId, entry);
    const held = books.get(opening.keyId)?.claim(opening.sessionId, signer) ?? false;
    if (step.state.phase === "checking" && !held) {
      return apply(entry, { state: { ...step.state, phase: "refused", refusal: "NONCE_UNAVAILABLE" }, effects: [] });
    }
    apply(entry, step);
    deps.onOpened(opening.sessionId);
  }

  /** Makes and publishes the next list of commitments of a key. */
  async function publishNonces(keyId: Hex): Promise<void> {
    const share = deps.keys.shareOf(keyId);
    if (share === undefined || publishing.has(keyId)) return;
    publishing.add(keyId);
    // Should the list never be recorded (refused, lost), another one may be made after a while.
    setTimeout(() => publishing.delete(keyId), publishAgainAfterMs).unref();
    const generation = await deps.keys.nextGeneration(keyId);
    const random = (length = 32) => new Uint8Array(randomBytes(length));
    const made: { nonces: NoncePair; commitment: NonceCommitment }[] = [];
    while (made.length < nonceListSize) {
      for (let i = 0; i < nonceSliceSize; i++) made.push(deps.scheme.sign.createNonce(share, random));
      await yieldToEventLoop(); // a whole list would delay a signature under way by tens of milliseconds
    }
    const book = books.get(keyId) ?? createNonceBook();
    books.set(keyId, book);
    book.add(generation, made);
    metrics.unusedNonces.set(book.unused());
    deps.submitter.submit({ type: "nonceCommitments", keyId, generation, commitments: made.map(({ commitment }) => commitment) });
  }

  function refillIfLow(keyId: Hex): void {
    const book = books.get(keyId);
    if (book === undefined) return;
    metrics.unusedNonces.set(book.unused());
    if (book.unused() >= nonceRefillBelow) return;
    publishNonces(keyId).catch((error: unknown) => logger.warn("nonces not published", { keyId, reason: describeError(error) }));
  }

  return {
    publishNonces,
    async onOpened(decision: Opened & { deadlineMs: number }, tx: Transaction): Promise<void> {
      const record = deps.keys.get(decision.keyId);
      if (record === undefined || !decision.roster.some(({ member }) => member === deps.self)) return;
      const { sessionId, purpose, keyId, digest, attempt, roster } = decision;
      const timeoutMs = Math.max(1, decision.deadlineMs - decision.timeMs);
      const opening: SigningOpening = {
        sessionId, purpose, keyId, digest, attempt, roster, timeoutMs,
        group: record.group, keyRoster: record.roster, self: deps.self,
      };
      const known = await deps.store.record(tx, opening, decision.deadlineMs);
      if (known === "reopened") {
        metrics.refusals.add({ code: "SESSION_REOPENED" });
        logger.error("a session was opened again with other content and is refused", { sessionId });
      } else if (known === "new") afterCommit(tx, () => start(opening));
    },
    async onClosed({ sessionId, culprits }: Closed, tx: Transaction): Promise<void> {
      await deps.store.close(tx, sessionId, culprits);
      afterCommit(tx, () => input(sessionId, { type: "closed" }));
    },
    onNoncesRecorded({ keyId, member, generation }: Recorded, tx: Transaction): void {
      if (member !== deps.self) return;
      afterCommit(tx, () => {
        publishing.delete(keyId);
        books.get(keyId)?.recorded(generation);
        refillIfLow(keyId);
      });
    },
    onMessage(from: Hex, sessionId: Hex, body: MpcBody): void {
      if (body.type === "signatureShare") input(sessionId, { type: "shareReceived", from, share: body.share });
    },
    knows: (sessionId: Hex) => live.has(sessionId) || ended.has(sessionId),
    find: (sessionId: Hex) => live.get(sessionId)?.state,
    unusedNonces: (keyId: Hex) => books.get(keyId)?.unused() ?? 0,
    /** Wipes the nonces of a key that signs no more. */
    forget(keyId: Hex): void {
      books.get(keyId)?.wipe();
      books.delete(keyId);
    },
    /** Goes on with attempts whose share was released before the restart; the nonces of the others are gone. */
    async resume(nowMs: number): Promise<void> {
      for (const { opening, share } of await deps.store.open(nowMs)) {
        if (share === null || live.has(opening.sessionId)) continue;
        const signer = opening.roster.find(({ member }) => member === deps.self);
        if (signer === undefined) continue;
        const { state } = deps.scheme.sign.open(opening);
        live.set(opening.sessionId, { state, signer, openedAtMs: nowMs });
        input(opening.sessionId, { type: "shareReleased", share });
      }
    },
    wipe(): void {
      for (const book of books.values()) book.wipe();
    },
  };
}

/** T2: the digest must be one that this operator computed itself. */
async function checkDigest(deps: SigningsDeps, state: SigningState): Promise<SigningRefusal | null> {
  const { purpose, keyId, package: { digest } } = state;
  if (purpose.type === "epoch") {
    const record = deps.keys.get(keyId);
    return record?.updateDigest === digest && record.epoch === purpose.epoch ? null : "DIGEST_DIFFERS";
  }
  const deadlineMs = Date.now() + state.timeoutMs * checkTimeShare;
  for (let answer: SigningRefusal = "NOT_ENDORSED"; ; ) {
    try {
      const endorsed = await deps.readEndorsedDigest(purpose, deps.signal);
      if (endorsed !== undefined) return endorsed === digest ? null : "DIGEST_DIFFERS";
      answer = "NOT_ENDORSED";
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      answer = "CHECK_UNAVAILABLE";
    }
    if (Date.now() >= deadlineMs) return answer;
    await sleep(endorsementPollMs, deps.signal);
  }
}

/** The share, once its nonce is durably spent. The pair leaves the book first: whatever fails, it is not used again. */
async function release(deps: SigningsDeps, { state, signer }: Live, book: NonceBook | undefined): Promise<Hex> {
  const share = deps.keys.shareOf(state.keyId);
  const nonces = book?.take(state.sessionId);
  if (share === undefined || nonces === undefined) throw new Error("no share or no nonce for this session");
  const made = deps.scheme.sign.computeShare(state.package, { share, nonces });
  await deps.store.spend({ sessionId: state.sessionId, digest: state.package.digest }, signer, made);
  return made;
}
