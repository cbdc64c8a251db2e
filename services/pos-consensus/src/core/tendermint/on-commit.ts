/** The end of a height: by this validator's own votes or by a certificate from a peer, then the next height. */
import { assert } from "@sequorum/protocol";
import type { Input } from "./input.ts";
import { requestNextBlock } from "./on-peer-status.ts";
import { onVerifiedProposal } from "./on-proposal.ts";
import { heightTimers } from "./on-timer-fired.ts";
import { onVerifiedVote } from "./on-vote.ts";
import { andThen, enterHeight, type State, type Step, stay } from "./state.ts";

/** A decided block that a peer delivered; its certificate has been verified against this height's validators. */
export function onVerifiedCommit(
  state: State,
  { block, certificate }: Extract<Input, { type: "verifiedCommit" }>,
): Step {
  if (certificate.height !== state.height || state.step === "decided") return stay(state);
  assert(block.header.height === state.height, "the certificate is for the block", {});
  return {
    state: { ...state, step: "decided" },
    effects: [{ type: "decide", block, certificate }],
  };
}

/** Block and application state are durable: enter the next height and replay what came early. */
export function onHeightCommitted(
  state: State,
  { next }: Extract<Input, { type: "heightCommitted" }>,
): Step {
  assert(state.step === "decided", "a height is committed after it was decided", {});
  assert(next.height === state.height + 1n, "heights follow one another", { next: next.height });
  const entered = enterHeight(next, state);
  const started: Step = { state: entered, effects: heightTimers(entered) };
  const replayed = state.early.reduce(
    (current, message) =>
      andThen(current, (at) =>
        message.type === "verifiedVote"
          ? onVerifiedVote(at, message)
          : onVerifiedProposal(at, message),
      ),
    started,
  );
  return andThen(replayed, requestNextBlock);
}
