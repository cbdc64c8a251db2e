/** Leadership: stake-weighted terms of a fixed span, and a new one when the leader is silent (ARCHITECTURE 5). */
import {
  assert,
  type DecisionBody,
  hasQuorum,
  type Hex,
  type PoolMember,
  type PoolPayload,
  type Term,
  type TermReason,
  type TermStarted,
  type Validator,
  zeroHash,
} from "@sequorum/protocol";
import { initialPriorities, nextPriorities, proposerAt } from "../tendermint/proposer-selection.ts";
import { jailTermsMax, jailTermsMin } from "./limits.ts";
import { type Leadership, memberOf, type PoolState, stakeOf, totalStake } from "./state.ts";
import { type Outcome, quiet, type Sent, type Step } from "./step.ts";

type LeaderSilent = Extract<PoolPayload, { readonly type: "leaderSilent" }>;

/** The validators that the members are: power is stake. */
export function validatorsOf(members: readonly PoolMember[]): Validator[] {
  return members.map(({ address, stakeWei }) => ({ address, power: stakeWei }));
}

/** Term 1, from L2 block 1 on. */
export function genesisLeadership(members: readonly PoolMember[], spanBlocks: number): Leadership {
  const candidates = validatorsOf(members);
  const priorities = initialPriorities(candidates);
  return {
    term: 1n,
    leader: proposerAt(candidates, priorities, 0),
    firstBlock: 1n,
    lastBlock: BigInt(spanBlocks),
    parentHeight: 0n,
    parentHash: zeroHash,
    reason: "genesis",
    silenceReports: [],
    candidates,
    priorities,
    jail: members.map(() => ({ freeFromTerm: 0n, offences: 0 })),
  };
}

/** The decision that announces the current term. */
export function termStarted(leadership: Leadership): TermStarted {
  const { term, leader, firstBlock, lastBlock, parentHeight, parentHash, reason } = leadership;
  return {
    type: "termStarted",
    term,
    leader,
    firstBlock,
    lastBlock,
    parentHeight,
    parentHash,
    reason,
  };
}

/** A report counts for the term's whole length: it needs no repetition, and >= 2/3 of the power must agree. */
export function onLeaderSilent(state: PoolState, { sender, payload }: Sent<LeaderSilent>): Outcome {
  const { leadership } = state;
  if (payload.term < leadership.term) return "TERM_PAST";
  if (payload.term > leadership.term) return "TERM_AHEAD";
  if (leadership.silenceReports.includes(sender)) return "SILENCE_ALREADY_REPORTED";
  const silenceReports = [...leadership.silenceReports, sender];
  return quiet({ ...state, leadership: { ...leadership, silenceReports } });
}

/** Starts the next term when the span is certified to its end or the leader is silent. */
export function advanceTerms(state: PoolState): Step {
  const { leadership, certified } = state;
  if (certified.height >= leadership.lastBlock) return startTerm(state, "span");
  if (hasQuorum(stakeOf(state, leadership.silenceReports), totalStake(state)))
    return startTerm(state, "silence");
  return quiet(state);
}

function startTerm(state: PoolState, reason: Exclude<TermReason, "genesis">): Step {
  const { leadership: previous, certified } = state;
  const term = previous.term + 1n;
  const jail = judgeLeader(state, { term, silent: reason === "silence" });
  const candidates = candidatesFor(state, { term, jail, previous: previous.leader });
  const priorities = nextPriorities(
    { validators: previous.candidates, priorities: previous.priorities },
    candidates,
  );
  const leadership: Leadership = {
    term,
    leader: proposerAt(candidates, priorities, 0),
    firstBlock: certified.height + 1n,
    lastBlock: certified.height + BigInt(state.network.parameters.termSpanBlocks),
    parentHeight: certified.height,
    parentHash: certified.hash,
    reason,
    silenceReports: [],
    candidates,
    priorities,
    jail,
  };
  const decisions: DecisionBody[] = [termStarted(leadership)];
  return { state: { ...state, leadership }, decisions };
}

/** Hysteresis: a silent leader sits out some terms, more each time; completing a term clears it. */
function judgeLeader(
  state: PoolState,
  { term, silent }: { readonly term: Term; readonly silent: boolean },
): Leadership["jail"] {
  const { leadership } = state;
  const leader = memberOf(state, leadership.leader);
  assert(leader !== undefined, "a leader is a member", { leader: leadership.leader });
  return leadership.jail.map((entry, index) => {
    if (index !== leader.index) return entry;
    if (!silent) return { ...entry, offences: 0 };
    const doubled = jailTermsMin << BigInt(Math.min(entry.offences, 16));
    const terms = doubled < jailTermsMax ? doubled : jailTermsMax;
    return { freeFromTerm: term + terms, offences: entry.offences + 1 };
  });
}

/** Everybody who is not jailed; if all are, everybody but the last leader, so that somebody is tried. */
function candidatesFor(
  state: PoolState,
  options: { readonly term: Term; readonly jail: Leadership["jail"]; readonly previous: Hex },
): readonly Validator[] {
  const all = validatorsOf(state.members);
  const free = all.filter((_, index) => (options.jail[index]?.freeFromTerm ?? 0n) <= options.term);
  if (free.length > 0) return free;
  const others = all.filter(({ address }) => address !== options.previous);
  return others.length > 0 ? others : all;
}
