/** The shell of signing: T2 check, the durable mark before a share leaves, timers, submission. */
import { type Hex, type SessionSigner, unreachable } from "@sequorum/protocol";
import { type BatchTrace, describeError, type Logger } from "@sequorum/service";
import { afterCommit, type Transaction } from "@sequorum/store";
import type { KeyStore } from "./adapters/key-store.ts";
import type { MpcBody } from "./adapters/mpc-messages.ts";
import type { SigningStore } from "./adapters/signing-store.ts";
import type { SignatureScheme } from "./core/signature-scheme.ts";
import type { SigningEffect, SigningInput, SigningStep } from "./core/signing/messages.ts";
import type { SigningOpening, SigningState } from "./core/signing/state.ts";
import { checkDigest } from "./digest-check.ts";
import type { SignerMetrics } from "./metrics.ts";
import type { NonceStock } from "./nonce-stock.ts";
import type { ReadEndorsedDigest, SignerDecision } from "./ports.ts";
import type { Submitter } from "./submitter.ts";

/** Attempts in work at a time; the pool opens few. */
export const signingSessionsMax = 128;

/** What signing works with. */
export type SigningsDeps = {
  readonly scheme: SignatureScheme;
  readonly self: Hex;
  readonly keys: KeyStore;
  readonly nonces: NonceStock;
  readonly store: SigningStore;
  readonly submitter: Submitter;
  readonly readEndorsedDigest: ReadEndorsedDigest;
  readonly send: (to: Hex, sessionId: Hex, body: MpcBody) => void;
  readonly onOpened: (sessionId: Hex) => void;
  readonly signal: AbortSignal;
  readonly metrics: SignerMetrics;
  readonly traces: BatchTrace;
  readonly logger: Logger;
};

type Live = { state: SigningState; readonly signer: SessionSigner; readonly openedAtMs: number };
type Opened = Extract<SignerDecision, { type: "signingSessionOpened" }>;
type Closed = Extract<SignerDecision, { type: "signingSessionClosed" }>;

/** All signing sessions of this node. Sessions are independent: their effects run side by side. */
export class Signings {
  readonly #deps: SigningsDeps;
  readonly #live = new Map<Hex, Live>();
  readonly #ended = new Set<Hex>();

  constructor(deps: SigningsDeps) {
    this.#deps = deps;
  }

  /** Records the attempt in `tx` and starts it once that is on disk. */
  async onOpened(decision: Opened, tx: Transaction): Promise<void> {
    const { keys, self, store, metrics, logger } = this.#deps;
    const record = keys.get(decision.keyId);
    if (record === undefined || !decision.roster.some(({ member }) => member === self)) return;
    const { sessionId, purpose, keyId, digest, attempt, roster, deadlineMs, timeMs } = decision;
    const timeoutMs = Math.max(1, deadlineMs - timeMs);
    const key = { group: record.group, keyRoster: record.roster };
    const opening: SigningOpening = {
      sessionId,
      purpose,
      keyId,
      digest,
      attempt,
      roster,
      timeoutMs,
      ...key,
      self,
    };
    const known = await store.record(tx, opening, deadlineMs);
    if (known === "reopened") {
      metrics.refusals.add({ code: "SESSION_REOPENED" });
      logger.error("a session was opened again with other content and is refused", { sessionId });
    } else if (known === "new") afterCommit(tx, () => this.#start(opening));
  }

  async onClosed({ sessionId, culprits }: Closed, tx: Transaction): Promise<void> {
    await this.#deps.store.close(tx, sessionId, culprits);
    afterCommit(tx, () => this.#input(sessionId, { type: "closed" }));
  }

  onMessage(from: Hex, sessionId: Hex, body: MpcBody): void {
    if (body.type === "signatureShare")
      this.#input(sessionId, { type: "shareReceived", from, share: body.share });
  }

  knows(sessionId: Hex): boolean {
    return this.#live.has(sessionId) || this.#ended.has(sessionId);
  }

  isSelf(member: Hex): boolean {
    return member === this.#deps.self;
  }

  find(sessionId: Hex): SigningState | undefined {
    return this.#live.get(sessionId)?.state;
  }

  /** Goes on with attempts whose share was released before the restart; the nonces of the others are gone. */
  async resume(nowMs: number): Promise<void> {
    for (const { opening, share } of await this.#deps.store.open(nowMs)) {
      const signer = this.#signerOf(opening);
      if (share === null || signer === undefined || this.knows(opening.sessionId)) continue;
      const { state } = this.#deps.scheme.sign.open(opening);
      this.#live.set(opening.sessionId, { state, signer, openedAtMs: nowMs });
      this.#input(opening.sessionId, { type: "shareReleased", share });
    }
  }

  #start(opening: SigningOpening): void {
    const signer = this.#signerOf(opening);
    if (signer === undefined || this.knows(opening.sessionId)) return;
    this.#makeRoom();
    const step = this.#deps.scheme.sign.open(opening);
    const entry: Live = { state: step.state, signer, openedAtMs: Date.now() };
    this.#live.set(opening.sessionId, entry);
    const held = this.#deps.nonces.book(opening.keyId)?.claim(opening.sessionId, signer) ?? false;
    if (step.state.phase === "checking" && !held) {
      const state: SigningState = { ...step.state, phase: "refused", refusal: "NONCE_UNAVAILABLE" };
      return this.#apply(entry, { state, effects: [] });
    }
    this.#apply(entry, step);
    this.#deps.onOpened(opening.sessionId);
  }

  #signerOf({ roster }: SigningOpening): SessionSigner | undefined {
    return roster.find(({ member }) => member === this.#deps.self);
  }

  #makeRoom(): void {
    if (this.#live.size < signingSessionsMax) return;
    const [oldest] = this.#live.keys();
    if (oldest !== undefined) this.#input(oldest, { type: "closed" });
  }

  #input(sessionId: Hex, input: SigningInput): void {
    const entry = this.#live.get(sessionId);
    if (entry !== undefined) this.#apply(entry, this.#deps.scheme.sign.step(entry.state, input));
  }

  #apply(entry: Live, step: SigningStep): void {
    const before = entry.state.phase;
    entry.state = step.state;
    this.#report(entry, step, before);
    for (const effect of step.effects) this.#perform(entry, effect);
    const { sessionId, phase } = step.state;
    if (phase !== before && phase !== "closed") {
      this.#deps.store
        .savePhase(step.state)
        .catch((error: unknown) => this.#warn("phase not stored", sessionId, error));
    }
    if (phase === "closed" || phase === "refused") this.#conclude(entry, before);
  }

  #conclude({ state: { sessionId, keyId, phase } }: Live, before: SigningState["phase"]): void {
    this.#deps.metrics.sessions.add({ outcome: before === "signed" ? "signed" : phase });
    this.#live.delete(sessionId);
    this.#ended.add(sessionId);
    for (const id of this.#ended) if (this.#ended.size > signingSessionsMax) this.#ended.delete(id);
    this.#deps.nonces.refillIfLow(keyId);
  }

  #perform(entry: Live, effect: SigningEffect): void {
    const { submitter, nonces, send } = this.#deps;
    const { sessionId, keyId, attempt } = entry.state;
    switch (effect.type) {
      case "checkDigest":
        return this.#check(entry);
      case "releaseShare":
        return this.#release(entry);
      case "sendShare":
        for (const to of effect.receivers)
          send(to, sessionId, { type: "signatureShare", share: effect.share });
        return;
      case "submitSignature":
        return submitter.submit({ type: "groupSignature", sessionId, signature: effect.signature });
      case "submitFailure":
        return submitter.submit({
          type: "signingFailure",
          sessionId,
          attempt,
          culprits: effect.culprits,
        });
      case "discardNonce":
        return nonces.book(keyId)?.discard(sessionId);
      case "scheduleTimer":
        return this.#schedule(sessionId, effect);
      default:
        return unreachable(effect);
    }
  }

  #check({ state }: Live): void {
    checkDigest(this.#deps, state)
      .then((refusal) => this.#input(state.sessionId, { type: "digestChecked", refusal }))
      .catch((error: unknown) => {
        this.#warn("digest not checked", state.sessionId, error);
        this.#input(state.sessionId, { type: "digestChecked", refusal: "CHECK_UNAVAILABLE" });
      });
  }

  #release(entry: Live): void {
    const { sessionId } = entry.state;
    this.#makeShare(entry)
      .then((share) => this.#input(sessionId, { type: "shareReleased", share }))
      .catch((error: unknown) => {
        this.#warn("share not released", sessionId, error);
        this.#input(sessionId, { type: "releaseFailed", refusal: "NONCE_UNAVAILABLE" });
      });
  }

  /** The share, once its nonce is durably spent. The pair leaves the book first: whatever fails, it is not used again. */
  async #makeShare({ state, signer }: Live): Promise<Hex> {
    const { keys, nonces: stock, scheme, store } = this.#deps;
    const share = keys.shareOf(state.keyId);
    const nonces = stock.book(state.keyId)?.take(state.sessionId);
    if (share === undefined || nonces === undefined)
      throw new Error("no share or no nonce for this session");
    const made = scheme.sign.computeShare(state.package, { share, nonces });
    await store.spend({ sessionId: state.sessionId, digest: state.package.digest }, signer, made);
    return made;
  }

  #schedule(
    sessionId: Hex,
    { id, afterMs }: Extract<SigningEffect, { type: "scheduleTimer" }>,
  ): void {
    const fire = () => {
      if (!this.#deps.signal.aborted) this.#input(sessionId, { type: "timerFired", id });
    };
    setTimeout(fire, afterMs).unref();
  }

  #report({ openedAtMs }: Live, step: SigningStep, before: SigningState["phase"]): void {
    const { metrics, logger } = this.#deps;
    const { sessionId, phase, refusal, purpose } = step.state;
    if (step.rejected !== undefined)
      logger.debug("signing input refused", { sessionId, code: step.rejected });
    for (const member of step.blame ?? []) {
      metrics.blames.add({ code: phase === "failed" ? "SHARE_WRONG" : "SHARE_MISSING" });
      logger.warn("member at fault in a signing session", { sessionId, member });
    }
    if (phase === before) return;
    if (phase === "signed") {
      metrics.signatureLatency.observe((Date.now() - openedAtMs) / 1_000, {
        purpose: purpose.type,
      });
      if (purpose.type === "batch") {
        const attributes = {
          "sequorum.session.id": sessionId,
          "sequorum.batch.attempt": purpose.attempt,
        };
        this.#deps.traces.record(purpose.index, {
          name: "batch signed",
          since: openedAtMs,
          attributes,
        });
      }
    }
    if (phase === "refused" && refusal !== null) {
      metrics.refusals.add({ code: refusal });
      logger.warn("signing refused", { sessionId, purpose: purpose.type, code: refusal });
    }
  }

  #warn(message: string, sessionId: Hex, error: unknown): void {
    if (!this.#deps.signal.aborted)
      this.#deps.logger.warn(message, { sessionId, reason: describeError(error) });
  }
}
