/** Parser of the configuration of a trace (execution-apis, "TraceConfig"). */
import { stateOverrides, type StateOverrides } from "./call-params.ts";
import { invalidParams } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import { boolean, member, object, type Parser } from "./params.ts";
import type { TraceParams } from "./trace-format.ts";

/** What is asked of debug_traceCall besides the call. */
export type CallTraceParams = TraceParams & { readonly overrides: StateOverrides };

/** Named tracers, and what the opcode logger of this node does not tell, are refused. */
export const traceParams: Parser<CallTraceParams> = (value, where) => {
  const config = object(value, where);
  if (typeof config["tracer"] === "string" && config["tracer"] !== "") {
    throw invalidParams(where, `tracer ${config["tracer"]} is not offered, only the opcode logger`);
  }
  for (const key of ["enableReturnData", "blockOverrides"] as const) refuse(config, key, where);
  const limit = member(config, "limit", stepCount) ?? 0;
  return {
    withMemory: member(config, "enableMemory", boolean) ?? false,
    withStack: !(member(config, "disableStack", boolean) ?? false),
    withStorage: !(member(config, "disableStorage", boolean) ?? false),
    stepsMax: limit === 0 ? undefined : limit,
    overrides: member(config, "stateOverrides", stateOverrides) ?? {},
  };
};

const stepCount: Parser<number> = (value, where) => {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw invalidParams(where, "expected a number of steps, 0 for all");
  }
  return value;
};

function refuse(config: JsonObject, key: string, where: string): void {
  const wanted = config[key];
  if (wanted !== undefined && wanted !== null && wanted !== false) {
    throw invalidParams(where, `${key} is not offered`);
  }
}
