/** One transaction on one state: only the switch. */
import {
  decodePoolTransaction,
  type Hex,
  hexToBytes,
  isPoolTransactionSigned,
  type PoolTransaction,
  unreachable,
} from "@sequorum/protocol";
import { onKeyErasure } from "./keys.ts";
import { onBatchProposal } from "./on-batch-proposal.ts";
import { onBatchEndorsement, onBatchRefusal } from "./on-batch-verdict.ts";
import { onCeremonyConfirmation, onDkgComplaint, onDkgReveal, onDkgRound1 } from "./on-ceremony.ts";
import { onL1Observation } from "./on-l1-observation.ts";
import { onGroupSignature, onNonceCommitments, onSigningFailure } from "./on-signing.ts";
import type { Rejection } from "./rejection.ts";
import { memberOf, type PoolState } from "./state.ts";
import type { Outcome, Step } from "./step.ts";
import { onLeaderSilent } from "./terms.ts";

/** An applied transaction. */
export type Applied = Step & { readonly type: "applied" };

/** Decodes, authenticates and applies a transaction. Pure: equal arguments give equal results. */
export function applyTransaction(state: PoolState, encoded: Hex): Applied | Rejection {
  const transaction = decodePoolTransaction(hexToBytes(encoded));
  if (transaction === undefined) return { type: "rejected", code: "MALFORMED", by: undefined };
  const { sender } = transaction;
  if (memberOf(state, sender) === undefined)
    return { type: "rejected", code: "SENDER_NOT_A_MEMBER", by: sender };
  if (!isPoolTransactionSigned(transaction, state.network.domain)) {
    return { type: "rejected", code: "BAD_SIGNATURE", by: undefined };
  }
  const outcome = applyPayload(state, transaction);
  return typeof outcome === "string"
    ? { type: "rejected", code: outcome, by: sender }
    : { type: "applied", ...outcome };
}

/** Applies the payload of an authenticated member. */
export function applyPayload(
  state: PoolState,
  { sender, payload }: Pick<PoolTransaction, "sender" | "payload">,
): Outcome {
  switch (payload.type) {
    case "leaderSilent":
      return onLeaderSilent(state, { sender, payload });
    case "batchProposal":
      return onBatchProposal(state, { sender, payload });
    case "batchEndorsement":
      return onBatchEndorsement(state, { sender, payload });
    case "batchRefusal":
      return onBatchRefusal(state, { sender, payload });
    case "dkgRound1":
      return onDkgRound1(state, { sender, payload });
    case "dkgComplaint":
      return onDkgComplaint(state, { sender, payload });
    case "dkgReveal":
      return onDkgReveal(state, { sender, payload });
    case "ceremonyConfirmation":
      return onCeremonyConfirmation(state, { sender, payload });
    case "nonceCommitments":
      return onNonceCommitments(state, { sender, payload });
    case "signingFailure":
      return onSigningFailure(state, { sender, payload });
    case "groupSignature":
      return onGroupSignature(state, { sender, payload });
    case "l1Observation":
      return onL1Observation(state, { sender, payload });
    case "keyErasure":
      return onKeyErasure(state, { sender, payload });
    default:
      return unreachable(payload);
  }
}
