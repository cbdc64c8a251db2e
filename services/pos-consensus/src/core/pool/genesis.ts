/** The pool before its first PoS block: all members derive it from L1 and the network description. */
import { assert, type Decision, type PoolMember, zeroHash } from "@sequorum/protocol";
import { genesisTip, type PoolNetwork, type PoolState } from "./state.ts";
import { genesisLeadership, termStarted } from "./terms.ts";

/** Where a pool starts. */
export type PoolGenesis = {
  readonly network: PoolNetwork;
  /** In index order. */
  readonly members: readonly PoolMember[];
  readonly timeMs: number;
};

/** State at PoS height 0. */
export function genesisState({ network, members, timeMs }: PoolGenesis): PoolState {
  assert(members.length > 0, "a pool has members");
  assert(
    members.every((member, i) => member.index === i && member.stakeWei > 0n),
    "members are in index order and have stake",
  );
  assert(
    new Set(members.map(({ address }) => address)).size === members.length,
    "members are distinct",
  );
  return {
    network,
    height: 0n,
    timeMs,
    members,
    leadership: genesisLeadership(members, network.parameters.termSpanBlocks),
    certified: { height: 0n, hash: zeroHash, recent: [] },
    batches: {
      open: null,
      tip: genesisTip,
      unposted: [],
      voided: [],
      postedIndex: 0n,
      finalIndex: 0n,
      attemptBase: 0,
    },
    ceremonies: { current: null, nextAttempt: 0, excluded: [] },
    keys: { active: null, pending: null, retired: [], lastUpdateDigest: zeroHash },
    nonces: [],
    signing: { requests: [], unreliability: members.map(() => 0) },
    observations: [],
  };
}

/** The decisions that precede every block. */
export function genesisDecisions(state: PoolState): readonly Decision[] {
  const place = { posHeight: 0n, timeMs: state.timeMs };
  return [
    { type: "membersSet", epoch: 1n, members: state.members, ...place, position: 0 },
    { ...termStarted(state.leadership), ...place, position: 1 },
  ];
}
