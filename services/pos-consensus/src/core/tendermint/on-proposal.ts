/** Proposals of others and of this validator. */
import {
  assert,
  hasHonestMember,
  type Hex,
  type PosBlock,
  type SignedProposal,
} from "@sequorum/protocol";
import { proposalKey, proposerOf } from "./actions.ts";
import { keepEarly } from "./early-messages.ts";
import type { Effect } from "./effect.ts";
import type { RejectionCode } from "./errors.ts";
import type { Input } from "./input.ts";
import { isValidator, type State, type Step, stay } from "./state.ts";
import { powerFor } from "./vote-book.ts";

/** Keeps the first proposal of a round and has its block judged. */
export function onVerifiedProposal(
  state: State,
  input: Extract<Input, { type: "verifiedProposal" }>,
): Step {
  const { proposal, block, by, atMs } = input;
  if (proposal.height !== state.height) return stay(keepEarly(state, input));
  const isTooFarAhead = proposal.round > state.round + state.parameters.proposalRoundsAheadMax;
  if (state.step === "decided" || isTooFarAhead) return stay(state); // sent again on status
  const fault = findFault(state, proposal);
  if (fault !== undefined) return { state, effects: [reject(fault, by)] };
  const known = state.proposals.get(proposal.round)?.proposal;
  if (known !== undefined) {
    return known.blockId === proposal.blockId ? stay(state) : onSecondProposal(state, input);
  }
  const isFresh = isTimely(state, block, atMs) && block.header.proposer === proposal.proposer;
  const next = dropOtherFutureProposals(state, proposal);
  const proposals = new Map(next.proposals).set(proposal.round, { proposal, isFresh });
  const judged = addBlock({ ...next, proposals }, proposal.blockId, block);
  if (isFresh || proposal.validRound >= 0) return judged;
  const rejection = reject("PROPOSAL_NOT_FRESH", proposal.proposer);
  return { state: judged.state, effects: [...judged.effects, rejection] };
}

/** This validator's proposal is signed: durable first, then sent and treated like anybody's. */
export function onProposalSigned(
  state: State,
  { proposal, atMs }: Extract<Input, { type: "proposalSigned" }>,
): Step {
  const isPast = proposal.height !== state.height || state.step === "decided";
  if (isPast) return stay(state);
  const chosen = state.ownChoices.get(proposalKey(proposal.round));
  assert(chosen === proposal.blockId, "the signature is on the proposal that was chosen", {});
  const known = state.blocks.get(proposal.blockId);
  assert(known !== undefined, "the block that is proposed is known", { id: proposal.blockId });
  const { block } = known;
  const accepted = onVerifiedProposal(state, {
    type: "verifiedProposal",
    proposal,
    block,
    by: state.self,
    atMs,
  });
  const persist: Effect = { type: "persist", record: { type: "ownProposal", proposal, block } };
  const broadcast: Effect = { type: "broadcast", message: { type: "proposal", proposal, block } };
  return { state: accepted.state, effects: [persist, broadcast, ...accepted.effects] };
}

/** Adds a block and has it judged once. */
export function addBlock(state: State, blockId: Hex, block: PosBlock): Step {
  if (state.blocks.has(blockId)) return stay(state);
  const blocks = new Map(state.blocks).set(blockId, { block, verdict: "checking" as const });
  const judge: Effect = { type: "judgeBlock", height: state.height, blockId, block };
  return { state: { ...state, blocks }, effects: [judge] };
}

/*
 * A proposer that signed two proposals may have split the validators. The second block is needed here only if
 * somebody correct voted for it.
 */
function onSecondProposal(state: State, input: Extract<Input, { type: "verifiedProposal" }>): Step {
  const { proposal, block } = input;
  const { round, blockId } = proposal;
  const power = (["prevote", "precommit"] as const).map((type) =>
    powerFor(state.votes, { round, type, blockId }, state.validators),
  );
  if (power.some((votes) => hasHonestMember(votes, state.totalPower))) {
    return addBlock(state, blockId, block);
  }
  return { state, effects: [reject("CONFLICTING_PROPOSAL", proposal.proposer)] };
}

function findFault(state: State, proposal: SignedProposal): RejectionCode | undefined {
  if (!isValidator(state, proposal.proposer)) return "SIGNER_NOT_IN_SET";
  if (proposal.validRound >= proposal.round) return "VALID_ROUND_NOT_EARLIER";
  return proposerOf(state, proposal.round) === proposal.proposer ? undefined : "WRONG_PROPOSER";
}

/** Of rounds to come, only one proposal of each proposer is kept; its block goes with it. */
function dropOtherFutureProposals(state: State, proposal: SignedProposal): State {
  if (proposal.round <= state.round) return state;
  const dropped = [...state.proposals].filter(
    ([round, other]) => round > state.round && other.proposal.proposer === proposal.proposer,
  );
  if (dropped.length === 0) return state;
  const proposals = new Map(state.proposals);
  for (const [round] of dropped) proposals.delete(round);
  const needed = new Set([...proposals.values()].map((entry) => entry.proposal.blockId));
  const isNeeded = (id: Hex) =>
    needed.has(id) || id === state.locked?.blockId || id === state.valid?.blockId;
  const droppedIds = new Set(dropped.map(([, entry]) => entry.proposal.blockId));
  const blocks = new Map([...state.blocks].filter(([id]) => !droppedIds.has(id) || isNeeded(id)));
  return { ...state, proposals, blocks };
}

function isTimely(state: State, block: PosBlock, atMs: bigint): boolean {
  const difference = block.header.timestampMs - atMs;
  const drift = BigInt(state.parameters.clockDriftMsMax);
  return difference <= drift && difference >= -drift;
}

function reject(code: RejectionCode, by: Hex): Effect {
  return { type: "reject", rejection: { code, by } };
}
