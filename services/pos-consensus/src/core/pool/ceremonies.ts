/**
 * Key generation on the PoS chain (Pedersen DKG as in FROST, figure 1): round-1 packages are broadcast as transactions,
 * private shares travel off chain, disputes come back as complaints and reveals, and everybody confirms the same key.
 * Whenever there is no group key, a ceremony opens by itself; whoever spoils it is left out of the next one.
 */
import {
  assert,
  type CeremonyFailureCode,
  type CeremonyBinding,
  ceremonyContext,
  hasQuorum,
  type Hex,
  hexToBytes,
  keccak256,
  type PoolMember,
  quorum,
  rlpEncode,
  rlpUint,
} from "@sequorum/protocol";
import { firstRoundPatience, retiredKeysKept } from "./limits.ts";
import { type Ceremony, type PoolState, type RetiredKey, stakeOf, totalStake } from "./state.ts";
import { andThen, quiet, type Step } from "./step.ts";

/** A key is shared by two or more; a pool of one runs without batches. */
const ceremonyMembersMin = 2;

/** What packages, shares and confirmations of a ceremony are bound to. */
export function bindingOf(state: PoolState, ceremony: Ceremony): CeremonyBinding {
  const { ceremonyId, epoch, threshold, roster } = ceremony;
  return { domain: state.network.domain, ceremonyId, epoch, threshold, roster };
}

/** Hash of the binding. */
export function contextOf(state: PoolState, ceremony: Ceremony): Hex {
  return ceremonyContext(bindingOf(state, ceremony));
}

/** Opens a ceremony when there is neither key nor ceremony; ends one that ran out of time. */
export function advanceCeremonies(state: PoolState): Step {
  const { current } = state.ceremonies;
  if (current === null) return needsCeremony(state) ? openCeremony(state) : quiet(state);
  const late = findLate(state, current);
  return late === undefined ? quiet(state) : failCeremony(state, current, late);
}

/** Whether a ceremony is to be opened in the next block. */
export function needsCeremony({ ceremonies, keys, members }: PoolState): boolean {
  const hasKey = keys.active !== null || keys.pending !== null;
  return ceremonies.current === null && !hasKey && members.length >= ceremonyMembersMin;
}

/** Instant at which somebody may be late. */
export function ceremonyDeadlineMs({ stage, deadlineMs }: Ceremony): number {
  if (stage.type === "round1") return deadlineMs;
  const reveals = stage.complaints
    .filter(({ revealed }) => !revealed)
    .map((complaint) => complaint.deadlineMs);
  return Math.min(deadlineMs, ...reveals);
}

/** Voids the ceremony; the next one opens without the culprits if enough members remain, else with everybody. */
export function failCeremony(
  state: PoolState,
  ceremony: Ceremony,
  { culprits, code }: { readonly culprits: readonly Hex[]; readonly code: CeremonyFailureCode },
): Step {
  const excluded = [...new Set([...state.ceremonies.excluded, ...culprits])];
  const ceremonies = {
    current: null,
    nextAttempt: ceremony.attempt + 1,
    excluded: isRosterLargeEnough(state, rosterWithout(state, excluded)) ? excluded : [],
  };
  const failed: RetiredKey = { keyId: ceremony.ceremonyId, roster: ceremony.roster, erased: [] };
  const step: Step = {
    state: {
      ...state,
      ceremonies,
      keys: { ...state.keys, retired: retire(state.keys.retired, failed) },
    },
    decisions: [{ type: "ceremonyFailed", ceremonyId: ceremony.ceremonyId, culprits, code }],
  };
  return andThen(step, openCeremony);
}

/** The list with one more entry, the oldest forgotten beyond the bound. */
export function retire(retired: readonly RetiredKey[], key: RetiredKey): readonly RetiredKey[] {
  return [...retired, key].slice(-retiredKeysKept);
}

function openCeremony(state: PoolState): Step {
  const { ceremonies, keys, timeMs, network } = state;
  const roster = rosterWithout(state, ceremonies.excluded);
  assert(isRosterLargeEnough(state, roster), "a roster can endorse its key", {
    members: roster.length,
  });
  const attempt = ceremonies.nextAttempt;
  const epoch = (keys.active?.epoch ?? 0n) + 1n;
  const patience = attempt === 0 ? firstRoundPatience : 1;
  const ceremony: Ceremony = {
    ceremonyId: ceremonyIdOf(state, epoch, attempt),
    epoch,
    attempt,
    roster: roster.map(({ address }) => address),
    threshold: quorum(state.members.length),
    deadlineMs: timeMs + patience * network.parameters.ceremonyRoundTimeoutMs,
    stage: { type: "round1", packages: [] },
  };
  const { ceremonyId, threshold, deadlineMs } = ceremony;
  return {
    state: { ...state, ceremonies: { ...ceremonies, current: ceremony } },
    decisions: [
      { type: "ceremonyOpened", ceremonyId, epoch, attempt, roster, threshold, deadlineMs },
    ],
  };
}

function rosterWithout(state: PoolState, excluded: readonly Hex[]): readonly PoolMember[] {
  return state.members.filter(({ address }) => !excluded.includes(address));
}

/** The roster must be able to sign and, by itself, to endorse the key (count and stake, T1). */
function isRosterLargeEnough(state: PoolState, roster: readonly PoolMember[]): boolean {
  const stake = stakeOf(
    state,
    roster.map(({ address }) => address),
  );
  return roster.length >= quorum(state.members.length) && hasQuorum(stake, totalStake(state));
}

function findLate(
  state: PoolState,
  ceremony: Ceremony,
): { readonly culprits: readonly Hex[]; readonly code: CeremonyFailureCode } | undefined {
  if (state.timeMs < ceremonyDeadlineMs(ceremony)) return undefined;
  const { stage, roster } = ceremony;
  const without = (present: readonly Hex[]) => roster.filter((member) => !present.includes(member));
  if (stage.type === "round1") {
    return {
      culprits: without(stage.packages.map(({ dealer }) => dealer)),
      code: "ROUND1_TIMEOUT",
    };
  }
  const silentDealers = stage.complaints
    .filter(({ revealed, deadlineMs }) => !revealed && state.timeMs >= deadlineMs)
    .map(({ dealer }) => dealer);
  if (silentDealers.length > 0) {
    return {
      culprits: roster.filter((member) => silentDealers.includes(member)),
      code: "REVEAL_TIMEOUT",
    };
  }
  return {
    culprits: without(stage.confirmations.map(({ member }) => member)),
    code: "CONFIRMATION_TIMEOUT",
  };
}

function ceremonyIdOf(state: PoolState, epoch: bigint, attempt: number): Hex {
  const { domain } = state.network;
  return keccak256(
    rlpEncode([
      new TextEncoder().encode("sequorum/ceremony/v1"),
      rlpUint(domain.l1ChainId),
      hexToBytes(domain.rollupChain),
      rlpUint(epoch),
      rlpUint(BigInt(attempt)),
      rlpUint(state.height),
    ]),
  );
}
