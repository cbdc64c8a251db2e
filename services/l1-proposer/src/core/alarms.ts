// What the operator must act on, as a function of the state.

import type { Alarm, State } from "./state.ts";
import { workOf } from "./state.ts";

/** Failures in a row after which a submission counts as stalled. */
const stalledFailures = 10;

/** The alarms that hold, in a defined order. */
export function alarmsOf(state: State): readonly Alarm[] {
  const { l1, trouble, parameters, nowMs } = state;
  const submissions = Object.values(state.submissions);
  const pending = state.slots.filter(({ outcome }) => outcome.type === "pending");
  const troubled = (type: "unavailable" | "behind"): boolean =>
    trouble?.type === type && nowMs - trouble.sinceMs >= parameters.unavailableMsMax;
  const holds: Readonly<Record<Alarm, boolean>> = {
    LOW_BALANCE: l1 !== undefined && l1.balanceWei < parameters.balanceWeiMin,
    L1_UNAVAILABLE: troubled("unavailable"),
    L1_BEHIND: troubled("behind"),
    FEE_CAP_REACHED:
      pending.some(({ isCapped }) => isCapped) ||
      (l1 !== undefined && l1.baseFeeWei > parameters.fees.maxFeePerGasWeiMax),
    FOREIGN_TRANSACTION: state.foreignTransactions > 0,
    TRANSACTION_REFUSED: state.refusedTransactions > 0,
    SUBMISSION_FAILED: submissions.some(
      ({ status }) => status.type === "failed" && !status.reported,
    ),
    SUBMISSION_STALLED: submissions.some(
      ({ key }) => workOf(state, key).failures >= stalledFailures,
    ),
  };
  return (Object.keys(holds) as Alarm[]).filter((alarm) => holds[alarm]);
}
