/** The pool's real state machine and the signers' real cores in one process, in virtual time, from one seed. */
import assert from "node:assert/strict";
import {
  bytesToHex,
  frost,
  frostIdentifier,
  type Hex,
  hexToBytes,
  quorum,
} from "@sequorum/protocol";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { createPrng, type Prng } from "@sequorum/testkit";
import { PoolWorld } from "../../../services/pos-consensus/src/testing/pool-world.ts";
import { type Actor, CoreSigner, type SimMessage } from "./core-signer.ts";

export type WorldOptions = {
  readonly n: number;
  readonly seed: number;
  /** Byzantine members by place. */
  readonly byzantine?: ReadonlyMap<number, Actor>;
  readonly lossProbability?: number;
  /** Probability that an honest member crashes in a step. */
  readonly crashProbability?: number;
};

type Flight = {
  readonly atStep: number;
  readonly to: Hex;
  readonly from: Hex;
  readonly message: SimMessage;
};

export class CeremonyWorld {
  readonly pool: PoolWorld;
  readonly signers: CoreSigner[];
  readonly #options: WorldOptions;
  readonly #prng: Prng;
  readonly #used = new Map<Hex, Hex>();
  #flights: Flight[] = [];
  #step = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#prng = createPrng(options.seed);
    this.pool = new PoolWorld(
      Array.from({ length: options.n }, () => 20),
      { batchAgeMsMax: 4_000 },
    );
    const { genesis, nodes } = this.pool;
    const members = nodes.map(({ member }) => member.address);
    this.signers = nodes.map((node, index) => {
      const actor = options.byzantine?.get(index);
      const signer = new CoreSigner(
        {
          keys: node.member,
          members,
          domain: genesis.network.domain,
          roundTimeoutMs: genesis.network.parameters.ceremonyRoundTimeoutMs,
          prng: this.#prng.fork(`signer ${index}`),
          ...(actor === undefined ? {} : { actor }),
        },
        {
          submit: (payload) => this.pool.inject(index, payload),
          send: (to, message) => this.#send(node.member.address, to, message),
          nowMs: () => this.pool.nowMs,
          onNonceUsed: (hiding, digest) => {
            assert.ok(!this.#used.has(hiding), `nonce ${hiding} makes one share only`);
            this.#used.set(hiding, digest);
          },
        },
      );
      // The pool's own world has simpler signers: the real cores take their places.
      const adapter = {
        onDecision: (d: never) => signer.onDecision(d),
        reportSilent: () => {},
        onShare: () => {},
        onSignatureShare: () => {},
        faults: {},
      };
      Object.assign(node, { signer: adapter });
      return signer;
    });
  }

  get honest(): readonly CoreSigner[] {
    return this.signers.filter((_, index) => !this.#options.byzantine?.has(index));
  }

  runUntil(condition: () => boolean, withinMs: number): boolean {
    for (const end = this.pool.nowMs + withinMs; this.pool.nowMs < end && !condition(); )
      this.step();
    return condition();
  }

  step(): void {
    this.#step += 1;
    this.pool.step();
    // Several rounds a block: messages and answers are faster than the PoS chain.
    for (let round = 0; round < 4; round++) {
      for (const signer of this.signers) signer.onTime();
      this.#deliver();
    }
    if (!this.#prng.chance(this.#options.crashProbability ?? 0)) return;
    this.#prng.pick(this.honest).crash();
  }

  #send(from: Hex, to: Hex, message: SimMessage): void {
    if (this.#prng.chance(this.#options.lossProbability ?? 0)) return;
    const copies = this.#prng.chance(0.05) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      this.#flights.push({ atStep: this.#step + this.#prng.integer(0, 1), to, from, message });
    }
  }

  #deliver(): void {
    const due = this.#prng.shuffle(this.#flights.filter(({ atStep }) => atStep <= this.#step));
    this.#flights = this.#flights.filter(({ atStep }) => atStep > this.#step);
    for (const { to, from, message } of due)
      this.signers.find(({ address }) => address === to)?.onMessage(from, message);
  }

  /** Safety: what must hold after any run. */
  check(): void {
    const honest = new Set(this.honest.map(({ address }) => address));
    for (const signer of this.honest) {
      for (const { member, code } of signer.blamed) {
        const mayBeSlow =
          code === "SIGNING" &&
          ((this.#options.crashProbability ?? 0) > 0 || (this.#options.lossProbability ?? 0) > 0);
        assert.ok(!honest.has(member) || mayBeSlow, `an honest member is blamed: ${code}`);
      }
    }
    const limit = this.#options.n - quorum(this.#options.n);
    for (const [ceremonyId] of this.honest.flatMap(({ revealed }) => [...revealed])) {
      const dealers = this.honest.filter(({ revealed }) => revealed.has(ceremonyId)).length;
      assert.ok(dealers <= limit, "t dealers at least revealed nothing");
    }
    const active = this.pool.state.keys.active ?? this.pool.state.keys.pending;
    if (active !== null) this.#checkKey(active.keyId, active.groupKey);
  }

  /** The shares of the honest interpolate to the secret of the decided key. */
  #checkKey(keyId: Hex, groupKey: Hex): void {
    const held = this.honest.flatMap((signer) => signer.keys.get(keyId) ?? []);
    const threshold = held[0]?.group.threshold ?? 0;
    assert.ok(
      held.every(({ group }) => group.groupKey === groupKey),
      "one group key",
    );
    if (held.length < threshold) return;
    const shares = held.slice(0, threshold).map(({ share }) => ({
      identifier: frostIdentifier(share.index),
      signingShare: new Uint8Array(hexToBytes(share.signingShare)),
    }));
    const secret = frost.combineSecret(shares, { min: threshold, max: this.#options.n });
    assert.equal(bytesToHex(secp256k1.getPublicKey(secret, true)), `0x02${groupKey.slice(2)}`);
  }
}
