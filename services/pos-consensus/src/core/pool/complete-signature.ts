/** What follows from a group signature: a batch may go to L1, or a key has proved itself. */
import {
  assert,
  encodeFrostProof,
  type Hex,
  type MemberEndorsement,
  type SchnorrSignature,
  unreachable,
} from "@sequorum/protocol";
import { tipAfter } from "./batches.ts";
import { membersFrom, memberOf, type PoolState, type SigningRequest } from "./state.ts";
import type { Step } from "./step.ts";

/** Applies a verified signature over the request's digest. */
export function completeSignature(
  state: PoolState,
  { purpose, digest }: SigningRequest,
  signature: SchnorrSignature,
): Step {
  switch (purpose.type) {
    case "batch":
      return signBatch(state, digest, signature);
    case "epoch":
      return signEpochKey(state, digest, signature);
    default:
      return unreachable(purpose);
  }
}

function signBatch(state: PoolState, digest: Hex, signature: SchnorrSignature): Step {
  const { batches } = state;
  const { open } = batches;
  assert(
    open?.stage.type === "endorsed" && open.stage.digest === digest,
    "a signed batch is endorsed",
    { digest },
  );
  const { header, endorsements } = open.stage;
  const tip = tipAfter(header, digest);
  const signed = { ...tip, attempt: open.attempt, parent: batches.tip, refusals: [] };
  const posterOrder = membersFrom(state, memberOf(state, open.proposer)?.index ?? 0);
  return {
    state: {
      ...state,
      batches: { ...batches, open: null, tip, unposted: [...batches.unposted, signed] },
    },
    decisions: [
      {
        type: "batchSigned",
        attempt: open.attempt,
        header,
        proof: proofOf(state, signature, endorsements),
        posterOrder,
      },
    ],
  };
}

function signEpochKey(state: PoolState, digest: Hex, signature: SchnorrSignature): Step {
  const { pending } = state.keys;
  assert(pending !== null && pending.digest === digest, "a signed update is of the pending key", {
    digest,
  });
  const proof = proofOf(state, signature, pending.endorsements);
  const first = Number(pending.epoch % BigInt(state.members.length));
  return {
    state: { ...state, keys: { ...state.keys, pending: { ...pending, signed: true } } },
    decisions: [
      {
        type: "epochKeySigned",
        update: pending.update,
        digest,
        members: state.members,
        groupKey: pending.groupKey,
        proof,
        posterOrder: membersFrom(state, first),
      },
    ],
  };
}

/** The L1 proof: group signature, and the endorsements that make their authors liable. */
function proofOf(
  state: PoolState,
  signature: SchnorrSignature,
  endorsements: readonly MemberEndorsement[],
): Hex {
  const indexed = endorsements.map(({ member, signature: endorsement }) => {
    const index = memberOf(state, member)?.index;
    assert(index !== undefined, "an endorser is a member", { member });
    return { index, signature: endorsement };
  });
  return encodeFrostProof({ signature, endorsements: indexed });
}
