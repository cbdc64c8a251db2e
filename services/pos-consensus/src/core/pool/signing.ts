/**
 * Signing sessions: rosters of t members with pre-published commitments, one attempt after another until the group
 * signature is there (ROAST's idea, Ruffing et al. 2022, with the PoS chain as coordinator). A commitment is assigned
 * at most once: it leaves the stock in the same transition that names it in a session.
 */
import {
  assert,
  type DecisionBody,
  type Hex,
  hexToBytes,
  keccak256,
  rlpEncode,
  rlpUint,
  type SessionSigner,
} from "@sequorum/protocol";
import { attemptTimeoutFactorMax } from "./limits.ts";
import { rankSigners } from "./roster.ts";
import type { GroupKey, NonceStock, PoolState, SigningRequest, SigningSession } from "./state.ts";
import { memberOf } from "./state.ts";
import { quiet, type Step } from "./step.ts";

/** Adds a digest to be signed; its first session opens when the block ends. */
export function requestSignature(
  state: PoolState,
  request: Pick<SigningRequest, "purpose" | "keyId" | "digest">,
): Step {
  const { requests } = state.signing;
  assert(
    requests.every(({ digest }) => digest !== request.digest),
    "a digest is requested once at a time",
    { digest: request.digest },
  );
  const added: SigningRequest = {
    ...request,
    attempt: 0,
    requestedAtHeight: state.height,
    waitingSinceMs: state.timeMs,
    session: null,
    excluded: [],
  };
  return quiet({ ...state, signing: { ...state.signing, requests: [...requests, added] } });
}

/** The key with this id, active or on its way. */
export function keyOf({ keys }: PoolState, keyId: Hex): GroupKey | undefined {
  return [keys.active, keys.pending].find((key) => key?.keyId === keyId) ?? undefined;
}

/** Ends attempts that ran out of time and opens sessions for requests that have none. */
export function advanceSigning(state: PoolState): Step {
  let step = quiet(state);
  for (const { digest } of state.signing.requests) {
    const expired = expireAttempt(step.state, digest);
    const opened = openSession(expired.state, digest);
    step = {
      state: opened.state,
      decisions: [...step.decisions, ...expired.decisions, ...opened.decisions],
    };
  }
  return step;
}

/** Ends the running attempt of a request: `culprits` are proved, `suspects` only rank lower. */
export function failAttempt(
  state: PoolState,
  request: SigningRequest,
  { culprits, suspects }: { readonly culprits: readonly Hex[]; readonly suspects: readonly Hex[] },
): Step {
  const { session } = request;
  assert(session !== null, "an attempt is running", { digest: request.digest });
  const failed: SigningRequest = {
    ...request,
    attempt: request.attempt + 1,
    waitingSinceMs: state.timeMs,
    session: null,
    excluded: [...request.excluded, ...culprits],
  };
  const blamed = new Set(
    [...culprits, ...suspects].map((address) => memberOf(state, address)?.index),
  );
  const unreliability = state.signing.unreliability.map((count, index) =>
    blamed.has(index) ? count + 1 : count,
  );
  return {
    state: replaceRequest({ ...state, signing: { ...state.signing, unreliability } }, failed),
    decisions: [
      { type: "signingSessionClosed", sessionId: session.sessionId, signed: false, culprits },
    ],
  };
}

/** Takes a request out because it is signed or void; a running attempt is closed. */
export function closeRequest(
  state: PoolState,
  request: SigningRequest,
  { signed }: { readonly signed: boolean },
): Step {
  const requests = state.signing.requests.filter(({ digest }) => digest !== request.digest);
  const served = signed
    ? (request.session?.roster ?? []).map(({ member }) => memberOf(state, member)?.index)
    : [];
  const unreliability = state.signing.unreliability.map((count, index) =>
    served.includes(index) ? 0 : count,
  );
  const decisions: DecisionBody[] =
    request.session === null
      ? []
      : [
          {
            type: "signingSessionClosed",
            sessionId: request.session.sessionId,
            signed,
            culprits: [],
          },
        ];
  return { state: { ...state, signing: { requests, unreliability } }, decisions };
}

/** Drops what is being signed for batches. */
export function cancelBatchRequests(state: PoolState): Step {
  const requests = state.signing.requests.filter(({ purpose }) => purpose.type === "batch");
  return requests.reduce<Step>((step, request) => {
    const closed = closeRequest(step.state, request, { signed: false });
    return { state: closed.state, decisions: [...step.decisions, ...closed.decisions] };
  }, quiet(state));
}

/** Replaces a request by its next version. */
export function replaceRequest(state: PoolState, request: SigningRequest): PoolState {
  const requests = state.signing.requests.map((other) =>
    other.digest === request.digest ? request : other,
  );
  return { ...state, signing: { ...state.signing, requests } };
}

/** Id of an attempt: it names the key, the digest and the attempt, and is never used again. */
export function sessionIdOf(
  {
    keyId,
    digest,
    requestedAtHeight,
  }: Pick<SigningRequest, "keyId" | "digest" | "requestedAtHeight">,
  attempt: number,
): Hex {
  return keccak256(
    rlpEncode([
      new TextEncoder().encode("sequorum/signing-session/v1"),
      hexToBytes(keyId),
      hexToBytes(digest),
      rlpUint(requestedAtHeight),
      rlpUint(BigInt(attempt)),
    ]),
  );
}

function requestFor(state: PoolState, digest: Hex): SigningRequest {
  const request = state.signing.requests.find((other) => other.digest === digest);
  assert(request !== undefined, "the request exists", { digest });
  return request;
}

function expireAttempt(state: PoolState, digest: Hex): Step {
  const request = requestFor(state, digest);
  const { session } = request;
  if (session === null || state.timeMs < session.deadlineMs) return quiet(state);
  const named = new Set(session.reports.flatMap(({ culprits }) => culprits));
  const roster = session.roster.map(({ member }) => member);
  // Nobody said who: then any of them, and the next roster differs.
  const suspects = named.size > 0 ? roster.filter((member) => named.has(member)) : roster;
  return failAttempt(state, request, { culprits: [], suspects });
}

function openSession(state: PoolState, digest: Hex): Step {
  const request = requestFor(state, digest);
  if (request.session !== null) return quiet(state);
  const key = keyOf(state, request.keyId);
  assert(key !== undefined, "a request names a key in use", { keyId: request.keyId });
  const signers = rankSigners(state, key, request).slice(0, key.threshold);
  if (signers.length < key.threshold) return quiet(state);
  const roster = signers
    .map((member) => takeCommitment(state, key, member))
    .sort((a, b) => a.identifier - b.identifier);
  const session: SigningSession = {
    sessionId: sessionIdOf(request, request.attempt),
    roster,
    deadlineMs: state.timeMs + attemptTimeoutMs(state, request.attempt),
    reports: [],
  };
  const nonces = state.nonces.map((stock) => withoutTaken(stock, key.keyId, signers));
  const { purpose, keyId, attempt } = request;
  return {
    state: replaceRequest({ ...state, nonces }, { ...request, session }),
    decisions: [
      {
        type: "signingSessionOpened",
        sessionId: session.sessionId,
        purpose,
        keyId,
        digest,
        attempt,
        roster,
        deadlineMs: session.deadlineMs,
      },
    ],
  };
}

/** Later attempts have more time: slow members are not taken for dead ones for ever. */
function attemptTimeoutMs(state: PoolState, attempt: number): number {
  const factor = 1 + Math.floor(attempt / state.members.length);
  return (
    state.network.parameters.signingAttemptTimeoutMs * Math.min(factor, attemptTimeoutFactorMax)
  );
}

function takeCommitment(state: PoolState, key: GroupKey, member: Hex): SessionSigner {
  const stock = state.nonces.find((other) => other.keyId === key.keyId && other.member === member);
  const commitment = stock?.commitments[0];
  assert(stock !== undefined && commitment !== undefined, "a chosen signer has a commitment", {
    member,
  });
  return {
    member,
    identifier: key.roster.indexOf(member) + 1,
    generation: stock.generation,
    commitmentIndex: stock.nextIndex,
    ...commitment,
  };
}

function withoutTaken(stock: NonceStock, keyId: Hex, signers: readonly Hex[]): NonceStock {
  if (stock.keyId !== keyId || !signers.includes(stock.member)) return stock;
  return { ...stock, nextIndex: stock.nextIndex + 1, commitments: stock.commitments.slice(1) };
}
