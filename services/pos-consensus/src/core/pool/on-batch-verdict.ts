/** Endorsements and refusals of a proposed batch, and refusals of a signed one that L1 would not take. */
import { assert, type Hex, type PoolPayload, recoverAddress } from "@sequorum/protocol";
import { giveUpAttempt, isBlocking, isEndorsementQuorum } from "./batches.ts";
import { locateBatch } from "./locate-batch.ts";
import { requestSignature } from "./signing.ts";
import type { BatchStage, OpenBatch, PoolState, Refusal, SignedBatch } from "./state.ts";
import { memberOf } from "./state.ts";
import { andThen, type Outcome, quiet, type Sent, type Step } from "./step.ts";
import { voidFrom } from "./void-batches.ts";

type Endorsement = Extract<PoolPayload, { readonly type: "batchEndorsement" }>;
type BatchRefusal = Extract<PoolPayload, { readonly type: "batchRefusal" }>;
type Proposed = Extract<BatchStage, { readonly type: "proposed" }>;

/** Counts an endorsement; the one that makes >= 2/3 (count and stake) asks for the signature. */
export function onBatchEndorsement(
  state: PoolState,
  { sender, payload }: Sent<Endorsement>,
): Outcome {
  const open = locateBatch(state, payload.index, payload.attempt);
  if (typeof open === "string") return open;
  const { stage } = open;
  if (stage.type === "open") return "BATCH_NOT_PROPOSED";
  if (payload.digest !== stage.digest) return "DIGEST_MISMATCH";
  if (stage.type === "endorsed") return "BATCH_PAST";
  if (stage.endorsements.some(({ member }) => member === sender)) return "ALREADY_ENDORSED";
  // The signature is the evidence that makes the member liable (T4): it must be its own, over this digest.
  if (recoverAddress(stage.digest, payload.signature) !== sender) return "BAD_ENDORSEMENT";
  const endorsements = inMemberOrder(state, [
    ...stage.endorsements,
    { member: sender, signature: payload.signature },
  ]);
  const refusals = stage.refusals.filter(({ member }) => member !== sender);
  const counted: Proposed = { ...stage, endorsements, refusals };
  return isEndorsementQuorum(
    state,
    endorsements.map(({ member }) => member),
  )
    ? endorse(state, open, counted)
    : quiet(withStage(state, open, counted));
}

/** Counts a refusal; enough of them end the attempt, or void a signed batch and those on top of it. */
export function onBatchRefusal(state: PoolState, { sender, payload }: Sent<BatchRefusal>): Outcome {
  const signed = state.batches.unposted.find(({ index }) => index === payload.index);
  if (signed !== undefined) return onSignedRefusal(state, signed, { sender, payload });
  const open = locateBatch(state, payload.index, payload.attempt);
  if (typeof open === "string") return open;
  const { stage } = open;
  if (stage.type === "open") return "BATCH_NOT_PROPOSED";
  if (payload.digest !== stage.digest) return "DIGEST_MISMATCH";
  if (stage.type === "endorsed") return "BATCH_PAST";
  if (stage.endorsements.some(({ member }) => member === sender)) return "ALREADY_ENDORSED";
  if (stage.refusals.some(({ member }) => member === sender)) return "ALREADY_REFUSED";
  const refusals = [...stage.refusals, { member: sender, code: payload.code }];
  if (
    isBlocking(
      state,
      refusals.map(({ member }) => member),
    )
  ) {
    return giveUpAttempt(state, open, `REFUSED:${mostFrequentCode(refusals)}`);
  }
  return quiet(withStage(state, open, { ...stage, refusals }));
}

function onSignedRefusal(
  state: PoolState,
  signed: SignedBatch,
  { sender, payload }: Sent<BatchRefusal>,
): Outcome {
  if (payload.digest !== signed.digest || payload.attempt !== signed.attempt) return "BATCH_PAST";
  if (signed.refusals.some(({ member }) => member === sender)) return "ALREADY_REFUSED";
  const refusals = [...signed.refusals, { member: sender, code: payload.code }];
  if (
    isEndorsementQuorum(
      state,
      refusals.map(({ member }) => member),
    )
  ) {
    return voidFrom(state, signed.index, `REFUSED_AFTER_SIGNING:${mostFrequentCode(refusals)}`);
  }
  const unposted = state.batches.unposted.map((batch) =>
    batch === signed ? { ...batch, refusals } : batch,
  );
  return quiet({ ...state, batches: { ...state.batches, unposted } });
}

function endorse(
  state: PoolState,
  open: OpenBatch,
  { header, digest, endorsements }: Proposed,
): Step {
  const { active } = state.keys;
  assert(active !== null, "an open batch has an active key", { index: open.index });
  const endorsed: OpenBatch = {
    ...open,
    deadlineMs: null,
    stage: { type: "endorsed", header, digest, endorsements },
  };
  const step: Step = {
    state: { ...state, batches: { ...state.batches, open: endorsed } },
    decisions: [{ type: "batchEndorsed", attempt: open.attempt, header, endorsements }],
  };
  return andThen(step, (next) =>
    requestSignature(next, {
      purpose: { type: "batch", index: open.index, attempt: open.attempt },
      keyId: active.keyId,
      digest,
    }),
  );
}

function withStage(state: PoolState, open: OpenBatch, stage: BatchStage): PoolState {
  return { ...state, batches: { ...state.batches, open: { ...open, stage } } };
}

function inMemberOrder<Item extends { readonly member: Hex }>(
  state: PoolState,
  items: readonly Item[],
): Item[] {
  const place = (address: Hex) => memberOf(state, address)?.index ?? -1;
  return [...items].sort((a, b) => place(a.member) - place(b.member));
}

/** The code that most refusers gave; the first in the alphabet on a tie. */
function mostFrequentCode(refusals: readonly Refusal[]): string {
  const counts = new Map<string, number>();
  for (const { code } of refusals) counts.set(code, (counts.get(code) ?? 0) + 1);
  const [first] = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  assert(first !== undefined, "there is a refusal");
  return first[0];
}
