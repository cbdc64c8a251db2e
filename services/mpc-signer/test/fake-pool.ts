/** The PoS chain as the signers see it: takes payloads, decides in one order, delivers to every member. */
import assert from "node:assert/strict";
import {
  checkRound1Package,
  ceremonyContext,
  type Hex,
  isDealtShareValid,
  keccak256,
  type NonceCommitment,
  type PoolPayload,
  quorum,
  type SchnorrSignature,
  type SessionSigner,
  type SigningDomain,
  type SigningPurpose,
  verifySchnorr,
} from "@sequorum/protocol";
import type { SignerDecision } from "../src/ports.ts";

type Payload<T extends PoolPayload["type"]> = Extract<PoolPayload, { type: T }>;
export type FakeMember = { address: Hex; publicKey: Hex };

type Key = { groupKey: Hex; roster: Hex[]; threshold: number };
type Ceremony = {
  roster: Hex[];
  context: Hex;
  packages: Map<Hex, Hex>;
  confirmations: Map<Hex, Payload<"ceremonyConfirmation">>;
  done: boolean;
};
type Session = {
  keyId: Hex;
  digest: Hex;
  purpose: SigningPurpose;
  attempt: number;
  roster: Hex[];
  failures: Map<Hex, readonly Hex[]>;
  closed: boolean;
  openedAtMs: number;
};

export type FakePoolOptions = {
  members: FakeMember[];
  domain: SigningDomain;
  attemptTimeoutMs?: number;
};

/** Decides like the pool's state machine, without consensus. */
export class FakePool {
  readonly log: SignerDecision[] = [];
  readonly payloads: { from: Hex; payload: PoolPayload }[] = [];
  readonly keys = new Map<Hex, Key>();
  readonly sessions = new Map<Hex, Session>();
  readonly signed = new Map<
    Hex,
    { signature: SchnorrSignature; latencyMs: number; attempt: number }
  >();
  readonly erasures: { from: Hex; keyId: Hex }[] = [];
  readonly failedCeremonies: { ceremonyId: Hex; culprits: readonly Hex[] }[] = [];
  readonly unused = new Map<
    string,
    { generation: number; index: number; commitment: NonceCommitment }[]
  >();
  readonly #ceremonies = new Map<Hex, Ceremony>();
  readonly #listeners = new Set<() => void>();
  readonly #options: FakePoolOptions;

  constructor(options: FakePoolOptions) {
    this.#options = options;
  }

  onDecision(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  decide(
    decision: SignerDecision extends infer D
      ? D extends unknown
        ? Omit<D, "timeMs">
        : never
      : never,
  ): void {
    this.log.push({ ...decision, timeMs: Date.now() } as SignerDecision);
    for (const listener of this.#listeners) listener();
  }

  openCeremony(label: string, members = this.#options.members): Hex {
    const ceremonyId = keccak256(new TextEncoder().encode(label));
    const roster = members.map(({ address }) => address);
    const threshold = quorum(members.length);
    const binding = { domain: this.#options.domain, ceremonyId, epoch: 1n, threshold, roster };
    this.#ceremonies.set(ceremonyId, {
      roster,
      context: ceremonyContext(binding),
      packages: new Map(),
      confirmations: new Map(),
      done: false,
    });
    this.decide({
      type: "ceremonyOpened",
      ceremonyId,
      epoch: 1n,
      attempt: 0,
      threshold,
      deadlineMs: Date.now() + 5_000,
      roster: members.map((member, index) => ({ ...member, index, stakeWei: 1n })),
    });
    return ceremonyId;
  }

  /** Opens attempt `attempt` at a digest with members that have nonces, without `excluded`. */
  sign(
    keyId: Hex,
    {
      digest,
      purpose,
      attempt = 0,
      excluded = [],
      timeoutMs = this.#options.attemptTimeoutMs ?? 1_500,
    }: {
      digest: Hex;
      purpose: SigningPurpose;
      attempt?: number;
      excluded?: readonly Hex[];
      timeoutMs?: number;
    },
  ): Hex {
    const key = this.keys.get(keyId);
    assert.ok(key);
    const roster = key.roster
      .flatMap((member, i): SessionSigner[] => {
        const list = this.unused.get(`${keyId}${member}`) ?? [];
        if (excluded.includes(member) || list.length === 0) return [];
        return [
          {
            member,
            identifier: i + 1,
            generation: 0,
            commitmentIndex: 0,
            hiding: "0x",
            binding: "0x",
          },
        ];
      })
      .slice(0, key.threshold)
      .map((signer) => {
        const next = this.unused.get(`${keyId}${signer.member}`)?.shift();
        assert.ok(next);
        return {
          ...signer,
          generation: next.generation,
          commitmentIndex: next.index,
          ...next.commitment,
        };
      });
    assert.ok(roster.length >= key.threshold, "enough members have nonces");
    const sessionId = keccak256(new TextEncoder().encode(`${keyId}${digest}${attempt}`));
    this.sessions.set(sessionId, {
      keyId,
      digest,
      purpose,
      attempt,
      roster: roster.map(({ member }) => member),
      failures: new Map(),
      closed: false,
      openedAtMs: Date.now(),
    });
    this.decide({
      type: "signingSessionOpened",
      sessionId,
      purpose,
      keyId,
      digest,
      attempt,
      roster,
      deadlineMs: Date.now() + timeoutMs,
    });
    return sessionId;
  }

  submit(from: Hex, payload: PoolPayload): void {
    this.payloads.push({ from, payload });
    switch (payload.type) {
      case "dkgRound1":
        return this.#round1(from, payload);
      case "dkgComplaint":
        return this.decide({
          type: "ceremonyComplaintRaised",
          ceremonyId: payload.ceremonyId,
          dealer: payload.dealer,
          complainer: from,
        });
      case "dkgReveal":
        return this.#reveal(from, payload);
      case "ceremonyConfirmation":
        return this.#confirmation(from, payload);
      case "nonceCommitments":
        return this.#nonces(from, payload);
      case "groupSignature":
        return this.#signature(payload);
      case "signingFailure":
        return this.#failure(from, payload);
      case "keyErasure":
        this.erasures.push({ from, keyId: payload.keyId });
        this.decide({ type: "keyErased", keyId: payload.keyId, member: from });
        return;
      default:
        assert.fail(`unexpected payload ${payload.type}`);
    }
  }

  #round1(from: Hex, { ceremonyId, package: encoded }: Payload<"dkgRound1">): void {
    const ceremony = this.#ceremonies.get(ceremonyId);
    assert.ok(ceremony);
    if (
      ceremony.done ||
      ceremony.packages.has(from) ||
      ceremony.packages.size === ceremony.roster.length
    )
      return;
    const index = ceremony.roster.indexOf(from);
    if (
      typeof checkRound1Package(ceremony.context, {
        index,
        threshold: quorum(ceremony.roster.length),
        encoded,
      }) === "string"
    )
      return;
    ceremony.packages.set(from, encoded);
    if (ceremony.packages.size < ceremony.roster.length) return;
    const packages = ceremony.roster.map((dealer) => ({
      dealer,
      package: ceremony.packages.get(dealer) ?? ("0x" as Hex),
    }));
    this.decide({
      type: "ceremonyRound1Completed",
      ceremonyId,
      packages,
      deadlineMs: Date.now() + 5_000,
    });
  }

  #reveal(from: Hex, { ceremonyId, complainer, share }: Payload<"dkgReveal">): void {
    const ceremony = this.#ceremonies.get(ceremonyId);
    assert.ok(ceremony);
    const encoded = ceremony.packages.get(from);
    assert.ok(encoded);
    const index = ceremony.roster.indexOf(from);
    const pkg = checkRound1Package(ceremony.context, {
      index,
      threshold: quorum(ceremony.roster.length),
      encoded,
    });
    assert.ok(typeof pkg !== "string");
    if (
      isDealtShareValid(pkg.commitment, {
        receiverIndex: ceremony.roster.indexOf(complainer),
        share,
      })
    ) {
      return this.decide({
        type: "ceremonyShareRevealed",
        ceremonyId,
        dealer: from,
        complainer,
        share,
      });
    }
    this.failCeremony(ceremonyId, [from]);
  }

  failCeremony(ceremonyId: Hex, culprits: readonly Hex[]): void {
    this.failedCeremonies.push({ ceremonyId, culprits });
    const ceremony = this.#ceremonies.get(ceremonyId);
    assert.ok(ceremony);
    ceremony.done = true;
    this.decide({ type: "ceremonyFailed", ceremonyId, culprits, code: "REVEAL_WRONG" });
  }

  #confirmation(from: Hex, payload: Payload<"ceremonyConfirmation">): void {
    const ceremony = this.#ceremonies.get(payload.ceremonyId);
    assert.ok(ceremony);
    ceremony.confirmations.set(from, payload);
    if (ceremony.done || ceremony.confirmations.size < ceremony.roster.length) return;
    ceremony.done = true;
    const all = [...ceremony.confirmations.values()];
    assert.equal(
      new Set(all.map((c) => `${c.groupKey}${c.transcriptHash}${c.verifyingShares.join()}`)).size,
      1,
      "one key",
    );
    const threshold = quorum(ceremony.roster.length);
    const { ceremonyId, groupKey, verifyingShares } = payload;
    this.keys.set(ceremonyId, { groupKey, roster: ceremony.roster, threshold });
    this.decide({
      type: "ceremonyCompleted",
      ceremonyId,
      epoch: 1n,
      groupKey,
      verifyingShares,
      roster: ceremony.roster,
      threshold,
    });
  }

  #nonces(from: Hex, { keyId, generation, commitments }: Payload<"nonceCommitments">): void {
    const id = `${keyId}${from}`;
    this.unused.set(
      id,
      commitments.map((commitment, index) => ({ generation, index, commitment })),
    );
    this.decide({
      type: "nonceCommitmentsRecorded",
      keyId,
      member: from,
      generation,
      unused: commitments.length,
    });
  }

  #signature({ sessionId, signature }: Payload<"groupSignature">): void {
    const session = this.sessions.get(sessionId);
    assert.ok(session);
    const key = this.keys.get(session.keyId);
    assert.ok(key);
    if (session.closed) return;
    assert.ok(
      verifySchnorr(key.groupKey, session.digest, signature),
      "only valid signatures are submitted",
    );
    session.closed = true;
    const latencyMs = Date.now() - session.openedAtMs;
    this.decide({ type: "signingSessionClosed", sessionId, signed: true, culprits: [] });
    this.signed.set(session.digest, { signature, latencyMs, attempt: session.attempt });
  }

  #failure(from: Hex, { sessionId, culprits }: Payload<"signingFailure">): void {
    const session = this.sessions.get(sessionId);
    assert.ok(session);
    const key = this.keys.get(session.keyId);
    assert.ok(key);
    session.failures.set(from, culprits);
    if (session.closed || session.failures.size <= key.roster.length - key.threshold) return;
    session.closed = true;
    const named = key.roster.filter(
      (member) =>
        [...session.failures.values()].filter((list) => list.includes(member)).length >
        key.roster.length - key.threshold,
    );
    this.decide({ type: "signingSessionClosed", sessionId, signed: false, culprits: named });
    const { digest, purpose, attempt } = session;
    this.sign(session.keyId, { digest, purpose, attempt: attempt + 1, excluded: named });
  }
}
