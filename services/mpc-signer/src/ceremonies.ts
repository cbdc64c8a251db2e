/** The shell of key generation: one queue, state stored before effects, secrets in files, results in the key store. */
import {
  assert,
  bytesToHex,
  type EpochUpdate,
  epochUpdateDigest,
  frostSuiteName,
  type Hex,
  keccak256,
  membersHash,
  type SigningDomain,
  signDigest,
  unreachable,
} from "@sequorum/protocol";
import type { Logger } from "@sequorum/service";
import { afterCommit, type Transaction } from "@sequorum/store";
import type { CeremonyStore } from "./adapters/ceremony-store.ts";
import type { KeyStore } from "./adapters/key-store.ts";
import type { MpcBody } from "./adapters/mpc-messages.ts";
import type { DkgEffect, DkgInput, DkgStep } from "./core/dkg/messages.ts";
import type { DkgState } from "./core/dkg/state.ts";
import { decryptShare } from "./core/share-encryption.ts";
import type { SignatureScheme } from "./core/signature-scheme.ts";
import type { SignerMetrics } from "./metrics.ts";
import type { SignerDecision } from "./ports.ts";
import type { Submitter } from "./submitter.ts";

/** Ceremonies that ended and are still answered for. */
const endedCeremoniesMax = 64;

/** What ceremonies work with. */
export type CeremoniesDeps = {
  readonly scheme: SignatureScheme;
  readonly self: { readonly address: Hex; readonly privateKey: Uint8Array };
  readonly domain: SigningDomain;
  readonly roundTimeoutMs: number;
  readonly store: CeremonyStore;
  readonly keys: KeyStore;
  readonly submitter: Submitter;
  readonly send: (to: Hex, sessionId: Hex, body: MpcBody) => void;
  readonly onOpened: (ceremonyId: Hex) => void;
  readonly onKeyActive: (keyId: Hex) => void;
  readonly fail: (error: unknown) => void;
  readonly signal: AbortSignal;
  readonly metrics: SignerMetrics;
  readonly logger: Logger;
};

/** How a ceremony stands here. */
export type CeremonyView = { readonly phase: string; readonly culprits: readonly Hex[] };

type Live = { state: DkgState; readonly openedAtMs: number };
type CeremonyDecision = Extract<SignerDecision, { readonly ceremonyId: Hex }>;
type Effect<Type extends DkgEffect["type"]> = Extract<DkgEffect, { readonly type: Type }>;

/** All key generations of this node. */
export class Ceremonies {
  readonly #deps: CeremoniesDeps;
  readonly #live = new Map<Hex, Live>();
  readonly #ended = new Map<Hex, CeremonyView>();
  /** The end of the queue: one input at a time, effects in order. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(deps: CeremoniesDeps) {
    this.#deps = deps;
  }

  /** Loads what was under way and repeats what a crash may have swallowed. */
  async resume(): Promise<void> {
    for (const entry of await this.#deps.store.load()) {
      this.#live.set(entry.state.ceremonyId, { ...entry });
      await this.#inTurn(() => this.#input(entry.state.ceremonyId, { type: "resumed" }));
    }
    for (const keyId of await this.#deps.store.unreported()) {
      this.#deps.submitter.submit({ type: "keyErasure", keyId });
    }
  }

  /** The pool recorded this node's erasure of a void ceremony. */
  async onErasureRecorded(ceremonyId: Hex, tx: Transaction): Promise<void> {
    await this.#deps.store.remove(tx, ceremonyId);
  }

  /** Applies a decision; the state is stored in `tx`. */
  onDecision(decision: CeremonyDecision, tx: Transaction): Promise<void> {
    return this.#inTurn(() => this.#decided(decision, tx));
  }

  onMessage(from: Hex, ceremonyId: Hex, body: MpcBody): void {
    const entry = this.#live.get(ceremonyId);
    if (entry === undefined) return;
    if (body.type === "shareRequest") {
      this.#inBackground(ceremonyId, { type: "shareRequested", receiver: from });
    } else if (body.type === "encryptedShare") {
      const { address, privateKey } = this.#deps.self;
      const route = { context: entry.state.context, dealer: from, receiver: address };
      const share = decryptShare(body.ciphertext, { route, receiverPrivateKey: privateKey });
      const opened = share === undefined ? null : bytesToHex(share);
      this.#inBackground(ceremonyId, { type: "shareReceived", dealer: from, share: opened });
    }
  }

  knows(ceremonyId: Hex): boolean {
    return this.#live.has(ceremonyId) || this.#ended.has(ceremonyId);
  }

  find(ceremonyId: Hex): CeremonyView | undefined {
    const entry = this.#live.get(ceremonyId);
    return entry === undefined ? this.#ended.get(ceremonyId) : viewOf(entry.state);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#last.then(work, work);
    this.#last = run.catch(() => {});
    return run;
  }

  /** An input that no caller waits for; its failure stops the process, because the state could not be stored. */
  #inBackground(ceremonyId: Hex, input: DkgInput): void {
    this.#inTurn(() => this.#input(ceremonyId, input)).catch((error: unknown) => {
      if (!this.#deps.signal.aborted) this.#deps.fail(error);
    });
  }

  async #decided(decision: CeremonyDecision, tx: Transaction): Promise<void> {
    const { ceremonyId } = decision;
    switch (decision.type) {
      case "ceremonyOpened":
        return this.#open(decision, tx);
      case "ceremonyRound1Completed":
        return this.#input(
          ceremonyId,
          { type: "round1Completed", packages: decision.packages },
          tx,
        );
      case "ceremonyComplaintRaised":
        return this.#input(ceremonyId, { ...decision, type: "complaintRaised" }, tx);
      case "ceremonyShareRevealed":
        return this.#input(ceremonyId, { ...decision, type: "shareRevealed" }, tx);
      case "ceremonyCompleted":
        await this.#input(ceremonyId, { ...decision, type: "completed" }, tx);
        return this.#forget(ceremonyId, tx, "completed");
      case "ceremonyFailed": {
        const { code, culprits } = decision;
        this.#deps.logger.warn("key generation failed", { ceremonyId, code, culprits });
        await this.#input(ceremonyId, { ...decision, type: "failed" }, tx);
        return this.#forget(ceremonyId, tx, "failed");
      }
      default:
        return unreachable(decision);
    }
  }

  async #open(
    decision: Extract<CeremonyDecision, { type: "ceremonyOpened" }>,
    tx: Transaction,
  ): Promise<void> {
    const { self, store, scheme, domain, logger, keys, onOpened } = this.#deps;
    const { ceremonyId, epoch, threshold, roster } = decision;
    const isMember = roster.some(({ address }) => address === self.address);
    if (!isMember || this.#live.has(ceremonyId) || keys.get(ceremonyId) !== undefined) return;
    if (await store.isKnown(tx, ceremonyId)) return;
    const seed = await store.seed(ceremonyId);
    const opening = { domain, ceremonyId, epoch, threshold, roster, self: self.address };
    const step = scheme.dkg.open(opening, { seed: bytesToHex(seed) });
    const entry: Live = { state: step.state, openedAtMs: Date.now() };
    this.#live.set(ceremonyId, entry);
    logger.info("key generation opened", { ceremonyId, epoch, members: roster.length, threshold });
    await this.#apply(entry, step, tx);
    onOpened(ceremonyId);
  }

  async #input(ceremonyId: Hex, input: DkgInput, tx?: Transaction): Promise<void> {
    const entry = this.#live.get(ceremonyId);
    if (entry === undefined) return;
    const step = this.#deps.scheme.dkg.step(entry.state, input);
    if (step.rejected !== undefined) {
      this.#deps.logger.warn("ceremony input refused", {
        ceremonyId,
        input: input.type,
        code: step.rejected,
      });
    }
    if (step.state === entry.state && step.effects.length === 0) return;
    if (step.state.phase === "completed") {
      this.#deps.metrics.dkgDuration.observe((Date.now() - entry.openedAtMs) / 1_000);
    }
    await this.#apply(entry, step, tx);
  }

  async #apply(entry: Live, step: DkgStep, tx?: Transaction): Promise<void> {
    const { state, effects, blame = [] } = step;
    entry.state = state;
    for (const { member, code } of blame) {
      this.#deps.metrics.blames.add({ code });
      this.#deps.logger.warn("member at fault in a key generation", {
        ceremonyId: state.ceremonyId,
        member,
        code,
      });
    }
    await this.#deps.store.save(state, tx);
    for (const effect of effects) await this.#perform(state, effect, tx);
    if (state.phase !== "completed" && state.phase !== "failed") return;
    this.#live.delete(state.ceremonyId);
    this.#ended.set(state.ceremonyId, viewOf(state));
    for (const id of this.#ended.keys())
      if (this.#ended.size > endedCeremoniesMax) this.#ended.delete(id);
  }

  async #perform(state: DkgState, effect: DkgEffect, tx?: Transaction): Promise<void> {
    const { submitter, send, keys, store, onKeyActive } = this.#deps;
    const { ceremonyId } = state;
    switch (effect.type) {
      case "submitRound1":
        return submitter.submit({ type: "dkgRound1", ceremonyId, package: effect.package });
      case "submitComplaint":
        return submitter.submit({ type: "dkgComplaint", ceremonyId, dealer: effect.dealer });
      case "submitReveal":
        return submitter.submit({
          type: "dkgReveal",
          ceremonyId,
          complainer: effect.receiver,
          share: effect.share,
        });
      case "sendShare":
        return send(effect.receiver, ceremonyId, {
          type: "encryptedShare",
          ciphertext: effect.ciphertext,
        });
      case "requestShare":
        return send(effect.dealer, ceremonyId, { type: "shareRequest" });
      case "storeKey":
        return this.#storeKey(state, effect);
      case "confirm":
        return this.#confirm(ceremonyId, effect);
      case "activateKey":
        await keys.activate(ceremonyId);
        return onKeyActive(ceremonyId);
      case "eraseKey":
        return keys.erase(ceremonyId);
      case "eraseCeremony":
        return store.erase(state, tx);
      case "scheduleTimer":
        return this.#schedule(ceremonyId, effect);
      default:
        return unreachable(effect);
    }
  }

  #schedule(ceremonyId: Hex, { id, share }: Effect<"scheduleTimer">): void {
    const fire = () => {
      if (!this.#deps.signal.aborted) this.#inBackground(ceremonyId, { type: "timerFired", id });
    };
    setTimeout(fire, this.#deps.roundTimeoutMs * share).unref();
  }

  async #storeKey(state: DkgState, { group, share }: Effect<"storeKey">): Promise<void> {
    const { keys, scheme, domain } = this.#deps;
    const update: EpochUpdate = {
      epoch: state.epoch,
      schemeId: scheme.capabilities.schemeId,
      threshold: state.threshold,
      membersHash: membersHash(await keys.members()),
      groupKeyHash: keccak256(group.groupKey),
      previousUpdateHash: await keys.previousUpdateHash(),
    };
    const record = {
      keyId: state.ceremonyId,
      epoch: state.epoch,
      scheme: frostSuiteName,
      group,
      roster: state.roster.map(({ address }) => address),
      selfIndex: state.selfIndex,
      updateDigest: epochUpdateDigest(update, domain),
    };
    await keys.add(record, share);
  }

  #confirm(ceremonyId: Hex, { group, transcriptHash }: Effect<"confirm">): void {
    const { keys, self, submitter } = this.#deps;
    const record = keys.get(ceremonyId);
    assert(record !== undefined, "a key is stored before it is confirmed", { ceremonyId });
    const { groupKey, verifyingShares } = group;
    const signature = signDigest(self.privateKey, record.updateDigest);
    submitter.submit({
      type: "ceremonyConfirmation",
      ceremonyId,
      groupKey,
      verifyingShares,
      transcriptHash,
      signature,
    });
  }

  /** The pool ended the ceremony: its row goes; a member of a void one first says that it kept nothing. */
  async #forget(ceremonyId: Hex, tx: Transaction, outcome: "completed" | "failed"): Promise<void> {
    const { store, metrics, submitter } = this.#deps;
    const isMember =
      outcome === "failed" ? store.markErased(tx, ceremonyId) : store.remove(tx, ceremonyId);
    if (!(await isMember)) return;
    metrics.ceremonies.add({ outcome });
    if (outcome === "failed")
      afterCommit(tx, () => submitter.submit({ type: "keyErasure", keyId: ceremonyId }));
  }
}

function viewOf({ phase, blame }: DkgState): CeremonyView {
  return { phase, culprits: blame.map(({ member }) => member) };
}
