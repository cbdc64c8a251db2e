/**
 * Recovery from lost messages. Validators tell each other periodically where they are. Who is heights behind asks for
 * decided blocks; who has not moved since its last status gets the votes and proposals of the rounds that matter again.
 */
import type { Effect, Message } from "./effect.ts";
import type { Input, PeerStatus } from "./input.ts";
import { type State, type Step, stay } from "./state.ts";
import type { Hex } from "@sequorum/protocol";

/** A peer says where it is. */
export function onPeerStatus(
  state: State,
  { peer, status }: Extract<Input, { type: "peerStatus" }>,
): Step {
  const before = state.peers.get(peer);
  const next: State = { ...state, peers: new Map(state.peers).set(peer, status) };
  if (status.height > state.height) return requestNextBlock(next);
  if (status.height < state.height) {
    const message: Message = { type: "status", status: statusOf(state) };
    return { state: next, effects: [{ type: "send", to: peer, message }] };
  }
  const hasMoved = before === undefined || !sameStatus(before, status);
  if (hasMoved || status.step === "decided" || state.step === "decided") return stay(next);
  const rounds = roundsToRepeat(state, status.round);
  return { state: next, effects: rounds.flatMap((round) => repeatRound(state, round, peer)) };
}

/** The connection to a peer ended. */
export function onPeerLost(state: State, { peer }: Extract<Input, { type: "peerLost" }>): Step {
  const peers = new Map(state.peers);
  peers.delete(peer);
  return stay({ ...state, peers, requested: undefined });
}

/** Where this validator is. */
export function statusOf(state: State): PeerStatus {
  return { height: state.height, round: state.round, step: state.step };
}

/** Asks one of the peers that are ahead for the block of this height, another one each time. */
export function requestNextBlock(state: State): Step {
  if (state.requested === state.height || state.step === "decided") return stay(state);
  const ahead = [...state.peers].filter(([, { height }]) => height > state.height);
  const [to] = ahead[state.requestCount % Math.max(1, ahead.length)] ?? [];
  if (to === undefined) return stay(state);
  return {
    state: { ...state, requested: state.height, requestCount: state.requestCount + 1 },
    effects: [
      { type: "send", to, message: { type: "blockRequest", height: state.height } },
      {
        type: "scheduleTimer",
        timer: { kind: "blockRequest", height: state.height, round: 0 },
        afterMs: state.parameters.blockRequestTimeoutMs,
      },
    ],
  };
}

/** The peer's round, this one's, and the rounds whose 2f+1 prevotes a proposal may refer to. */
function roundsToRepeat(state: State, peerRound: number): number[] {
  const rounds = [peerRound, state.round, state.valid?.round ?? -1];
  for (const round of [peerRound, state.round]) {
    rounds.push(state.proposals.get(round)?.proposal.validRound ?? -1);
  }
  return [...new Set(rounds)].filter((round) => round >= 0).sort((a, b) => a - b);
}

function repeatRound(state: State, round: number, to: Hex): Effect[] {
  const messages: Message[] = [];
  const known = state.proposals.get(round)?.proposal;
  const block = known === undefined ? undefined : state.blocks.get(known.blockId)?.block;
  if (known !== undefined && block !== undefined) {
    messages.push({ type: "proposal", proposal: known, block });
  }
  const votes = state.votes.get(round);
  for (const byValidator of votes === undefined ? [] : [votes.prevote, votes.precommit]) {
    for (const signed of byValidator.values()) {
      for (const vote of signed) messages.push({ type: "vote", vote });
    }
  }
  return messages.map((message) => ({ type: "send", to, message }));
}

function sameStatus(a: PeerStatus, b: PeerStatus): boolean {
  return a.height === b.height && a.round === b.round && a.step === b.step;
}
