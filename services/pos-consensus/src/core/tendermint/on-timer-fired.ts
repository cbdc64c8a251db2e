/** Timeouts (L57-L67), block pace, heartbeat and status. */
import { unreachable } from "@sequorum/protocol";
import { chooseNil, startRound } from "./actions.ts";
import type { Effect } from "./effect.ts";
import type { Input, TimerId } from "./input.ts";
import { statusOf } from "./on-peer-status.ts";
import { type State, type Step, stay } from "./state.ts";

/** Handles a timer; one of another height or round is stale, except for status, which belongs to none. */
export function onTimerFired(
  state: State,
  { timer }: Extract<Input, { type: "timerFired" }>,
): Step {
  if (timer.kind === "status") return onStatusTimer(state);
  if (timer.height !== state.height || state.step === "decided") return stay(state);
  switch (timer.kind) {
    case "propose": // L57-L60
      return isCurrent(state, timer) && state.step === "propose"
        ? chooseNil(state, "prevote")
        : stay(state);
    case "prevote": // L61-L64
      return isCurrent(state, timer) && state.step === "prevote"
        ? chooseNil(state, "precommit")
        : stay(state);
    case "precommit": // L65-L67
      return isCurrent(state, timer) && state.step !== "waiting"
        ? startRound(state, state.round + 1)
        : stay(state);
    case "pace":
      return stay({ ...state, isPaced: true });
    case "heartbeat":
      return stay({ ...state, isPaced: true, isBlockWanted: true });
    case "blockRequest":
      return stay(state.requested === timer.height ? { ...state, requested: undefined } : state);
    default:
      return unreachable(timer.kind);
  }
}

/** The timers of a height that has just been entered. */
export function heightTimers(state: State): Effect[] {
  const { blockIntervalMsMin, heartbeatMs } = state.parameters;
  const timer = (kind: TimerId["kind"], afterMs: number): Effect => ({
    type: "scheduleTimer",
    timer: { kind, height: state.height, round: 0 },
    afterMs,
  });
  return [timer("pace", blockIntervalMsMin), timer("heartbeat", heartbeatMs)];
}

/** The periodic status timer. */
export function statusTimer(state: State): Effect {
  const timer: TimerId = { kind: "status", height: 0n, round: 0 };
  return { type: "scheduleTimer", timer, afterMs: state.parameters.statusIntervalMs };
}

function onStatusTimer(state: State): Step {
  const message = { type: "status", status: statusOf(state) } as const;
  return { state, effects: [{ type: "broadcast", message }, statusTimer(state)] };
}

function isCurrent(state: State, timer: TimerId): boolean {
  return timer.round === state.round;
}
