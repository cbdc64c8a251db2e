/** Tendermint (arXiv 1807.04938, Algorithm 1) as a pure function. See README.md for departures from the paper. */
import { unreachable } from "@sequorum/protocol";
import type { Input } from "./input.ts";
import { onBlockBuilt, onBlockJudged, onLocalViewChanged } from "./on-block.ts";
import { onHeightCommitted, onVerifiedCommit } from "./on-commit.ts";
import { onPeerLost, onPeerStatus } from "./on-peer-status.ts";
import { onProposalSigned, onVerifiedProposal } from "./on-proposal.ts";
import { onTimerFired } from "./on-timer-fired.ts";
import { onVerifiedVote, onVoteSigned } from "./on-vote.ts";
import { applyRules } from "./rules.ts";
import { andThen, type State, type Step, stay } from "./state.ts";

/** Applies one input and then every rule of Algorithm 1 that has become applicable. */
export function step(state: State, input: Input): Step {
  return andThen(handle(state, input), applyRules);
}

function handle(state: State, input: Input): Step {
  switch (input.type) {
    case "blockWanted":
      return stay(input.height === state.height ? { ...state, isBlockWanted: true } : state);
    case "timerFired":
      return onTimerFired(state, input);
    case "blockBuilt":
      return onBlockBuilt(state, input);
    case "proposalSigned":
      return onProposalSigned(state, input);
    case "voteSigned":
      return onVoteSigned(state, input);
    case "blockJudged":
      return onBlockJudged(state, input);
    case "localViewChanged":
      return onLocalViewChanged(state);
    case "verifiedProposal":
      return onVerifiedProposal(state, input);
    case "verifiedVote":
      return onVerifiedVote(state, input);
    case "verifiedCommit":
      return onVerifiedCommit(state, input);
    case "peerStatus":
      return onPeerStatus(state, input);
    case "peerLost":
      return onPeerLost(state, input);
    case "heightCommitted":
      return onHeightCommitted(state, input);
    default:
      return unreachable(input);
  }
}
