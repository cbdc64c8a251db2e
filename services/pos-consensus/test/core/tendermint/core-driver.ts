/** Drives the core by hand: four validators a-d of power 1 (this one is `self`), effects as short strings. */
import {
  buildPosBlock,
  type Hex,
  type PosBlock,
  type SignedVote,
  type VoteType,
  zeroHash,
} from "@sequorum/protocol";
import type { Effect, Message, WalRecord } from "../../../src/core/tendermint/effect.ts";
import type {
  BlockVerdict,
  HeightStart,
  Input,
  TimerId,
} from "../../../src/core/tendermint/input.ts";
import { checkInvariants } from "../../../src/core/tendermint/invariants.ts";
import { defaultTendermintParameters } from "../../../src/core/tendermint/parameters.ts";
import { proposerAt } from "../../../src/core/tendermint/proposer-selection.ts";
import { restore } from "../../../src/core/tendermint/restore.ts";
import type { State } from "../../../src/core/tendermint/state.ts";
import { step } from "../../../src/core/tendermint/step.ts";

export const nil = zeroHash;
export const nowMs = 1_000_000n;

/** Address of validator 0-9; with equal powers validator r proposes round r (mod n). */
export function validator(index: number): Hex {
  return `0x${index.toString(16).padStart(40, "0")}`;
}

/** Id of a block by its name. */
export function idOf(name: string): Hex {
  return `0x${Buffer.from(name).toString("hex").padStart(64, "0")}`;
}

/** A block of that name (the core never looks inside but for proposer and time). */
export function blockOf(name: string, proposer: Hex, timestampMs = nowMs, height = 1n): PosBlock {
  return buildPosBlock(
    {
      height,
      timestampMs,
      proposer,
      parentId: zeroHash,
      appHash: zeroHash,
      validatorsHash: idOf(name),
    },
    { transactions: [], certified: { from: 1n, hashes: [] }, lastCommit: undefined },
  );
}

export function voteOf(
  index: number,
  type: VoteType,
  choice: string,
  options: { readonly round?: number; readonly height?: bigint } = {},
): SignedVote {
  const blockId = choice === "nil" ? nil : idOf(choice);
  const { round = 0, height = 1n } = options;
  return { type, height, round, blockId, validator: validator(index), signature: "0x" };
}

export type DriverOptions = {
  readonly self?: number;
  readonly powers?: readonly bigint[];
  readonly wal?: readonly WalRecord[];
};

export type Driver = ReturnType<typeof createDriver>;

/** A core at height 1, round 0, waiting. */
export function createDriver(options: DriverOptions = {}) {
  const powers = options.powers ?? [1n, 1n, 1n, 1n];
  const validators = powers.map((power, i) => ({ address: validator(i), power }));
  const start: HeightStart = { height: 1n, validators, priorities: powers.map((power) => power) };
  const self = validator(options.self ?? 3);
  const first = restore(start, options.wal ?? [], {
    self,
    parameters: defaultTendermintParameters,
  });
  let { state } = first;
  const wal: WalRecord[] = [];
  const offer = (input: Input): string[] => {
    const next = step(state, input);
    state = next.state;
    checkInvariants(state);
    for (const effect of next.effects) if (effect.type === "persist") wal.push(effect.record);
    return next.effects.map(describeEffect);
  };
  const timer = (kind: TimerId["kind"], round = 0, height = 1n) =>
    offer({ type: "timerFired", timer: { kind, height, round } });
  const vote = (index: number, type: VoteType, choice: string, round = 0, height = 1n) =>
    offer({
      type: "verifiedVote",
      vote: voteOf(index, type, choice, { round, height }),
      by: validator(index),
    });
  return {
    wal,
    first: first.effects.map(describeEffect),
    state: (): State => state,
    offer,
    timer,
    vote,
    /** Starts round 0 because a block is wanted and the pace allows it. */
    begin: () => [...offer({ type: "blockWanted", height: 1n }), ...timer("pace")],
    votes: (indexes: readonly number[], type: VoteType, choice: string, round = 0) =>
      indexes.flatMap((index) => vote(index, type, choice, round)),
    proposal: (
      name: string,
      at: {
        readonly round?: number;
        readonly validRound?: number;
        readonly from?: number;
        readonly timestampMs?: bigint;
        readonly builder?: number;
      } = {},
    ) => {
      const { round = 0, validRound = -1 } = at;
      const proposer =
        at.from === undefined
          ? proposerAt(validators, start.priorities, round)
          : validator(at.from);
      const builder = at.builder === undefined ? proposer : validator(at.builder);
      return offer({
        type: "verifiedProposal",
        proposal: { height: 1n, round, validRound, blockId: idOf(name), proposer, signature: "0x" },
        block: blockOf(name, builder, at.timestampMs),
        by: proposer,
        atMs: nowMs,
      });
    },
    judged: (name: string, verdict: BlockVerdict, height = 1n) =>
      offer({ type: "blockJudged", height, blockId: idOf(name), verdict }),
    /** The shell's answer to `signVote`. */
    signed: (type: VoteType, choice: string, round = 0) => {
      const index = options.self ?? 3;
      return offer({ type: "voteSigned", vote: voteOf(index, type, choice, { round }) });
    },
  };
}

/** Short form of an effect. */
export function describeEffect(effect: Effect): string {
  switch (effect.type) {
    case "scheduleTimer":
      return `timer ${effect.timer.kind} ${effect.timer.round} ${effect.afterMs}`;
    case "buildBlock":
      return `build ${effect.round}`;
    case "signProposal":
      return `sign proposal ${effect.proposal.round} ${name(effect.proposal.blockId)} ${effect.proposal.validRound}`;
    case "signVote":
      return `sign ${effect.vote.type} ${effect.vote.round} ${name(effect.vote.blockId)}`;
    case "judgeBlock":
      return `judge ${name(effect.blockId)}`;
    case "persist":
      return `persist ${effect.record.type}`;
    case "broadcast":
      return `broadcast ${describeMessage(effect.message)}`;
    case "send":
      return `send ${Number(effect.to)} ${describeMessage(effect.message)}`;
    case "decide":
      return `decide ${name(effect.certificate.blockId)} ${effect.certificate.round} by ${effect.certificate.signatures.length}`;
    case "reportDoubleVote":
      return `double vote ${name(effect.evidence.first.blockId)} ${name(effect.evidence.second.blockId)}`;
    case "reject":
      return `reject ${effect.rejection.code} ${Number(effect.rejection.by)}`;
  }
}

function describeMessage(message: Message): string {
  switch (message.type) {
    case "vote":
      return `${message.vote.type} ${message.vote.round} ${name(message.vote.blockId)}`;
    case "proposal":
      return `proposal ${message.proposal.round} ${name(message.proposal.blockId)}`;
    case "status":
      return `status ${message.status.height}/${message.status.round} ${message.status.step}`;
    case "blockRequest":
      return `request ${message.height}`;
  }
}

function name(id: Hex): string {
  return id === nil ? "nil" : Buffer.from(id.slice(2), "hex").toString().replaceAll("\0", "");
}
