/**
 * Stake-weighted round robin (CometBFT, spec/consensus/proposer-selection.md): every step adds each validator's power
 * to its priority, the highest priority proposes and pays the total power. Deterministic; integers only.
 */
import { assert, type Hex, totalPower, type Validator } from "@sequorum/protocol";

/** Priorities may differ by at most this multiple of the total power. */
const windowFactor = 2n;

/** Priorities for height 1, round 0. */
export function initialPriorities(validators: readonly Validator[]): bigint[] {
  return validators.map(({ power }) => power);
}

/** Priorities for round 0 of the next height, whose validators may have changed. */
export function nextPriorities(
  current: { readonly validators: readonly Validator[]; readonly priorities: readonly bigint[] },
  next: readonly Validator[],
): bigint[] {
  const known = new Map(current.validators.map((v, i) => [v.address, current.priorities[i] ?? 0n]));
  // A newcomer starts at -1.125 * total power, so that leaving and joining again gains nothing.
  const total = totalPower(next);
  const newcomer = -(total + (total >> 3n));
  return rotate(
    next,
    next.map(({ address }) => known.get(address) ?? newcomer),
    1,
  );
}

/** The proposer of `round`, given the priorities of round 0. */
export function proposerAt(
  validators: readonly Validator[],
  priorities: readonly bigint[],
  round: number,
): Hex {
  const rotated = round === 0 ? priorities : rotate(validators, priorities, round);
  return chosen(validators, rotated).address;
}

/*
 * `priorities` are those after adding the powers and before the chosen one pays; so the proposer is the maximum, and a
 * rotation lets it pay first.
 */
function rotate(
  validators: readonly Validator[],
  priorities: readonly bigint[],
  times: number,
): bigint[] {
  assert(validators.length > 0, "a validator set is not empty");
  assert(validators.length === priorities.length, "a priority for each validator");
  const total = totalPower(validators);
  let current = centre(rescale(priorities, windowFactor * total));
  for (let i = 0; i < times; i++) {
    const payer = chosen(validators, current).address;
    current = current.map((priority, at) => {
      const validator = validators[at];
      assert(validator !== undefined, "a validator for each priority", { at });
      return priority + validator.power - (validator.address === payer ? total : 0n);
    });
  }
  return current;
}

function chosen(validators: readonly Validator[], priorities: readonly bigint[]): Validator {
  let best = 0;
  for (let i = 1; i < validators.length; i++) {
    const [priority, highest] = [priorities[i] ?? 0n, priorities[best] ?? 0n];
    const [address, leader] = [validators[i]?.address ?? "0x", validators[best]?.address ?? "0x"];
    if (priority > highest || (priority === highest && address < leader)) best = i;
  }
  const validator = validators[best];
  assert(validator !== undefined, "somebody proposes", { best });
  return validator;
}

function rescale(priorities: readonly bigint[], windowSize: bigint): readonly bigint[] {
  const sorted = [...priorities].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const difference = (sorted.at(-1) ?? 0n) - (sorted[0] ?? 0n);
  if (difference <= windowSize) return priorities;
  const ratio = (difference + windowSize - 1n) / windowSize;
  return priorities.map((priority) => priority / ratio);
}

function centre(priorities: readonly bigint[]): bigint[] {
  const sum = priorities.reduce((a, b) => a + b, 0n);
  const average = sum / BigInt(priorities.length);
  return priorities.map((priority) => priority - average);
}
