/** What signers say: fresh nonce commitments, failures with culprits, and the group signature. */
import {
  type Hex,
  isCurvePoint,
  type NonceCommitment,
  type PoolPayload,
  verifySchnorr,
} from "@sequorum/protocol";
import { completeSignature } from "./complete-signature.ts";
import { closeRequest, failAttempt, keyOf, replaceRequest, sessionIdOf } from "./signing.ts";
import type { NonceStock, PoolState, SigningRequest, SigningSession } from "./state.ts";
import { andThen, type Outcome, quiet, type Sent } from "./step.ts";

type NonceCommitments = Extract<PoolPayload, { readonly type: "nonceCommitments" }>;
type SigningFailure = Extract<PoolPayload, { readonly type: "signingFailure" }>;
type GroupSignature = Extract<PoolPayload, { readonly type: "groupSignature" }>;

/** Replaces the sender's unused commitments. The rising generation keeps an old list from coming back. */
export function onNonceCommitments(
  state: PoolState,
  { sender, payload }: Sent<NonceCommitments>,
): Outcome {
  const { keyId, generation, commitments } = payload;
  const key = keyOf(state, keyId);
  if (key === undefined) return "KEY_UNKNOWN";
  if (!key.roster.includes(sender)) return "NOT_IN_ROSTER";
  const previous = state.nonces.find((stock) => stock.keyId === keyId && stock.member === sender);
  if (previous !== undefined && generation <= previous.generation) return "GENERATION_PAST";
  if (commitments.length === 0) return "COMMITMENTS_EMPTY";
  const others = state.nonces.filter((stock) => stock !== previous);
  if (!areDistinct(commitments, others)) return "COMMITMENT_TWICE";
  if (commitments.some(({ hiding, binding }) => !isCurvePoint(hiding) || !isCurvePoint(binding))) {
    return "COMMITMENT_POINT";
  }
  const stock: NonceStock = { keyId, member: sender, generation, nextIndex: 0, commitments };
  return {
    state: { ...state, nonces: [...others, stock] },
    decisions: [
      {
        type: "nonceCommitmentsRecorded",
        keyId,
        member: sender,
        generation,
        unused: commitments.length,
      },
    ],
  };
}

/** Counts a report; whom more than n - t members of the roster name is proved guilty, for at least one is honest. */
export function onSigningFailure(
  state: PoolState,
  { sender, payload }: Sent<SigningFailure>,
): Outcome {
  const found = findRunning(state, payload.sessionId);
  if (found === undefined || found.request.attempt !== payload.attempt) return "SESSION_NOT_OPEN";
  const { request, session } = found;
  const roster = session.roster.map(({ member }) => member);
  if (!roster.includes(sender)) return "NOT_IN_ROSTER";
  if (session.reports.some(({ reporter }) => reporter === sender))
    return "FAILURE_ALREADY_REPORTED";
  const named = new Set(payload.culprits);
  const isPlausible =
    named.size === payload.culprits.length && named.size > 0 && !named.has(sender);
  if (!isPlausible || payload.culprits.some((culprit) => !roster.includes(culprit)))
    return "BAD_CULPRITS";
  const reports = [...session.reports, { reporter: sender, culprits: payload.culprits }];
  const reported = { ...request, session: { ...session, reports } };
  const threshold = keyOf(state, request.keyId)?.threshold ?? 0;
  const culprits = roster.filter(
    (member) =>
      reports.filter((report) => report.culprits.includes(member)).length >
      state.members.length - threshold,
  );
  const next = replaceRequest(state, reported);
  return culprits.length > 0
    ? failAttempt(next, reported, { culprits, suspects: [] })
    : quiet(next);
}

/** A valid signature ends the request, whichever attempt it comes from and whoever brings it. */
export function onGroupSignature(state: PoolState, { payload }: Sent<GroupSignature>): Outcome {
  const request = state.signing.requests.find((other) => isAttemptOf(other, payload.sessionId));
  if (request === undefined) return "SESSION_NOT_OPEN";
  const key = keyOf(state, request.keyId);
  if (key === undefined) return "KEY_UNKNOWN";
  if (!verifySchnorr(key.groupKey, request.digest, payload.signature)) return "BAD_GROUP_SIGNATURE";
  return andThen(closeRequest(state, request, { signed: true }), (next) =>
    completeSignature(next, request, payload.signature),
  );
}

function findRunning(
  state: PoolState,
  sessionId: Hex,
): { readonly request: SigningRequest; readonly session: SigningSession } | undefined {
  for (const request of state.signing.requests) {
    if (request.session?.sessionId === sessionId) return { request, session: request.session };
  }
  return undefined;
}

/** Recent attempts only: an unbounded search would be a gift to a spammer. */
const attemptsSearched = 16;

function isAttemptOf(request: SigningRequest, sessionId: Hex): boolean {
  const oldest = Math.max(0, request.attempt - attemptsSearched);
  for (let attempt = request.attempt; attempt >= oldest; attempt--) {
    if (sessionIdOf(request, attempt) === sessionId) return true;
  }
  return false;
}

/** A point is used by one commitment only, in the list and in the stocks of all members. */
function areDistinct(
  commitments: readonly NonceCommitment[],
  others: readonly NonceStock[],
): boolean {
  const points = new Set(others.flatMap((stock) => stock.commitments.flatMap(pointsOf)));
  for (const point of commitments.flatMap(pointsOf)) {
    if (points.has(point)) return false;
    points.add(point);
  }
  return true;
}

function pointsOf({ hiding, binding }: NonceCommitment): readonly Hex[] {
  return [hiding, binding];
}
