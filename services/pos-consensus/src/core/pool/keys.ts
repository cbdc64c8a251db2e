/** Life of a group key after its ceremony: proved, registered, active, retired, erased. */
import { assert, type DecisionBody, type PoolPayload } from "@sequorum/protocol";
import { retire } from "./ceremonies.ts";
import { epochSigningAttemptsMax } from "./limits.ts";
import { closeRequest } from "./signing.ts";
import type { GroupKey, PoolState } from "./state.ts";
import { andThen, type Outcome, quiet, type Sent, type Step } from "./step.ts";

type KeyErasure = Extract<PoolPayload, { readonly type: "keyErasure" }>;

/** Rounds that a proved or waiting key has before it is given up for want of commitments. */
const epochWaitRounds = 12;

/** The registered key signs from now on; the one before retires (T9: it signed until now). */
export function activatePendingKey(state: PoolState): Step {
  const { pending, active } = state.keys;
  assert(pending?.signed === true, "only a proved key is activated");
  const { keyId, epoch, groupKey, roster, threshold, digest } = pending;
  const activated: Step = {
    state: {
      ...state,
      keys: {
        ...state.keys,
        active: { keyId, epoch, groupKey, roster, threshold },
        pending: null,
        lastUpdateDigest: digest,
      },
    },
    decisions: [{ type: "epochActivated", epoch, groupKey }],
  };
  return active === null ? activated : andThen(activated, (next) => retireKey(next, active));
}

/** Gives up a new key that cannot prove itself: the next block opens another ceremony. */
export function advanceKeys(state: PoolState): Step {
  const { pending } = state.keys;
  if (pending === null || pending.signed) return quiet(state);
  const request = state.signing.requests.find(({ digest }) => digest === pending.digest);
  assert(request !== undefined, "a key that is not proved is being proved", {
    keyId: pending.keyId,
  });
  const waited = state.timeMs - request.waitingSinceMs;
  const isStarved = request.session === null && waited >= epochWaitMs(state);
  if (request.attempt < epochSigningAttemptsMax && !isStarved) return quiet(state);
  return andThen(closeRequest(state, request, { signed: false }), (next) =>
    retireKey({ ...next, keys: { ...next.keys, pending: null } }, pending),
  );
}

/** How long a new key waits for commitments. */
export function epochWaitMs(state: PoolState): number {
  return epochWaitRounds * state.network.parameters.ceremonyRoundTimeoutMs;
}

/** Records that the sender erased its share; when all have, the record is complete and goes. */
export function onKeyErasure(state: PoolState, { sender, payload }: Sent<KeyErasure>): Outcome {
  const { retired } = state.keys;
  const key = retired.find(({ keyId }) => keyId === payload.keyId);
  if (key === undefined) return "KEY_UNKNOWN";
  if (!key.roster.includes(sender)) return "NOT_IN_ROSTER";
  if (key.erased.includes(sender)) return "ALREADY_ERASED";
  const erased = [...key.erased, sender];
  const isComplete = erased.length === key.roster.length;
  const kept = retired.map((other) => (other === key ? { ...key, erased } : other));
  const decisions: DecisionBody[] = [{ type: "keyErased", keyId: key.keyId, member: sender }];
  return {
    state: {
      ...state,
      keys: {
        ...state.keys,
        retired: isComplete ? retired.filter((other) => other !== key) : kept,
      },
    },
    decisions,
  };
}

function retireKey(state: PoolState, { keyId, roster }: GroupKey): Step {
  return {
    state: {
      ...state,
      keys: { ...state.keys, retired: retire(state.keys.retired, { keyId, roster, erased: [] }) },
      nonces: state.nonces.filter((stock) => stock.keyId !== keyId),
    },
    decisions: [{ type: "keyRetired", keyId }],
  };
}
