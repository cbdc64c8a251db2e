/**
 * A signer for tests of the pool: real FROST, no persistence, private channels are function calls. Its faults are
 * switches that a test turns.
 */
import type {
  DKG_Round1,
  DKG_Round2,
  DKG_Secret,
  Key,
  Nonces,
} from "@noble/curves/abstract/frost.js";
import {
  aggregateShares,
  assert,
  bytesToHex,
  type CeremonyBinding,
  type CeremonyOpened,
  type CeremonyRound1Completed,
  type CeremonyShareRevealed,
  ceremonyContext,
  ceremonySuite,
  ceremonyTranscriptHash,
  checkRound1Package,
  type DecisionBody,
  deriveGroup,
  encodeRound1Package,
  epochUpdateDigest,
  frost,
  frostIdentifier,
  frostSchemeId,
  type GroupPublic,
  type Hex,
  hexToBytes,
  isDealtShareValid,
  isSignatureShareValid,
  keccak256,
  membersHash,
  type PoolPayload,
  type Round1Package,
  type SigningPackage,
  type SigningSessionOpened,
  signDigest,
  toFrostPublic,
  toNobleCommitments,
  zeroHash,
} from "@sequorum/protocol";
import type { PoolGenesis } from "../core/pool/genesis.ts";
import type { TestMember } from "./pool-members.ts";

/** What a signer does wrong. */
export type SignerFaults = {
  /** Sends no round-1 package. */
  silentInRound1?: boolean;
  /** Deals this member a wrong share. */
  wrongShareTo?: Hex;
  /** Does not reveal when accused, or reveals rubbish. */
  reveal?: "never" | "wrong";
  /** Never confirms. */
  neverConfirms?: boolean;
  /** Gives wrong signature shares. */
  wrongSignatureShares?: boolean;
  /** Gives no signature shares. */
  silentInSigning?: boolean;
};

/** How a signer speaks: to all through the pool, to one privately. */
export type SignerPorts = {
  readonly submit: (payload: PoolPayload) => void;
  readonly sendShare: (to: Hex, ceremonyId: Hex, share: Hex) => void;
  readonly sendSignatureShare: (to: readonly Hex[], sessionId: Hex, share: Hex) => void;
};

type Running = {
  readonly opened: CeremonyOpened;
  readonly binding: CeremonyBinding;
  readonly secret: DKG_Secret;
  readonly own: Round1Package;
  packages: readonly Round1Package[];
  readonly received: Map<Hex, Hex>;
  dealt: Readonly<Record<string, DKG_Round2>>;
  confirmed: boolean;
};

type Session = { readonly opened: SigningSessionOpened; readonly shares: Map<Hex, Hex> };

/** Commitments in one list. */
const listLength = 8;

/** The signer of one member. */
export class FakeSigner {
  readonly faults: SignerFaults = {};
  readonly #member: TestMember;
  readonly #genesis: PoolGenesis;
  readonly #ports: SignerPorts;
  readonly #ceremonies = new Map<Hex, Running>();
  readonly #keys = new Map<
    Hex,
    { readonly key: Key; readonly group: GroupPublic; readonly roster: readonly Hex[] }
  >();
  readonly #nonces = new Map<string, Nonces>();
  readonly #sessions = new Map<Hex, Session>();
  readonly #pendingShares = new Map<Hex, Map<Hex, Hex>>();
  #generation = 0;
  #unused = 0;

  constructor(
    options: { readonly member: TestMember; readonly genesis: PoolGenesis },
    ports: SignerPorts,
  ) {
    this.#member = options.member;
    this.#genesis = options.genesis;
    this.#ports = ports;
  }

  /** Reacts to a decision. */
  onDecision(decision: DecisionBody): void {
    if (decision.type === "ceremonyOpened") this.#onOpened(decision);
    if (decision.type === "ceremonyRound1Completed") this.#onRound1(decision);
    if (decision.type === "ceremonyComplaintRaised" && decision.dealer === this.#member.address) {
      this.#reveal(decision.ceremonyId, decision.complainer);
    }
    if (decision.type === "ceremonyShareRevealed") this.#onRevealed(decision);
    if (decision.type === "ceremonyCompleted") this.#publishNonces(decision.ceremonyId);
    if (decision.type === "signingSessionOpened") this.#onSession(decision);
    if (decision.type === "ceremonyFailed" || decision.type === "keyRetired") {
      const keyId = decision.type === "keyRetired" ? decision.keyId : decision.ceremonyId;
      this.#ceremonies.delete(keyId);
      this.#keys.delete(keyId);
      this.#ports.submit({ type: "keyErasure", keyId });
    }
  }

  /** Takes a private share. */
  onShare(from: Hex, ceremonyId: Hex, share: Hex): void {
    const running = this.#ceremonies.get(ceremonyId);
    if (running === undefined || running.confirmed) return;
    const place = running.opened.roster.findIndex(({ address }) => address === from);
    const commitment = running.packages[place]?.commitment;
    assert(commitment !== undefined, "shares follow round 1", { from });
    if (!isDealtShareValid(commitment, { receiverIndex: this.#place(running), share })) {
      this.#ports.submit({ type: "dkgComplaint", ceremonyId, dealer: from });
      return;
    }
    running.received.set(from, share);
    if (running.received.size === running.opened.roster.length - 1) this.#confirm(running);
  }

  /** Takes a signature share. */
  onSignatureShare(from: Hex, sessionId: Hex, share: Hex): void {
    const early = this.#pendingShares.get(sessionId) ?? new Map<Hex, Hex>();
    this.#pendingShares.set(sessionId, early.set(from, share));
    const session = this.#sessions.get(sessionId);
    if (session !== undefined) this.#collect(session, from, share);
  }

  /** A signer tells who gave nothing when an attempt takes too long. */
  reportSilent(sessionId: Hex): void {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return;
    const culprits = session.opened.roster
      .map(({ member }) => member)
      .filter((member) => !session.shares.has(member));
    if (culprits.length === 0 || culprits.includes(this.#member.address)) return;
    this.#ports.submit({
      type: "signingFailure",
      sessionId,
      attempt: session.opened.attempt,
      culprits,
    });
  }

  #onOpened(opened: CeremonyOpened): void {
    const roster = opened.roster.map(({ address }) => address);
    const place = roster.indexOf(this.#member.address);
    if (place < 0 || this.faults.silentInRound1 === true) return;
    const { ceremonyId, epoch, threshold } = opened;
    const binding = { domain: this.#genesis.network.domain, ceremonyId, epoch, threshold, roster };
    const signers = { min: threshold, max: roster.length };
    const suite = ceremonySuite(ceremonyContext(binding));
    const { public: published, secret } = suite.DKG.round1(frostIdentifier(place), signers);
    const own: Round1Package = {
      commitment: published.commitment.map((point) => bytesToHex(point)),
      proofOfPossession: bytesToHex(published.proofOfKnowledge),
    };
    this.#ceremonies.set(ceremonyId, {
      opened,
      binding,
      secret,
      own,
      packages: [],
      received: new Map(),
      dealt: {},
      confirmed: false,
    });
    this.#ports.submit({ type: "dkgRound1", ceremonyId, package: encodeRound1Package(own) });
  }

  #onRound1({ ceremonyId, packages }: CeremonyRound1Completed): void {
    const running = this.#ceremonies.get(ceremonyId);
    if (running === undefined) return;
    const { binding, opened } = running;
    running.packages = packages.map((one, index) => {
      const checked = checkRound1Package(ceremonyContext(binding), {
        index,
        threshold: binding.threshold,
        encoded: one.package,
      });
      assert(typeof checked !== "string", "the pool checked the packages", { index });
      return checked;
    });
    running.dealt = ceremonySuite(ceremonyContext(binding)).DKG.round2(
      running.secret,
      this.#others(running),
    );
    for (const [index, { address }] of opened.roster.entries()) {
      if (address === this.#member.address) continue;
      const share = running.dealt[frostIdentifier(index)]?.signingShare;
      assert(share !== undefined, "a share for each receiver", { index });
      const isWrong = this.faults.wrongShareTo === address;
      this.#ports.sendShare(
        address,
        ceremonyId,
        isWrong ? `0x${"01".repeat(32)}` : bytesToHex(share),
      );
    }
  }

  #reveal(ceremonyId: Hex, complainer: Hex): void {
    const running = this.#ceremonies.get(ceremonyId);
    if (running === undefined || this.faults.reveal === "never") return;
    const place = running.binding.roster.indexOf(complainer);
    const share = running.dealt[frostIdentifier(place)]?.signingShare;
    assert(share !== undefined, "a share for each receiver", { place });
    const revealed: Hex =
      this.faults.reveal === "wrong" ? `0x${"02".repeat(32)}` : bytesToHex(share);
    this.#ports.submit({ type: "dkgReveal", ceremonyId, complainer, share: revealed });
  }

  #onRevealed({ ceremonyId, dealer, complainer, share }: CeremonyShareRevealed): void {
    if (complainer === this.#member.address) this.onShare(dealer, ceremonyId, share);
  }

  #confirm(running: Running): void {
    running.confirmed = true;
    const { binding, packages, received } = running;
    const context = ceremonyContext(binding);
    const round2 = [...received].map(([from, share]) => ({
      identifier: frostIdentifier(binding.roster.indexOf(from)),
      signingShare: new Uint8Array(hexToBytes(share)),
    }));
    const key = ceremonySuite(context).DKG.round3(running.secret, this.#others(running), round2);
    const group = deriveGroup(packages);
    this.#keys.set(binding.ceremonyId as Hex, { key, group, roster: binding.roster });
    if (this.faults.neverConfirms === true) return;
    const update = {
      epoch: binding.epoch,
      schemeId: frostSchemeId,
      threshold: binding.threshold,
      membersHash: membersHash(this.#genesis.members.map(({ address }) => address)),
      groupKeyHash: keccak256(group.groupKey),
      previousUpdateHash: zeroHash,
    };
    this.#ports.submit({
      type: "ceremonyConfirmation",
      ceremonyId: running.opened.ceremonyId,
      groupKey: group.groupKey,
      verifyingShares: group.verifyingShares,
      transcriptHash: ceremonyTranscriptHash(context, packages),
      signature: signDigest(
        this.#member.privateKey,
        epochUpdateDigest(update, this.#genesis.network.domain),
      ),
    });
  }

  #publishNonces(keyId: Hex): void {
    const held = this.#keys.get(keyId);
    if (held === undefined) return;
    this.#generation += 1;
    this.#unused = listLength;
    const commitments = Array.from({ length: listLength }, (_, index) => {
      const { nonces, commitments: pair } = frost.commit(held.key.secret);
      this.#nonces.set(`${keyId}/${this.#generation}/${index}`, nonces);
      return { hiding: bytesToHex(pair.hiding), binding: bytesToHex(pair.binding) };
    });
    this.#ports.submit({
      type: "nonceCommitments",
      keyId,
      generation: this.#generation,
      commitments,
    });
  }

  #onSession(opened: SigningSessionOpened): void {
    const held = this.#keys.get(opened.keyId);
    const own = opened.roster.find(({ member }) => member === this.#member.address);
    if (held === undefined || own === undefined) return;
    this.#unused -= 1;
    if (this.#unused <= listLength / 4) this.#publishNonces(opened.keyId);
    const session: Session = { opened, shares: new Map() };
    this.#sessions.set(opened.sessionId, session);
    if (this.faults.silentInSigning === true) return;
    const place = `${opened.keyId}/${own.generation}/${own.commitmentIndex}`;
    const nonces = this.#nonces.get(place);
    // Not ours, or used: a commitment that a hostile operator published again. Silence is the only safe answer.
    if (nonces === undefined) return;
    this.#nonces.delete(place);
    const pkg = packageOf(opened, held.group);
    const share = frost.signShare(
      held.key.secret,
      toFrostPublic(held.group),
      nonces,
      toNobleCommitments(pkg.commitments),
      hexToBytes(opened.digest),
    );
    const sent: Hex =
      this.faults.wrongSignatureShares === true ? `0x${"03".repeat(32)}` : bytesToHex(share);
    this.#ports.sendSignatureShare(
      opened.roster.map(({ member }) => member),
      opened.sessionId,
      sent,
    );
    for (const [from, early] of this.#pendingShares.get(opened.sessionId) ?? []) {
      this.#collect(session, from, early);
    }
  }

  #collect({ opened, shares }: Session, from: Hex, share: Hex): void {
    if (shares.has(from)) return;
    shares.set(from, share);
    const held = this.#keys.get(opened.keyId);
    if (shares.size < opened.roster.length || held === undefined) return;
    const pkg = packageOf(opened, held.group);
    const place = (member: Hex) => held.roster.indexOf(member);
    const wrong = [...shares].filter(
      ([member, one]) => !isSignatureShareValid(pkg, { index: place(member), share: one }),
    );
    const { sessionId, attempt } = opened;
    if (wrong.length > 0) {
      const culprits = wrong
        .map(([member]) => member)
        .filter((member) => member !== this.#member.address);
      if (culprits.length > 0)
        this.#ports.submit({ type: "signingFailure", sessionId, attempt, culprits });
      return;
    }
    const result = aggregateShares(
      pkg,
      new Map([...shares].map(([member, one]) => [place(member), one])),
    );
    assert(result.type === "signed", "valid shares aggregate", { sessionId });
    this.#ports.submit({ type: "groupSignature", sessionId, signature: result.signature });
  }

  #place({ binding }: Running): number {
    return binding.roster.indexOf(this.#member.address);
  }

  #others(running: Running): DKG_Round1[] {
    return running.packages
      .map((one, index) => ({
        identifier: frostIdentifier(index),
        commitment: one.commitment.map((point) => new Uint8Array(hexToBytes(point))),
        proofOfKnowledge: new Uint8Array(hexToBytes(one.proofOfPossession)),
      }))
      .filter((_, index) => index !== this.#place(running));
  }
}

function packageOf(opened: SigningSessionOpened, group: GroupPublic): SigningPackage {
  return {
    group,
    digest: opened.digest,
    commitments: opened.roster.map(({ identifier, hiding, binding }) => ({
      index: identifier - 1,
      hiding,
      binding,
    })),
  };
}
