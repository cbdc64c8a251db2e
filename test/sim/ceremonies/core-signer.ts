/**
 * The signer's real cores (key generation, signing) with the least shell that a simulation needs: virtual time, a
 * seeded network, and stores in memory. A Byzantine member is an honest one whose outgoing effects an actor changes.
 */
import assert from "node:assert/strict";
import {
  bytesToHex,
  type Decision,
  epochUpdateDigest,
  frostSchemeId,
  type GroupPublic,
  type Hex,
  keccak256,
  membersHash,
  type PoolPayload,
  type SigningDomain,
  signDigest,
  zeroHash,
} from "@sequorum/protocol";
import type { Prng } from "@sequorum/testkit";
import type { KeyShare } from "../../../services/mpc-signer/src/core/dkg/dealer.ts";
import type {
  DkgEffect,
  DkgInput,
  DkgStep,
} from "../../../services/mpc-signer/src/core/dkg/messages.ts";
import type { DkgState } from "../../../services/mpc-signer/src/core/dkg/state.ts";
import { decryptShare } from "../../../services/mpc-signer/src/core/share-encryption.ts";
import { frostScheme } from "../../../services/mpc-signer/src/core/signature-scheme.ts";
import type {
  SigningEffect,
  SigningInput,
  SigningStep,
} from "../../../services/mpc-signer/src/core/signing/messages.ts";
import type { NoncePair } from "../../../services/mpc-signer/src/core/signing/nonce.ts";
import type { SigningState } from "../../../services/mpc-signer/src/core/signing/state.ts";

export type SimKeys = { readonly address: Hex; readonly privateKey: Uint8Array };

/** A private message. */
export type SimMessage =
  | { readonly type: "dealtShare"; readonly ceremonyId: Hex; readonly ciphertext: Hex }
  | { readonly type: "shareRequest"; readonly ceremonyId: Hex }
  | { readonly type: "signatureShare"; readonly sessionId: Hex; readonly share: Hex };

/** Changes what a member lets out. The identity is honesty. */
export type Actor = {
  readonly name: string;
  readonly dkg?: (effect: DkgEffect, signer: CoreSigner) => readonly DkgEffect[];
  readonly signing?: (effect: SigningEffect, signer: CoreSigner) => readonly SigningEffect[];
};

export type CoreSignerPorts = {
  readonly submit: (payload: PoolPayload) => void;
  readonly send: (to: Hex, message: SimMessage) => void;
  readonly nowMs: () => number;
  /** Told of every nonce that made a share. */
  readonly onNonceUsed: (hiding: Hex, digest: Hex) => void;
};

type Options = {
  readonly keys: SimKeys;
  readonly members: readonly Hex[];
  readonly domain: SigningDomain;
  readonly roundTimeoutMs: number;
  readonly prng: Prng;
  readonly actor?: Actor;
};

type HeldKey = {
  readonly group: GroupPublic;
  readonly share: KeyShare;
  readonly roster: readonly Hex[];
  readonly digest: Hex;
};
type Timer = { readonly atMs: number; readonly fire: () => void };

const listLength = 6;

export class CoreSigner {
  readonly ceremonies = new Map<Hex, DkgState>();
  readonly keys = new Map<Hex, HeldKey>();
  readonly sessions = new Map<Hex, SigningState>();
  /** Members this node blamed, with the code. */
  readonly blamed: { readonly member: Hex; readonly code: string }[] = [];
  readonly revealed = new Map<Hex, number>();
  readonly options: Options;
  readonly #ports: CoreSignerPorts;
  #nonces = new Map<Hex, NoncePair>();
  #generation = 0;
  #timers: Timer[] = [];
  #early: { readonly from: Hex; readonly message: SimMessage }[] = [];

  constructor(options: Options, ports: CoreSignerPorts) {
    this.options = options;
    this.#ports = ports;
  }

  get address(): Hex {
    return this.options.keys.address;
  }

  /** kill -9: nonces and timers are gone, sessions come back from what was stored, then everything is repeated. */
  crash(): void {
    this.#nonces = new Map();
    this.#timers = [];
    this.sessions.clear();
    for (const [id, state] of [...this.ceremonies]) {
      const text = JSON.stringify(state, (_, v) => (typeof v === "bigint" ? `bigint:${v}` : v));
      const stored = JSON.parse(text, (_, v) =>
        typeof v === "string" && v.startsWith("bigint:") ? BigInt(v.slice(7)) : v,
      );
      this.ceremonies.set(id, stored as DkgState);
      this.#dkg(id, { type: "resumed" });
    }
    for (const keyId of this.keys.keys()) this.#publish(keyId);
  }

  onTime(): void {
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#ports.nowMs());
    this.#timers = this.#timers.filter((timer) => !due.includes(timer));
    for (const { fire } of due) fire();
  }

  onDecision(decision: Decision): void {
    switch (decision.type) {
      case "ceremonyOpened":
        return this.#open(decision);
      case "ceremonyRound1Completed":
        return this.#dkg(decision.ceremonyId, {
          type: "round1Completed",
          packages: decision.packages,
        });
      case "ceremonyComplaintRaised":
        return this.#dkg(decision.ceremonyId, { ...decision, type: "complaintRaised" });
      case "ceremonyShareRevealed":
        return this.#dkg(decision.ceremonyId, { ...decision, type: "shareRevealed" });
      case "ceremonyCompleted":
        return this.#dkg(decision.ceremonyId, { ...decision, type: "completed" });
      case "ceremonyFailed":
        this.#dkg(decision.ceremonyId, { type: "failed", culprits: decision.culprits });
        this.ceremonies.delete(decision.ceremonyId);
        return this.#ports.submit({ type: "keyErasure", keyId: decision.ceremonyId });
      case "nonceCommitmentsRecorded":
        return;
      case "signingSessionOpened":
        return this.#openSession(decision);
      case "signingSessionClosed":
        return this.#signing(decision.sessionId, { type: "closed" });
      case "keyRetired":
        this.keys.delete(decision.keyId);
        return this.#ports.submit({ type: "keyErasure", keyId: decision.keyId });
      default:
    }
  }

  onMessage(from: Hex, message: SimMessage): void {
    const id = message.type === "signatureShare" ? message.sessionId : message.ceremonyId;
    if (!this.ceremonies.has(id) && !this.sessions.has(id)) {
      this.#early = [...this.#early, { from, message }].slice(-64);
    } else if (message.type === "signatureShare") {
      this.#signing(id, { type: "shareReceived", from, share: message.share });
    } else if (message.type === "shareRequest")
      this.#dkg(id, { type: "shareRequested", receiver: from });
    else {
      const context = this.ceremonies.get(id)?.context ?? "0x";
      const route = { context, dealer: from, receiver: this.address };
      const share = decryptShare(message.ciphertext, {
        route,
        receiverPrivateKey: this.options.keys.privateKey,
      });
      this.#dkg(id, {
        type: "shareReceived",
        dealer: from,
        share: share === undefined ? null : bytesToHex(share),
      });
    }
  }

  #open(decision: Extract<Decision, { type: "ceremonyOpened" }>): void {
    const { ceremonyId, epoch, threshold, roster } = decision;
    if (!roster.some(({ address }) => address === this.address)) return;
    const seed = keccak256(new TextEncoder().encode(`seed ${this.address} ${ceremonyId}`));
    const opening = {
      domain: this.options.domain,
      ceremonyId,
      epoch,
      threshold,
      roster,
      self: this.address,
    };
    this.#applyDkg(frostScheme.dkg.open(opening, { seed }));
    this.#takeEarly(ceremonyId);
  }

  #dkg(ceremonyId: Hex, input: DkgInput): void {
    const state = this.ceremonies.get(ceremonyId);
    if (state !== undefined) this.#applyDkg(frostScheme.dkg.step(state, input));
  }

  #applyDkg(step: DkgStep): void {
    this.ceremonies.set(step.state.ceremonyId, step.state);
    this.blamed.push(...(step.blame ?? []));
    for (const effect of step.effects) {
      for (const actual of this.options.actor?.dkg?.(effect, this) ?? [effect])
        this.#performDkg(step.state, actual);
    }
  }

  #performDkg(state: DkgState, effect: DkgEffect): void {
    const { ceremonyId } = state;
    const { submit, send } = this.#ports;
    switch (effect.type) {
      case "submitRound1":
        return submit({ type: "dkgRound1", ceremonyId, package: effect.package });
      case "submitComplaint":
        return submit({ type: "dkgComplaint", ceremonyId, dealer: effect.dealer });
      case "submitReveal":
        this.revealed.set(ceremonyId, (this.revealed.get(ceremonyId) ?? 0) + 1);
        return submit({
          type: "dkgReveal",
          ceremonyId,
          complainer: effect.receiver,
          share: effect.share,
        });
      case "sendShare":
        return send(effect.receiver, {
          type: "dealtShare",
          ceremonyId,
          ciphertext: effect.ciphertext,
        });
      case "requestShare":
        return send(effect.dealer, { type: "shareRequest", ceremonyId });
      case "storeKey": {
        const update = {
          epoch: state.epoch,
          schemeId: frostSchemeId,
          threshold: state.threshold,
          membersHash: membersHash(this.options.members),
          groupKeyHash: keccak256(effect.group.groupKey),
          previousUpdateHash: zeroHash,
        };
        const digest = epochUpdateDigest(update, this.options.domain);
        this.keys.set(ceremonyId, {
          group: effect.group,
          share: effect.share,
          roster: state.roster.map(({ address }) => address),
          digest,
        });
        return;
      }
      case "confirm": {
        const held = this.keys.get(ceremonyId);
        assert.ok(held, "the key is stored before it is confirmed");
        const { groupKey, verifyingShares } = effect.group;
        const signature = signDigest(this.options.keys.privateKey, held.digest);
        return submit({
          type: "ceremonyConfirmation",
          ceremonyId,
          groupKey,
          verifyingShares,
          transcriptHash: effect.transcriptHash,
          signature,
        });
      }
      case "activateKey":
        return this.#publish(ceremonyId);
      case "eraseKey":
        this.keys.delete(ceremonyId);
        return;
      case "eraseCeremony":
        return;
      case "scheduleTimer":
        this.#later(effect.share * this.options.roundTimeoutMs, () =>
          this.#dkg(ceremonyId, { type: "timerFired", id: effect.id }),
        );
    }
  }

  #publish(keyId: Hex): void {
    const held = this.keys.get(keyId);
    if (held === undefined) return;
    this.#generation += 1;
    const { prng } = this.options;
    const random = (length = 32) =>
      new Uint8Array(Array.from({ length }, () => prng.integer(0, 255)));
    const made = Array.from({ length: listLength }, () =>
      frostScheme.sign.createNonce(held.share, random),
    );
    for (const { nonces, commitment } of made) this.#nonces.set(commitment.hiding, nonces);
    this.#ports.submit({
      type: "nonceCommitments",
      keyId,
      generation: this.#generation,
      commitments: made.map(({ commitment }) => commitment),
    });
  }

  #openSession(decision: Extract<Decision, { type: "signingSessionOpened" }>): void {
    const held = this.keys.get(decision.keyId);
    const { sessionId, purpose, keyId, digest, attempt, roster, deadlineMs, timeMs } = decision;
    const signer = roster.find(({ member }) => member === this.address);
    if (held === undefined || signer === undefined) return;
    const step = frostScheme.sign.open({
      sessionId,
      purpose,
      keyId,
      digest,
      attempt,
      roster,
      timeoutMs: deadlineMs - timeMs,
      group: held.group,
      keyRoster: held.roster,
      self: this.address,
    });
    this.#applySigning(step);
    this.#takeEarly(sessionId);
    if (signer.commitmentIndex >= listLength / 2) this.#publish(keyId);
  }

  #signing(sessionId: Hex, input: SigningInput): void {
    const state = this.sessions.get(sessionId);
    if (state !== undefined) this.#applySigning(frostScheme.sign.step(state, input));
  }

  #applySigning(step: SigningStep): void {
    this.sessions.set(step.state.sessionId, step.state);
    this.blamed.push(...(step.blame ?? []).map((member) => ({ member, code: "SIGNING" })));
    for (const effect of step.effects) {
      for (const actual of this.options.actor?.signing?.(effect, this) ?? [effect])
        this.#performSigning(step.state, actual);
    }
  }

  #performSigning(state: SigningState, effect: SigningEffect): void {
    const { sessionId, attempt, purpose, keyId } = state;
    const { submit, send } = this.#ports;
    switch (effect.type) {
      case "checkDigest": {
        const own = purpose.type === "epoch" ? this.keys.get(keyId)?.digest : state.package.digest;
        const refusal = own === state.package.digest ? null : "DIGEST_DIFFERS";
        return this.#later(0, () => this.#signing(sessionId, { type: "digestChecked", refusal }));
      }
      case "releaseShare":
        return this.#release(state);
      case "sendShare":
        for (const to of effect.receivers)
          send(to, { type: "signatureShare", sessionId, share: effect.share });
        return;
      case "submitSignature":
        return submit({ type: "groupSignature", sessionId, signature: effect.signature });
      case "submitFailure":
        return submit({ type: "signingFailure", sessionId, attempt, culprits: effect.culprits });
      case "discardNonce":
        return;
      case "scheduleTimer":
        return this.#later(effect.afterMs, () =>
          this.#signing(sessionId, { type: "timerFired", id: effect.id }),
        );
    }
  }

  #release(state: SigningState): void {
    const held = this.keys.get(state.keyId);
    const own = state.package.commitments.find(({ index }) => index === held?.share.index);
    const nonces = own === undefined ? undefined : this.#nonces.get(own.hiding);
    if (held === undefined || own === undefined || nonces === undefined) {
      return this.#later(0, () =>
        this.#signing(state.sessionId, { type: "releaseFailed", refusal: "NONCE_UNAVAILABLE" }),
      );
    }
    this.#nonces.delete(own.hiding);
    this.#ports.onNonceUsed(own.hiding, state.package.digest);
    const share = frostScheme.sign.computeShare(state.package, { share: held.share, nonces });
    this.#later(0, () => this.#signing(state.sessionId, { type: "shareReleased", share }));
  }

  #takeEarly(id: Hex): void {
    const taken = this.#early;
    this.#early = [];
    for (const { from, message } of taken) {
      const of = message.type === "signatureShare" ? message.sessionId : message.ceremonyId;
      if (of === id) this.onMessage(from, message);
      else this.#early.push({ from, message });
    }
  }

  #later(afterMs: number, fire: () => void): void {
    this.#timers.push({ atMs: this.#ports.nowMs() + afterMs, fire });
  }
}
