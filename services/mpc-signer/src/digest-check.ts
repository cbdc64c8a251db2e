/** Rule T2: a digest is signed only if this operator computed it itself. */
import type { Hex } from "@sequorum/protocol";
import { RetryableError, sleep } from "@sequorum/service";
import type { KeyStore } from "./adapters/key-store.ts";
import type { SigningRefusal, SigningState } from "./core/signing/state.ts";
import type { ReadEndorsedDigest } from "./ports.ts";

/** Pause between questions to a batcher that has not endorsed yet. */
const endorsementPollMs = 50;
/** Part of the attempt's time after which an unanswered check is a refusal. */
const checkTimeShare = 0.6;

/** What the check asks. */
export type DigestCheckDeps = {
  readonly keys: KeyStore;
  readonly readEndorsedDigest: ReadEndorsedDigest;
  readonly signal: AbortSignal;
};

/** Null when the digest is this operator's own result, else why it is not signed. */
export async function checkDigest(
  deps: DigestCheckDeps,
  { purpose, keyId, package: { digest }, timeoutMs }: SigningState,
): Promise<SigningRefusal | null> {
  if (purpose.type === "epoch") {
    const record = deps.keys.get(keyId);
    return record?.updateDigest === digest && record.epoch === purpose.epoch
      ? null
      : "DIGEST_DIFFERS";
  }
  for (const deadlineMs = Date.now() + timeoutMs * checkTimeShare; ; ) {
    const answer = await askBatcher(deps, purpose);
    if (answer.type === "endorsed") return answer.digest === digest ? null : "DIGEST_DIFFERS";
    if (Date.now() >= deadlineMs) return answer.refusal;
    await sleep(endorsementPollMs, deps.signal);
  }
}

type Answer =
  | { readonly type: "endorsed"; readonly digest: Hex }
  | { readonly type: "none"; readonly refusal: SigningRefusal };

async function askBatcher(
  { readEndorsedDigest, signal }: DigestCheckDeps,
  batch: Parameters<ReadEndorsedDigest>[0],
): Promise<Answer> {
  try {
    const digest = await readEndorsedDigest(batch, signal);
    return digest === undefined
      ? { type: "none", refusal: "NOT_ENDORSED" }
      : { type: "endorsed", digest };
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
    return { type: "none", refusal: "CHECK_UNAVAILABLE" };
  }
}
