/** A ceremony of n members in one process: the PoS chain as an ordered list of decisions, the MPC channel as a queue. */
import assert from "node:assert/strict";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import {
  bytesToHex,
  type GroupPublic,
  type Hex,
  isDealtShareValid,
  keccak256,
  privateKeyToPublicKey,
  publicKeyToAddress,
  quorum,
} from "@sequorum/protocol";
import type { KeyShare } from "../../src/core/dkg/dealer.ts";
import type { DkgEffect, DkgInput, DkgStep } from "../../src/core/dkg/messages.ts";
import type { DkgBlame, DkgOpening, DkgState } from "../../src/core/dkg/state.ts";
import { dkgStep, openDkg } from "../../src/core/dkg/step.ts";
import { decryptShare } from "../../src/core/share-encryption.ts";

export const bytesOf = (label: string, length = 32): Uint8Array =>
  hkdf(sha256, new TextEncoder().encode(label), undefined, undefined, length);

export type PoolMemberKeys = { address: Hex; publicKey: Hex; privateKey: Uint8Array };

/** What a Byzantine member does to its own outgoing effects; the identity for an honest one. */
export type Tamper = (effect: DkgEffect, member: number) => readonly DkgEffect[];

export type SimMember = {
  keys: PoolMemberKeys;
  state: DkgState;
  stored: { group: GroupPublic; share: KeyShare } | undefined;
  confirmed: { group: GroupPublic; transcriptHash: Hex } | undefined;
  erasedCeremony: boolean;
  erasedKey: boolean;
  active: boolean;
  blame: DkgBlame[];
};

export function makeKeys(label: string): PoolMemberKeys {
  const privateKey = bytesOf(`sequencer key ${label}`);
  const publicKey = privateKeyToPublicKey(privateKey);
  return { privateKey, publicKey, address: publicKeyToAddress(publicKey) };
}

export const testDomain = { l1ChainId: 31337n, rollupChain: `0x${"42".repeat(20)}` as Hex };

export type PoolOptions = {
  n: number;
  t?: number;
  label?: string;
  tamper?: Tamper;
  /** Called before each delivery; may replace the state by a stored one (a crash). */
  beforeInput?: (member: SimMember, index: number) => void;
};

/** Runs one ceremony; decisions are taken as the pool takes them (all packages, reveals checked, all confirmations). */
export class CeremonyPool {
  readonly members: SimMember[];
  readonly opening: Omit<DkgOpening, "self">;
  readonly decisions: DkgInput[] = [];
  readonly rejected: string[] = [];
  readonly #packages: (Hex | undefined)[];
  readonly #queue: { to: number; input: DkgInput }[] = [];
  readonly #options: PoolOptions;
  timers: { member: number; id: "requestShares" | "complain" }[] = [];
  failed: Hex[] | undefined;

  constructor(options: PoolOptions) {
    const label = options.label ?? "ceremony";
    const keys = Array.from({ length: options.n }, (_, i) => makeKeys(`${i}`));
    this.#options = options;
    this.opening = {
      domain: testDomain,
      ceremonyId: keccak256(new TextEncoder().encode(label)),
      epoch: 1n,
      threshold: options.t ?? quorum(options.n),
      roster: keys.map(({ address, publicKey }) => ({ address, publicKey })),
    };
    this.#packages = keys.map(() => undefined);
    const opened = keys.map((key, i) =>
      openDkg(
        { ...this.opening, self: key.address },
        { seed: bytesToHex(bytesOf(`${label} seed ${i}`)) },
      ),
    );
    this.members = opened.map((step, i) => ({
      keys: keys[i] as PoolMemberKeys,
      state: step.state,
      stored: undefined,
      confirmed: undefined,
      erasedCeremony: false,
      erasedKey: false,
      active: false,
      blame: [],
    }));
    for (const [i, step] of opened.entries()) this.#perform(i, step);
  }

  /** Delivers everything that is under way, then fires the timers, until nothing moves. */
  run(): this {
    for (let rounds = 0; rounds < 6; rounds++) {
      this.drain();
      const due = this.timers;
      this.timers = [];
      for (const id of ["requestShares", "complain"] as const) {
        for (const { member } of due.filter((timer) => timer.id === id))
          this.input(member, { type: "timerFired", id });
        this.drain();
      }
    }
    return this;
  }

  drain(): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift())
      this.input(next.to, next.input);
  }

  input(index: number, input: DkgInput): DkgStep {
    const member = this.members[index];
    assert.ok(member);
    this.#options.beforeInput?.(member, index);
    const step = dkgStep(member.state, input);
    if (step.rejected !== undefined) this.rejected.push(step.rejected);
    member.state = step.state;
    member.blame.push(...(step.blame ?? []));
    this.#perform(index, step);
    return step;
  }

  #decide(input: DkgInput): void {
    this.decisions.push(input);
    for (const to of this.members.keys()) this.#queue.push({ to, input });
  }

  #perform(index: number, step: DkgStep): void {
    for (const effect of step.effects) {
      for (const actual of this.#options.tamper?.(effect, index) ?? [effect])
        this.#performOne(index, actual);
    }
  }

  #performOne(index: number, effect: DkgEffect): void {
    const member = this.members[index];
    assert.ok(member);
    const self = member.keys.address;
    const placeOf = (address: Hex) =>
      this.members.findIndex(({ keys }) => keys.address === address);
    switch (effect.type) {
      case "submitRound1": {
        if (this.#packages[index] !== undefined) return;
        this.#packages[index] = effect.package;
        const packages = this.#packages.flatMap((pkg, i) => {
          const dealer = this.members[i]?.keys.address ?? makeKeys(`${i}`).address;
          return pkg === undefined ? [] : [{ dealer, package: pkg }];
        });
        if (packages.length === this.#packages.length)
          this.#decide({ type: "round1Completed", packages });
        return;
      }
      case "submitComplaint":
        return this.#decide({ type: "complaintRaised", dealer: effect.dealer, complainer: self });
      case "submitReveal": {
        const commitment = member.state.packages[index]?.commitment ?? [];
        const receiverIndex = placeOf(effect.receiver);
        if (isDealtShareValid(commitment, { receiverIndex, share: effect.share })) {
          return this.#decide({
            type: "shareRevealed",
            dealer: self,
            complainer: effect.receiver,
            share: effect.share,
          });
        }
        this.failed = [self];
        return this.#decide({ type: "failed", culprits: [self] });
      }
      case "sendShare": {
        const to = placeOf(effect.receiver);
        const receiver = this.members[to];
        assert.ok(receiver);
        const share = decryptShare(effect.ciphertext, {
          route: { context: member.state.context, dealer: self, receiver: effect.receiver },
          receiverPrivateKey: receiver.keys.privateKey,
        });
        this.#queue.push({
          to,
          input: {
            type: "shareReceived",
            dealer: self,
            share: share === undefined ? null : bytesToHex(share),
          },
        });
        return;
      }
      case "requestShare":
        this.#queue.push({
          to: placeOf(effect.dealer),
          input: { type: "shareRequested", receiver: self },
        });
        return;
      case "storeKey":
        member.stored = { group: effect.group, share: effect.share };
        return;
      case "confirm":
        assert.ok(member.stored, "the key is stored before it is confirmed");
        member.confirmed = { group: effect.group, transcriptHash: effect.transcriptHash };
        return this.#completeIfConfirmed();
      case "activateKey":
        member.active = true;
        return;
      case "eraseCeremony":
        member.erasedCeremony = true;
        return;
      case "eraseKey":
        member.erasedKey = true;
        member.stored = undefined;
        return;
      case "scheduleTimer":
        this.timers.push({ member: index, id: effect.id });
    }
  }

  #completeIfConfirmed(): void {
    const confirmations = this.members.map(({ confirmed }) => confirmed);
    const [first] = confirmations;
    if (first === undefined || confirmations.some((c) => c === undefined)) return;
    assert.ok(
      confirmations.every((c) => c?.transcriptHash === first.transcriptHash),
      "one transcript",
    );
    this.#decide({
      type: "completed",
      groupKey: first.group.groupKey,
      verifyingShares: first.group.verifyingShares,
    });
  }
}
