/**
 * n pool state machines with fake services around them, in virtual time: a perfect BFT engine (one block per step,
 * decided while > 2/3 of the power is up), so that what is tested is the pool. Every replica executes every block, and
 * all must have the same hash.
 */
import {
  assert,
  buildPosBlock,
  bytesToHex,
  type CommitCertificate,
  type Decision,
  encodePoolTransaction,
  hasByzantineQuorum,
  type Hex,
  hashValidators,
  keccak256,
  type PoolPayload,
  type PosBlock,
  posBlockId,
  type ProtocolParameters,
  signPoolTransaction,
  zeroHash,
} from "@sequorum/protocol";
import { hashState } from "../core/pool/canonical.ts";
import type { CanonicalBlock } from "../core/pool/certification.ts";
import { genesisDecisions, genesisState, type PoolGenesis } from "../core/pool/genesis.ts";
import { checkEncoding, checkInvariants, checkTransition } from "../core/pool/invariants.ts";
import { createPoolApp, type PoolApp } from "../core/pool/pool-app.ts";
import { dispositionOf, isRejectionCode } from "../core/pool/rejection.ts";
import { type PoolState, stakeOf, totalStake } from "../core/pool/state.ts";
import { validatorsOf } from "../core/pool/terms.ts";
import { FakeBatcher } from "./fake-batcher.ts";
import { FakeL1 } from "./fake-l1.ts";
import { FakeSigner } from "./fake-signer.ts";
import { createGenesis, createMembers, type TestMember } from "./pool-members.ts";

/** One operator. */
export type WorldNode = {
  readonly member: TestMember;
  readonly app: PoolApp;
  readonly signer: FakeSigner;
  readonly batcher: FakeBatcher;
  state: PoolState;
  isUp: boolean;
  /** Seals no blocks when it leads. */
  isSilentLeader: boolean;
  /** Blocks executed. */
  executed: number;
  /** Own payloads that are not decided yet. */
  payloads: readonly PoolPayload[];
};

const posBlockIntervalMs = 200;
const encodingCheckedEvery = 16n;

/** A pool of fake operators. */
export class PoolWorld {
  readonly genesis: PoolGenesis;
  readonly nodes: readonly WorldNode[];
  readonly l1: FakeL1;
  /** All decisions, in order. */
  readonly decisions: Decision[] = [];
  nowMs: number;
  readonly #blocks: { readonly block: PosBlock; readonly commit: CommitCertificate }[] = [];
  #canonical: readonly CanonicalBlock[] = [];
  #lastSealMs: number;
  #silentSinceMs: number | undefined;

  constructor(stakes: readonly number[], parameters: Partial<ProtocolParameters> = {}) {
    const members = createMembers(stakes);
    this.genesis = createGenesis(members, parameters);
    this.nowMs = this.genesis.timeMs;
    this.#lastSealMs = this.nowMs;
    this.nodes = members.map((member) => this.#createNode(member));
    this.l1 = new FakeL1(
      { domain: this.genesis.network.domain, depthMs: 1_000, finalAfterMs: 20_000 },
      (index, payload) => this.#submit(index, payload),
    );
    const first = genesisDecisions(genesisState(this.genesis));
    for (const node of this.nodes) for (const decision of first) this.#tell(node, decision);
    this.decisions.push(...first);
  }

  /** The node at a place; tests name their actors. */
  node(index: number): WorldNode {
    const node = this.nodes[index];
    assert(node !== undefined, "the node exists", { index });
    return node;
  }

  /** State that the whole pool has reached: that of the node that executed most. */
  get state(): PoolState {
    return this.nodes.reduce((best, node) => (node.executed > best.executed ? node : best)).state;
  }

  /** Decisions of one type so far. */
  decided<Type extends Decision["type"]>(type: Type): Extract<Decision, { readonly type: Type }>[] {
    return this.decisions.filter(
      (d): d is Extract<Decision, { readonly type: Type }> => d.type === type,
    );
  }

  /** Runs until the condition holds; returns whether it did within the time. */
  runUntil(condition: () => boolean, withinMs: number): boolean {
    const end = this.nowMs + withinMs;
    while (this.nowMs < end && !condition()) this.step();
    return condition();
  }

  /** One PoS block interval. */
  step(): void {
    this.nowMs += posBlockIntervalMs;
    this.#seal();
    this.l1.onTime(
      this.nowMs,
      this.nodes.map(({ isUp }) => isUp),
    );
    for (const node of this.nodes.filter(({ isUp }) => isUp)) {
      node.batcher.onTime(this.nowMs);
      this.#reportSlowSessions(node);
    }
    this.#decide();
  }

  /** Sends a raw transaction along with the next block, as a Byzantine member would. */
  inject(index: number, payload: PoolPayload): void {
    this.#submit(index, payload);
  }

  #createNode(member: TestMember): WorldNode {
    const submit = (payload: PoolPayload) => this.#submit(member.index, payload);
    const upTo = (address: Hex) =>
      this.nodes.find((node) => node.member.address === address && node.isUp);
    const self = member.address;
    return {
      member,
      app: createPoolApp(),
      signer: new FakeSigner(
        { member, genesis: this.genesis },
        {
          submit,
          sendShare: (to, ceremonyId, share) =>
            this.#later(() => upTo(to)?.signer.onShare(self, ceremonyId, share)),
          sendSignatureShare: (to, sessionId, share) =>
            this.#later(() => {
              for (const receiver of to)
                upTo(receiver)?.signer.onSignatureShare(self, sessionId, share);
            }),
        },
      ),
      batcher: new FakeBatcher({ member, genesis: this.genesis }, submit),
      state: genesisState(this.genesis),
      isUp: true,
      isSilentLeader: false,
      executed: 0,
      payloads: [],
    };
  }

  readonly #messages: (() => void)[] = [];

  /** Private messages arrive after the decisions of the block that caused them. */
  #later(deliver: () => void): void {
    this.#messages.push(deliver);
  }

  #submit(index: number, payload: PoolPayload): void {
    const node = this.node(index);
    node.payloads = [...node.payloads, payload];
  }

  /** The leader seals a block each second; without one, the others say so after the timeout. */
  #seal(): void {
    const { leadership, certified } = this.state;
    const { blockIntervalMs, uncertifiedBlocksMax, leaderTimeoutMs } =
      this.genesis.network.parameters;
    this.#canonical = this.#canonical.filter(({ height }) => height > certified.height);
    const head = this.#canonical.at(-1) ?? { height: certified.height, hash: certified.hash };
    const leader = this.nodes.find(({ member }) => member.address === leadership.leader);
    const isAlive = leader?.isUp === true && !leader.isSilentLeader;
    if (isAlive) {
      this.#silentSinceMs = undefined;
      const isDue = this.nowMs >= this.#lastSealMs + blockIntervalMs;
      if (
        !isDue ||
        this.#canonical.length >= uncertifiedBlocksMax ||
        head.height >= leadership.lastBlock
      )
        return;
      const height = head.height + 1n;
      const hash = keccak256(
        bytesToHex(new TextEncoder().encode(`block ${height} of term ${leadership.term}`)),
      );
      this.#canonical = [
        ...this.#canonical,
        { height, hash, parentHash: head.hash, term: leadership.term },
      ];
      this.#lastSealMs = this.nowMs;
      return;
    }
    this.#silentSinceMs ??= this.nowMs;
    if (this.nowMs - this.#silentSinceMs < leaderTimeoutMs) return;
    this.#silentSinceMs = undefined;
    for (const node of this.nodes.filter(({ isUp }) => isUp)) {
      this.#submit(node.member.index, { type: "leaderSilent", term: leadership.term });
    }
  }

  #reportSlowSessions(node: WorldNode): void {
    const { signingAttemptTimeoutMs } = this.genesis.network.parameters;
    for (const { session } of node.state.signing.requests) {
      const isLate =
        session !== null && this.nowMs >= session.deadlineMs - signingAttemptTimeoutMs / 2;
      if (isLate) node.signer.reportSilent(session.sessionId);
    }
  }

  #decide(): void {
    const up = this.nodes.filter(({ isUp }) => isUp);
    const { state } = this;
    const power = stakeOf(
      state,
      up.map(({ member }) => member.address),
    );
    if (!hasByzantineQuorum(power, totalStake(state))) return;
    for (const node of up) this.#catchUp(node);
    const proposer = up[this.#blocks.length % up.length];
    assert(proposer !== undefined, "somebody is up");
    const block = this.#build(proposer, this.#mempool(proposer, up));
    for (const node of up) {
      const verdict = node.app.processProposal(node.state, block, this.#canonical);
      assert(verdict === "accept", "what one proposes, all accept", {
        verdict,
        height: block.header.height,
      });
    }
    const blockId = posBlockId(this.genesis.network.domain, block.header);
    const commit = { height: block.header.height, round: 0, blockId, signatures: [] };
    this.#blocks.push({ block, commit });
    const before = this.decisions.length;
    for (const node of up) this.#catchUp(node);
    assert(new Set(up.map((node) => hashState(node.state))).size === 1, "all replicas agree");
    this.l1.onDecisions(this.decisions.slice(before), this.nowMs);
    for (const deliver of this.#messages.splice(0)) deliver();
  }

  /** Payloads that the state accepts now; those that are done or hopeless are dropped, as the service does. */
  #mempool(proposer: WorldNode, up: readonly WorldNode[]): Hex[] {
    return up.flatMap((node) => {
      const domain = this.genesis.network.domain;
      const kept: PoolPayload[] = [];
      const valid: Hex[] = [];
      for (const payload of node.payloads) {
        const transaction = signPoolTransaction(payload, node.member.privateKey, domain);
        const encoded = bytesToHex(encodePoolTransaction(transaction));
        const check = proposer.app.checkTransaction(proposer.state, encoded);
        if (check.type === "ok") valid.push(encoded);
        const isWanted =
          check.type === "ok" ||
          (isRejectionCode(check.code) && dispositionOf(check.code) === "premature");
        if (isWanted) kept.push(payload);
      }
      node.payloads = kept;
      return valid;
    });
  }

  #build(proposer: WorldNode, mempool: readonly Hex[]): PosBlock {
    const { state } = proposer;
    const height = state.height + 1n;
    const timestampMs = BigInt(this.nowMs);
    const content = proposer.app.prepareProposal(state, {
      height,
      timestampMs,
      proposer: proposer.member.address,
      mempool,
      localView: this.#canonical,
    });
    return buildPosBlock(
      {
        height,
        timestampMs,
        proposer: proposer.member.address,
        parentId: zeroHash,
        appHash: hashState(state),
        validatorsHash: hashValidators(validatorsOf(state.members)),
      },
      { ...content, lastCommit: undefined },
    );
  }

  #catchUp(node: WorldNode): void {
    for (const { block, commit } of this.#blocks.slice(node.executed)) {
      const before = node.state;
      const { state, decisions } = node.app.finalizeBlock(before, block, commit);
      node.state = state;
      node.executed += 1;
      if (node.executed > this.#recorded) {
        this.#recorded = node.executed;
        this.decisions.push(...decisions);
        checkInvariants(state);
        checkTransition(before, state);
        if (state.height % encodingCheckedEvery === 0n) checkEncoding(state);
      }
      for (const decision of decisions) this.#tell(node, decision);
    }
  }

  #recorded = 0;

  #tell(node: WorldNode, decision: Decision): void {
    node.batcher.onDecision(decision);
    node.signer.onDecision(decision);
  }
}
