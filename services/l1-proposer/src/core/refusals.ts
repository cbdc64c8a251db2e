// What a revert of L1's contracts means for a submission.

import type { CheckOutcome } from "./input.ts";
import type { SubmissionKind } from "./state.ts";

/** A custom error of the contracts. */
export type Revert = { readonly name: string; readonly args: readonly unknown[] };

/** Errors of a batch that time, the next block or the operator may end. All others that we know are for good. */
const passing: ReadonlySet<string> = new Set([
  "TimestampInFuture", // L1's clock goes on.
  "SenderNotExternal", // Our account has code: the operator's business, not the batch's.
  "UnknownRevert",
]);

/** Classifies a revert of `submitBatch` or of an epoch's registration. */
export function classifyRevert(
  { kind, subject }: { readonly kind: SubmissionKind; readonly subject: bigint },
  { name, args }: Revert,
): CheckOutcome {
  const outcome =
    kind === "batch"
      ? classifyBatchRevert(subject, { name, args })
      : classifyEpochRevert(subject, { name, args });
  return "code" in outcome ? { ...outcome, code: refusalCode(outcome.code) } : outcome;
}

/** The code of a contract's error in refusals and logs: `QueueFromMismatch` is `L1_QUEUE_FROM_MISMATCH`. */
export function refusalCode(errorName: string): string {
  return `L1_${errorName.replace(/(?<=[a-z0-9])(?=[A-Z])/g, "_").toUpperCase()}`;
}

function classifyBatchRevert(index: bigint, { name, args }: Revert): CheckOutcome {
  if (name === "IndexMismatch") {
    const expected = args[1];
    if (typeof expected === "bigint" && expected > index) return { type: "done" };
    return { type: "notYet", code: name };
  }
  if (name === "EpochNotActive") {
    const [epoch, active] = args;
    const isLater = typeof epoch === "bigint" && typeof active === "bigint" && epoch > active;
    return { type: isLater ? "notYet" : "refused", code: name };
  }
  return { type: passing.has(name) ? "notYet" : "refused", code: name };
}

// There is no way to refuse an epoch: the pool signs another update if it must, which replaces this one.
function classifyEpochRevert(epoch: bigint, { name, args }: Revert): CheckOutcome {
  const active = args[0];
  const isRegistered =
    name === "FirstEpochAlreadyRegistered" && typeof active === "bigint" && active >= epoch;
  return isRegistered ? { type: "done" } : { type: "notYet", code: name };
}
