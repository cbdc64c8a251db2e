/** A validator of the simulation: the real core, and a shell whose disk survives crashes. */
import type { CommitCertificate, DoubleVote, Hex, PosBlock, SignedVote } from "@sequorum/protocol";
import { buildPosBlock, hashValidators, zeroHash } from "@sequorum/protocol";
import type { Prng, VirtualClock } from "@sequorum/testkit";
import {
  type ChainTip,
  findBlockFault,
} from "../../../services/pos-consensus/src/core/tendermint/block-validity.ts";
import type {
  Effect,
  Message,
  WalRecord,
} from "../../../services/pos-consensus/src/core/tendermint/effect.ts";
import type { Rejection } from "../../../services/pos-consensus/src/core/tendermint/errors.ts";
import type {
  HeightStart,
  Input,
} from "../../../services/pos-consensus/src/core/tendermint/input.ts";
import { checkInvariants } from "../../../services/pos-consensus/src/core/tendermint/invariants.ts";
import type { TendermintParameters } from "../../../services/pos-consensus/src/core/tendermint/parameters.ts";
import {
  initialPriorities,
  nextPriorities,
} from "../../../services/pos-consensus/src/core/tendermint/proposer-selection.ts";
import { restore } from "../../../services/pos-consensus/src/core/tendermint/restore.ts";
import type { State } from "../../../services/pos-consensus/src/core/tendermint/state.ts";
import { step } from "../../../services/pos-consensus/src/core/tendermint/step.ts";
import { type SimApp, type SimAppState, simAppHash, type ValidatorsAt } from "./sim-app.ts";
import {
  blockIdOf,
  certificateFault,
  isProposalSigned,
  isVoteSigned,
  isWhole,
  type SimKey,
  signProposal,
  signVote,
} from "./sim-crypto.ts";

/** What travels in the simulated network. */
export type SimMessage =
  | Message
  | {
      readonly type: "decidedBlock";
      readonly block: PosBlock;
      readonly certificate: CommitCertificate;
    };

/** A decided block with the state after it. */
export type CommittedBlock = {
  readonly block: PosBlock;
  readonly certificate: CommitCertificate;
  readonly app: SimAppState;
  readonly next: HeightStart;
};

/** What survives a crash. */
export type SimDisk = { wal: WalRecord[]; chain: CommittedBlock[]; writes: number };

/** Crash at the n-th write to the disk, before or after it. */
export type CrashPoint = {
  readonly atWrite: number;
  readonly isAfterWrite: boolean;
  readonly downMs: number;
};

/** Where a node's messages go; a Byzantine actor replaces it. */
export type Outlet = (node: SimNode, message: Message, to: Hex | undefined) => void;

export type SimNode = {
  readonly key: SimKey;
  readonly isHonest: boolean;
  readonly disk: SimDisk;
  readonly doubleVotes: DoubleVote[];
  readonly rejections: Rejection[];
  readonly votesSent: SignedVote[];
  readonly state: () => State;
  readonly isUp: () => boolean;
  readonly start: () => void;
  readonly crash: (downMs: number) => void;
  readonly offer: (input: Input) => void;
  readonly receive: (from: Hex, message: SimMessage) => void;
  /** The local view grows, or a transaction arrives. */
  readonly growView: (validTo: bigint) => void;
  readonly addTransaction: (transaction: Hex) => void;
  /** A block on top of this node's chain, for actors. */
  readonly buildBlock: (
    change?: Partial<PosBlock["header"]>,
    transactions?: readonly Hex[],
  ) => PosBlock;
};

export type SimNodeOptions = {
  readonly key: SimKey;
  readonly app: SimApp;
  readonly validatorsAt: ValidatorsAt;
  readonly parameters: TendermintParameters;
  readonly clock: VirtualClock;
  readonly prng: Prng;
  readonly isHonest: boolean;
  readonly crashPoints: readonly CrashPoint[];
  readonly outlet: Outlet;
  readonly transmit: (to: Hex, message: SimMessage) => void;
  readonly trace: (line: string) => void;
  readonly genesisTimeMs: bigint;
};

/** Creates a node that is down; `start` boots it from its disk. */
export function createSimNode(options: SimNodeOptions): SimNode {
  const { key, clock, prng, app, validatorsAt } = options;
  const disk: SimDisk = { wal: [], chain: [], writes: 0 };
  const crashPoints = [...options.crashPoints];
  const genesis: HeightStart = {
    height: 1n,
    validators: validatorsAt(1n),
    priorities: initialPriorities(validatorsAt(1n)),
  };
  const genesisApp: SimAppState = { certifiedTo: 0n, chain: zeroHash };
  let [incarnation, isUp] = [0, false];
  let state: State | undefined;
  let validTo = 0n;
  let mempool: Hex[] = [];

  const appState = (): SimAppState => disk.chain.at(-1)?.app ?? genesisApp;
  const tip = (): ChainTip => {
    const last = disk.chain.at(-1);
    return {
      height: BigInt(disk.chain.length) + 1n,
      parentId: last?.certificate.blockId ?? zeroHash,
      parentTimestampMs: last?.block.header.timestampMs ?? options.genesisTimeMs,
      appHash: simAppHash(appState()),
      validators: (last?.next ?? genesis).validators,
      lastValidators: (disk.chain.at(-2)?.next ?? genesis).validators,
    };
  };
  const nowMs = (): bigint => options.genesisTimeMs + BigInt(clock.nowMs());

  const buildBlock: SimNode["buildBlock"] = (change = {}, transactions) => {
    const at = tip();
    const later = nowMs() > at.parentTimestampMs ? nowMs() : at.parentTimestampMs + 1n;
    const content = app.prepareProposal(appState(), {
      height: at.height,
      timestampMs: later,
      proposer: key.address,
      mempool: transactions ?? mempool,
      localView: { validTo },
    });
    const block = buildPosBlock(
      {
        height: at.height,
        timestampMs: later,
        proposer: key.address,
        parentId: at.parentId,
        appHash: at.appHash,
        validatorsHash: hashValidators(at.validators),
      },
      { ...content, lastCommit: disk.chain.at(-1)?.certificate },
    );
    return { ...block, header: { ...block.header, ...change } };
  };

  const judge = (block: PosBlock): Extract<Input, { type: "blockJudged" }>["verdict"] => {
    if (findBlockFault(block, tip(), certificateFault) !== undefined) return "malformed";
    return app.processProposal(appState(), block, { validTo });
  };

  /** Answers come back as inputs after a moment, unless the node has crashed in between. */
  const answer = (afterMs: number, input: () => Input): void => {
    const born = incarnation;
    clock.schedule(afterMs, () => {
      if (isUp && born === incarnation) offer(input());
    });
  };

  /** A write to the disk; throws when the crash point is here. */
  const write = (change: () => void): void => {
    disk.writes += 1;
    const point = crashPoints[0];
    if (point === undefined || disk.writes < point.atWrite) {
      change();
      return;
    }
    crashPoints.shift();
    if (point.isAfterWrite) change();
    crash(point.downMs);
    throw new Crashed();
  };

  const commit = (block: PosBlock, certificate: CommitCertificate): void => {
    const fault = findBlockFault(block, tip(), certificateFault);
    if (fault !== undefined) throw new Error(`decided block does not follow the chain: ${fault}`);
    const { state: executed, validators } = app.finalizeBlock(appState(), block, certificate);
    const current = disk.chain.at(-1)?.next ?? genesis;
    const next: HeightStart = {
      height: current.height + 1n,
      validators,
      priorities: nextPriorities(current, validators),
    };
    write(() => {
      disk.chain.push({ block, certificate, app: executed, next });
      disk.wal = disk.wal.filter((record) => walHeight(record) >= next.height);
    });
    mempool = mempool.filter((transaction) => !block.transactions.includes(transaction));
    answer(prng.integer(0, 5), () => ({ type: "heightCommitted", next }));
    if (mempool.length > 0 || app.hasWork(executed, { validTo })) {
      answer(6, () => ({ type: "blockWanted", height: next.height }));
    }
  };

  const perform = (effect: Effect): void => {
    switch (effect.type) {
      case "scheduleTimer":
        return answer(effect.afterMs, () => ({ type: "timerFired", timer: effect.timer }));
      case "buildBlock": {
        const { height, round } = effect;
        return answer(prng.integer(0, 3), () => {
          const block = buildBlock();
          const blockId = blockIdOf(block);
          return { type: "blockBuilt", height, round, block, blockId };
        });
      }
      case "signProposal": {
        const proposal = signProposal(key, effect.proposal);
        return answer(prng.integer(0, 3), () => ({
          type: "proposalSigned",
          proposal,
          atMs: nowMs(),
        }));
      }
      case "signVote": {
        const vote = signVote(key, effect.vote);
        return answer(prng.integer(0, 3), () => ({ type: "voteSigned", vote }));
      }
      case "judgeBlock": {
        const { height, blockId } = effect;
        const verdict = judge(effect.block);
        return answer(prng.integer(0, 3), () => ({
          type: "blockJudged",
          height,
          blockId,
          verdict,
        }));
      }
      case "persist":
        return write(() => appendWal(disk, effect.record));
      case "broadcast":
      case "send":
        if (effect.message.type === "vote" && effect.message.vote.validator === key.address) {
          node.votesSent.push(effect.message.vote);
        }
        return options.outlet(node, effect.message, effect.type === "send" ? effect.to : undefined);
      case "decide":
        return commit(effect.block, effect.certificate);
      case "reportDoubleVote":
        node.doubleVotes.push(effect.evidence);
        return;
      case "reject":
        node.rejections.push(effect.rejection);
        return;
    }
  };

  const run = (effects: readonly Effect[]): void => {
    try {
      for (const effect of effects) perform(effect);
    } catch (error) {
      if (!(error instanceof Crashed)) throw error;
    }
  };

  const offer = (input: Input): void => {
    if (!isUp || state === undefined) return;
    options.trace(describe(clock.nowMs(), key.address, input));
    const next = step(state, input);
    state = next.state;
    if (options.isHonest) checkInvariants(state);
    run(next.effects);
  };

  const start = (): void => {
    incarnation += 1;
    isUp = true;
    const begin = disk.chain.at(-1)?.next ?? genesis;
    const identity = { self: key.address, parameters: options.parameters };
    const restored = restore(begin, disk.wal, identity);
    state = restored.state;
    run(restored.effects);
  };

  const crash = (downMs: number): void => {
    isUp = false;
    mempool = [];
    options.trace(`${clock.nowMs()} ${key.address} crash`);
    clock.schedule(downMs, start);
  };

  const receive = (from: Hex, message: SimMessage): void => {
    if (!isUp) return;
    switch (message.type) {
      case "vote":
        if (isVoteSigned(message.vote))
          offer({ type: "verifiedVote", vote: message.vote, by: from });
        return;
      case "proposal": {
        const { proposal, block } = message;
        const isBlockOf =
          blockIdOf(block) === proposal.blockId &&
          block.header.height === proposal.height &&
          isWhole(block);
        if (!isBlockOf || !isProposalSigned(proposal)) return;
        return offer({ type: "verifiedProposal", proposal, block, by: from, atMs: nowMs() });
      }
      case "status":
        return offer({ type: "peerStatus", peer: from, status: message.status });
      case "blockRequest": {
        const found = disk.chain[Number(message.height) - 1];
        if (found === undefined) return;
        const { block, certificate } = found;
        return options.transmit(from, { type: "decidedBlock", block, certificate });
      }
      case "decidedBlock": {
        const { block, certificate } = message;
        const at = tip();
        const isNext =
          certificate.height === at.height &&
          blockIdOf(block) === certificate.blockId &&
          certificateFault(certificate, at.validators) === undefined &&
          findBlockFault(block, at, certificateFault) === undefined;
        if (isNext) offer({ type: "verifiedCommit", block, certificate, by: from });
      }
    }
  };

  const wantBlock = (): void =>
    offer({ type: "blockWanted", height: BigInt(disk.chain.length) + 1n });

  const node: SimNode = {
    key,
    isHonest: options.isHonest,
    disk,
    doubleVotes: [],
    rejections: [],
    votesSent: [],
    state: () => {
      if (state === undefined) throw new Error("not started");
      return state;
    },
    isUp: () => isUp,
    start,
    crash,
    offer,
    receive,
    growView: (height) => {
      if (height <= validTo) return;
      validTo = height;
      offer({ type: "localViewChanged" });
      wantBlock();
    },
    addTransaction: (transaction) => {
      if (!isUp || mempool.includes(transaction)) return;
      mempool = [...mempool, transaction];
      wantBlock();
    },
    buildBlock,
  };
  return node;
}

class Crashed extends Error {}

/** Like the real store, which cannot hold two records of one (height, round, kind). */
function appendWal(disk: SimDisk, record: WalRecord): void {
  const keyOf = (other: WalRecord): string => {
    if (other.type === "ownVote") {
      return `${other.vote.type}/${other.vote.height}/${other.vote.round}`;
    }
    const { height, round } = other.type === "lock" ? other : other.proposal;
    return `${other.type}/${height}/${round}`;
  };
  const isKnown = disk.wal.some((other) => keyOf(other) === keyOf(record));
  if (isKnown) throw new Error(`P2 stored twice: ${keyOf(record)}`);
  disk.wal.push(record);
}

function walHeight(record: WalRecord): bigint {
  if (record.type === "ownVote") return record.vote.height;
  return record.type === "lock" ? record.height : record.proposal.height;
}

function describe(atMs: number, address: Hex, input: Input): string {
  const detail =
    input.type === "verifiedVote" || input.type === "voteSigned"
      ? `${input.vote.type}/${input.vote.height}/${input.vote.round}/${input.vote.blockId.slice(0, 10)}`
      : input.type === "timerFired"
        ? `${input.timer.kind}/${input.timer.height}/${input.timer.round}`
        : "";
  return `${atMs} ${address.slice(0, 8)} ${input.type} ${detail}`;
}
