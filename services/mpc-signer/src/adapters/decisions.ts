/** Decisions of the PoS chain from the operator's bus. */
import type { Bus } from "@sequorum/bus";
import { decisionFromProto } from "@sequorum/proto/convert/decision";
import type { BatchTrace } from "@sequorum/service";
import type { Transaction } from "@sequorum/store";
import type { SignerDecision } from "../ports.ts";

const relevant: ReadonlySet<string> = new Set<SignerDecision["type"]>([
  "ceremonyOpened",
  "ceremonyRound1Completed",
  "ceremonyComplaintRaised",
  "ceremonyShareRevealed",
  "ceremonyCompleted",
  "ceremonyFailed",
  "signingSessionOpened",
  "signingSessionClosed",
  "nonceCommitmentsRecorded",
  "epochKeySigned",
  "keyRetired",
  "keyErased",
  "membersSet",
  "epochActivated",
]);

/** Hands every relevant decision to `handle`, in order, once in effect. */
export function followDecisions(
  bus: Bus,
  traces: BatchTrace,
  handle: (decision: SignerDecision, tx: Transaction) => Promise<void>,
): void {
  bus.subscribe({
    from: "pos-consensus",
    observe: traces.observe,
    select: ({ payload }) =>
      payload.case === "decision" && relevant.has(payload.value.kind.case ?? ""),
    handle: async ({ payload }, tx) => {
      if (payload.case !== "decision") return;
      const decision = decisionFromProto(payload.value);
      if (isRelevant(decision)) await handle(decision, tx);
    },
  });
}

function isRelevant(decision: { readonly type: string }): decision is SignerDecision {
  return relevant.has(decision.type);
}
