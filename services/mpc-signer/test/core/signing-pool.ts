/** n signers of one key in one process; the key comes from a trusted dealer, because the ceremony has tests of its own. */
import assert from "node:assert/strict";
import { randomBytes as systemRandom } from "node:crypto";
import {
  bytesToHex,
  frost,
  fromFrostPublic,
  type GroupPublic,
  type Hex,
  keccak256,
  type NonceCommitment,
  normaliseToEvenY,
  type SchnorrSignature,
  type SessionSigner,
} from "@sequorum/protocol";
import type { KeyShare } from "../../src/core/dkg/dealer.ts";
import {
  computeSignatureShare,
  createNonce,
  type NoncePair,
} from "../../src/core/signing/nonce.ts";
import type { SigningEffect, SigningInput, SigningStep } from "../../src/core/signing/messages.ts";
import type { SigningOpening, SigningState } from "../../src/core/signing/state.ts";
import { openSigning, signingStep } from "../../src/core/signing/step.ts";
import { makeKeys } from "./dkg-pool.ts";

export const random = (length = 32): Uint8Array<ArrayBuffer> =>
  new Uint8Array(systemRandom(length));

export type TestKey = { group: GroupPublic; shares: KeyShare[]; roster: Hex[] };

export function dealKey(n: number, t: number): TestKey {
  const dealt = frost.trustedDealer({ min: t, max: n });
  const keys = Object.keys(dealt.secretShares)
    .sort()
    .map((id) => {
      const secret = dealt.secretShares[id];
      assert.ok(secret);
      return normaliseToEvenY({ public: dealt.public, secret });
    });
  const [first] = keys;
  assert.ok(first);
  return {
    group: fromFrostPublic(first.public),
    shares: keys.map(({ secret }, index) => ({
      index,
      signingShare: bytesToHex(secret.signingShare),
    })),
    roster: keys.map((_, i) => makeKeys(`${i}`).address),
  };
}

export type Tamper = (effect: SigningEffect, member: number) => readonly SigningEffect[];

export type SigningOptions = {
  key: TestKey;
  signers: readonly number[];
  digest?: Hex;
  /** Digest this member computed itself. */
  ownDigest?: (member: number) => Hex | undefined;
  tamper?: Tamper;
  changeRoster?: (roster: readonly SessionSigner[]) => readonly SessionSigner[];
};

/** One attempt. */
export class SigningPool {
  readonly states = new Map<number, SigningState>();
  readonly nonces = new Map<number, NoncePair>();
  readonly submitted: { member: number; signature: SchnorrSignature }[] = [];
  readonly failures: { member: number; culprits: readonly Hex[] }[] = [];
  readonly rejected: string[] = [];
  readonly timers: { member: number; id: "submit" | "expire"; afterMs: number }[] = [];
  readonly digest: Hex;
  readonly opening: Omit<SigningOpening, "self">;
  readonly #queue: (() => void)[] = [];
  readonly #options: SigningOptions;

  constructor(options: SigningOptions) {
    const { key, signers } = options;
    this.#options = options;
    this.digest = options.digest ?? keccak256(random());
    const commitments = new Map<number, NonceCommitment>();
    for (const member of signers) {
      const share = key.shares[member];
      assert.ok(share);
      const made = createNonce(share, random);
      this.nonces.set(member, made.nonces);
      commitments.set(member, made.commitment);
    }
    const roster = signers.map((member): SessionSigner => {
      const commitment = commitments.get(member);
      assert.ok(commitment);
      const address = key.roster[member];
      assert.ok(address);
      return {
        member: address,
        identifier: member + 1,
        generation: 1,
        commitmentIndex: 0,
        ...commitment,
      };
    });
    this.opening = {
      sessionId: keccak256(random()),
      purpose: { type: "batch", index: 1n, attempt: 0 },
      keyId: `0x${"cc".repeat(32)}`,
      digest: this.digest,
      attempt: 0,
      roster: options.changeRoster?.(roster) ?? roster,
      timeoutMs: 1_500,
      group: key.group,
      keyRoster: key.roster,
    };
    for (const member of signers) {
      const self = key.roster[member];
      assert.ok(self);
      this.apply(member, openSigning({ ...this.opening, self }));
    }
  }

  run(): this {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) next();
    return this;
  }

  fire(id: "submit" | "expire"): this {
    for (const timer of this.timers.filter((t) => t.id === id))
      this.input(timer.member, { type: "timerFired", id });
    return this.run();
  }

  input(member: number, input: SigningInput): SigningStep {
    const state = this.states.get(member);
    assert.ok(state);
    const step = signingStep(state, input);
    this.apply(member, step);
    return step;
  }

  apply(member: number, step: SigningStep): void {
    if (step.rejected !== undefined) this.rejected.push(step.rejected);
    this.states.set(member, step.state);
    for (const effect of step.effects) {
      for (const actual of this.#options.tamper?.(effect, member) ?? [effect])
        this.#perform(member, actual);
    }
  }

  #perform(member: number, effect: SigningEffect): void {
    const { key, ownDigest } = this.#options;
    switch (effect.type) {
      case "checkDigest": {
        const own = ownDigest === undefined ? this.digest : ownDigest(member);
        const refusal =
          own === undefined ? "NOT_ENDORSED" : own === this.digest ? null : "DIGEST_DIFFERS";
        this.#queue.push(() => this.input(member, { type: "digestChecked", refusal }));
        return;
      }
      case "releaseShare": {
        const share = key.shares[member];
        const nonces = this.nonces.get(member);
        const state = this.states.get(member);
        assert.ok(share && nonces && state);
        const made = computeSignatureShare(state.package, { share, nonces });
        this.#queue.push(() => this.input(member, { type: "shareReleased", share: made }));
        return;
      }
      case "sendShare":
        for (const receiver of effect.receivers) {
          const to = key.roster.indexOf(receiver);
          const from = key.roster[member];
          assert.ok(from);
          this.#queue.push(() =>
            this.input(to, { type: "shareReceived", from, share: effect.share }),
          );
        }
        return;
      case "submitSignature":
        this.submitted.push({ member, signature: effect.signature });
        return;
      case "submitFailure":
        this.failures.push({ member, culprits: effect.culprits });
        return;
      case "discardNonce":
        return;
      case "scheduleTimer":
        this.timers.push({ member, id: effect.id, afterMs: effect.afterMs });
    }
  }
}
