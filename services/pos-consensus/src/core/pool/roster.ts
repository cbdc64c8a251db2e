/** Who signs: members with a share and a commitment, the most promising first. */
import type { Hex } from "@sequorum/protocol";
import type { GroupKey, PoolState, SigningRequest } from "./state.ts";
import { memberOf } from "./state.ts";

/**
 * All possible signers, best first: not proved guilty in this request, few failures lately, having endorsed the batch
 * (T2: they are known to hold the digest), and by turns. If the proved culprits leave too few, they get another chance.
 */
export function rankSigners(state: PoolState, key: GroupKey, request: SigningRequest): Hex[] {
  const able = key.roster.filter((member) => hasCommitment(state, key.keyId, member));
  const innocent = able.filter((member) => !request.excluded.includes(member));
  const candidates = innocent.length >= key.threshold ? innocent : able;
  const endorsers = endorsersOf(state, request);
  const ranked = candidates.map((member) => ({
    member,
    failures: state.signing.unreliability[memberOf(state, member)?.index ?? 0] ?? 0,
    unprepared: endorsers === undefined || endorsers.includes(member) ? 0 : 1,
    turn: turnOf(key, member, request),
  }));
  ranked.sort((a, b) => a.failures - b.failures || a.unprepared - b.unprepared || a.turn - b.turn);
  return ranked.map(({ member }) => member);
}

function hasCommitment(state: PoolState, keyId: Hex, member: Hex): boolean {
  return state.nonces.some(
    (stock) => stock.keyId === keyId && stock.member === member && stock.commitments.length > 0,
  );
}

function endorsersOf(
  state: PoolState,
  { purpose, digest }: SigningRequest,
): readonly Hex[] | undefined {
  const stage = state.batches.open?.stage;
  if (purpose.type !== "batch" || stage?.type !== "endorsed" || stage.digest !== digest)
    return undefined;
  return stage.endorsements.map(({ member }) => member);
}

/** Shifts the order with the subject and the attempt, so that the load and the odd one out go round. */
function turnOf(key: GroupKey, member: Hex, { purpose, attempt }: SigningRequest): number {
  const count = key.roster.length;
  const subject = purpose.type === "batch" ? purpose.index : purpose.epoch;
  const shift = Number((subject + BigInt(attempt)) % BigInt(count));
  return (key.roster.indexOf(member) - shift + count) % count;
}
