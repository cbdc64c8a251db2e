/** The result of a transition, and how transitions follow one another. */
import type { DecisionBody, Hex } from "@sequorum/protocol";
import type { RejectionCode } from "./rejection.ts";
import type { PoolState } from "./state.ts";

/** A new state and what was decided on the way, in order. */
export type Step = { readonly state: PoolState; readonly decisions: readonly DecisionBody[] };

/** What a transaction does: a step, or nothing and the reason why. */
export type Outcome = Step | RejectionCode;

/** A payload of one kind and who sent it. */
export type Sent<Payload> = { readonly sender: Hex; readonly payload: Payload };

/** A step that only changes the state. */
export function quiet(state: PoolState): Step {
  return { state, decisions: [] };
}

/** `first`, then `next` on its state. */
export function andThen(first: Step, next: (state: PoolState) => Step): Step {
  const second = next(first.state);
  return { state: second.state, decisions: [...first.decisions, ...second.decisions] };
}

/** The transitions one after another. */
export function inSequence(
  state: PoolState,
  transitions: readonly ((state: PoolState) => Step)[],
): Step {
  return transitions.reduce(andThen, quiet(state));
}
