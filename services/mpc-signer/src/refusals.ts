/** What is refused on the MPC channel: counted always, told with the peer's name at most once a minute for each reason. */
import type { Hex } from "@sequorum/protocol";
import type { Logger } from "@sequorum/service";

/** Why a message or a connection is refused. */
export type RefusalReason = "stranger" | "rate" | "framing" | "malformed";

/** Tells of a refusal; `from` is undefined for strangers, who have no name. */
export type ReportRefusal = (reason: RefusalReason, from: Hex | undefined) => void;

const silenceMs = 60_000;

/** Makes the report. Members are few, so what is remembered is bounded; strangers are counted only. */
export function createRefusalReport(options: {
  readonly count: (reason: RefusalReason) => void;
  readonly logger: Logger;
  readonly nowMs: () => number;
}): ReportRefusal {
  const toldAtMs = new Map<string, number>();
  return (reason, from) => {
    options.count(reason);
    if (from === undefined) return;
    const key = `${from}/${reason}`;
    const nowMs = options.nowMs();
    if (nowMs - (toldAtMs.get(key) ?? Number.NEGATIVE_INFINITY) < silenceMs) return;
    toldAtMs.set(key, nowMs);
    options.logger.warn("message of a member refused", { member: from, reason });
  };
}
