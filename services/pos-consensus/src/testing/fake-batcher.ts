/** A batcher for tests of the pool: proposes what is certified, and endorses exactly what it would have proposed. */
import {
  type BatchHeader,
  type BatchOpened,
  batchDigest,
  type DecisionBody,
  type Hex,
  keccak256,
  merkleRoot,
  type PoolPayload,
  type SigningDomain,
  signDigest,
} from "@sequorum/protocol";
import type { PoolGenesis } from "../core/pool/genesis.ts";
import type { TestMember } from "./pool-members.ts";

/** What a batcher does wrong. */
export type BatcherFaults = {
  /** Proposes nothing. */
  silent?: boolean;
  /** Proposes a state root that nobody else gets. */
  wrongStateRoot?: boolean;
  /** Refuses everything. */
  refuses?: boolean;
};

/** The batcher of one member. */
export class FakeBatcher {
  readonly faults: BatcherFaults = {};
  readonly #member: TestMember;
  readonly #genesis: PoolGenesis;
  readonly #submit: (payload: PoolPayload) => void;
  readonly #hashes: Hex[] = [];
  #opened: BatchOpened | undefined;
  #proposed = false;

  constructor(
    options: { readonly member: TestMember; readonly genesis: PoolGenesis },
    submit: (payload: PoolPayload) => void,
  ) {
    this.#member = options.member;
    this.#genesis = options.genesis;
    this.#submit = submit;
  }

  /** Reacts to a decision. */
  onDecision(decision: DecisionBody): void {
    if (decision.type === "blocksCertified") this.#hashes.push(...decision.hashes);
    if (decision.type === "batchOpened") {
      this.#opened = decision;
      this.#proposed = false;
    }
    if (decision.type === "batchProposed") this.#judge(decision.header, decision.attempt);
  }

  /** Proposes when the batch is due. */
  onTime(nowMs: number): void {
    const opened = this.#opened;
    if (opened === undefined || opened.proposer !== this.#member.address || this.#proposed) return;
    if (this.faults.silent === true) return;
    const { batchAgeMsMax, batchBlocksMax } = this.#genesis.network.parameters;
    const waiting = this.#hashes.length - Number(opened.firstBlock) + 1;
    if (waiting < batchBlocksMax && nowMs < opened.openedAtMs + batchAgeMsMax) return;
    this.#proposed = true;
    const lastBlock = opened.firstBlock + BigInt(Math.min(waiting, batchBlocksMax)) - 1n;
    const header = this.#headerFor(opened, lastBlock);
    const postStateRoot =
      this.faults.wrongStateRoot === true ? keccak256("0x99") : header.postStateRoot;
    this.#submit({
      type: "batchProposal",
      attempt: opened.attempt,
      header: { ...header, postStateRoot },
    });
  }

  #judge(header: BatchHeader, attempt: number): void {
    const domain: SigningDomain = this.#genesis.network.domain;
    const digest = batchDigest(header, domain);
    const opened = this.#opened;
    if (opened === undefined) return;
    const own = batchDigest(this.#headerFor(opened, header.lastBlock), domain);
    const { index } = header;
    if (this.faults.refuses === true || own !== digest) {
      this.#submit({ type: "batchRefusal", index, attempt, digest, code: "STATE_ROOT_MISMATCH" });
      return;
    }
    const signature = signDigest(this.#member.privateKey, digest);
    this.#submit({ type: "batchEndorsement", index, attempt, digest, signature });
  }

  #headerFor(opened: BatchOpened, lastBlock: bigint): BatchHeader {
    const hashes = this.#hashes.slice(Number(opened.firstBlock) - 1, Number(lastBlock));
    const head = hashes.at(-1) ?? "0x";
    return {
      version: 1,
      stfVersion: 1,
      chainId: this.#genesis.network.l2ChainId,
      index: opened.index,
      parentHash: opened.parentHash,
      firstBlock: opened.firstBlock,
      lastBlock,
      parentBlockHash: opened.parentBlockHash,
      lastBlockHash: head,
      postStateRoot: keccak256(head),
      blockRoot: merkleRoot(hashes),
      daKind: 1,
      daSize: 1_000,
      daRoot: keccak256(merkleRoot(hashes)),
      queueFrom: opened.queueFrom,
      queueTo: opened.queueFrom,
      l1OriginNumber: lastBlock,
      l1OriginHash: keccak256(head),
      epoch: opened.epoch,
      proposer: opened.proposer,
      timestamp: lastBlock,
    };
  }
}
