/** An L1 for tests of the pool: registers what is signed, and every member that is up sees it some time later. */
import {
  batchDigest,
  type Decision,
  type Hex,
  keccak256,
  type L1Event,
  type PoolPayload,
  type SigningDomain,
} from "@sequorum/protocol";

type Sighting = { readonly event: L1Event; readonly atMs: number; readonly seenBy: Set<number> };

/** Where it is, and how long it takes. */
export type FakeL1Options = {
  readonly domain: SigningDomain;
  readonly depthMs: number;
  readonly finalAfterMs: number;
};

/** The contracts, as far as the pool observes them. */
export class FakeL1 {
  /** While false, L1 accepts nothing. */
  isAccepting = true;
  readonly #options: FakeL1Options;
  readonly #report: (member: number, payload: PoolPayload) => void;
  readonly #waiting: ((nowMs: number) => void)[] = [];
  readonly #sightings: Sighting[] = [];
  #blockNumber = 100n;

  constructor(options: FakeL1Options, report: (member: number, payload: PoolPayload) => void) {
    this.#options = options;
    this.#report = report;
  }

  /** What is signed is sent. */
  onDecisions(decisions: readonly Decision[], nowMs: number): void {
    for (const decision of decisions) {
      if (decision.type === "epochKeySigned") {
        const { epoch, groupKeyHash } = decision.update;
        this.#waiting.push((at) =>
          this.#see(at + this.#options.depthMs, {
            type: "epochRegistered",
            epoch,
            groupKeyHash,
            l1TxHash: this.#txHash(decision.digest),
            l1BlockNumber: this.#blockNumber++,
          }),
        );
      }
      if (decision.type === "batchSigned") {
        const { header } = decision;
        this.post(header.index, batchDigest(header, this.#options.domain));
      }
      if (decision.type === "batchPosted") {
        const { index, digest, lastBlock } = decision;
        this.#see(nowMs + this.#options.finalAfterMs, {
          type: "batchFinal",
          index,
          digest,
          lastBlock,
        });
      }
    }
  }

  /** Puts a batch on L1. */
  post(index: bigint, digest: Hex): void {
    this.#waiting.push((at) =>
      this.#see(at + this.#options.depthMs, {
        type: "batchPosted",
        index,
        digest,
        l1TxHash: this.#txHash(digest),
        l1BlockNumber: this.#blockNumber++,
      }),
    );
  }

  /** Members that are up report what is deep enough. */
  onTime(nowMs: number, isUp: readonly boolean[]): void {
    if (this.isAccepting) for (const send of this.#waiting.splice(0)) send(nowMs);
    for (const { event, atMs, seenBy } of this.#sightings) {
      if (nowMs < atMs) continue;
      for (const [member, up] of isUp.entries()) {
        if (!up || seenBy.has(member)) continue;
        seenBy.add(member);
        this.#report(member, { type: "l1Observation", event });
      }
    }
  }

  #see(atMs: number, event: L1Event): void {
    this.#sightings.push({ event, atMs, seenBy: new Set() });
  }

  #txHash(digest: Hex): Hex {
    return keccak256(digest);
  }
}
