/** Methods that list executed instructions: debug_traceCall, debug_traceTransaction. */
import type { Hex } from "@sequorum/protocol";
import type { TraceOptions } from "@sequorum/stf";
import type { BlockId, Traced } from "../../ports.ts";
import type { CallParams } from "../call-params.ts";
import type { Context } from "../context.ts";
import { blockNotFound, busy, callFailure, JsonRpcFailure, limitExceeded } from "../errors.ts";
import type { Json } from "../json.ts";
import { formatTrace, type TraceParams } from "../trace-format.ts";
import type { CallTraceParams } from "../trace-params.ts";
import { requestAt } from "./calls.ts";

/** debug_traceCall */
export async function traceCall(
  context: Context,
  [params, id, config]: readonly [CallParams, BlockId, CallTraceParams],
): Promise<Json> {
  const request = await requestAt(context, params, { id, overrides: config.overrides });
  const trace = optionsOf(context, config);
  const traced = await context.executor.traceCall({ ...request, trace }, id);
  if (traced === undefined) throw blockNotFound();
  return format(context, traced, config);
}

/** debug_traceTransaction */
export async function traceTransaction(
  context: Context,
  [hash, config]: readonly [Hex, CallTraceParams],
): Promise<Json> {
  const traced = await context.executor.traceTransaction(hash, optionsOf(context, config));
  if (traced === undefined) throw new JsonRpcFailure("serverError", "transaction not found");
  return format(context, traced, config);
}

function optionsOf({ limits }: Context, { withMemory, stepsMax }: TraceParams): TraceOptions {
  const { traceBytesMax, traceStepsMax } = limits;
  return {
    withMemory,
    traceBytesMax,
    traceStepsMax: Math.min(stepsMax ?? traceStepsMax, traceStepsMax),
  };
}

function format({ limits }: Context, traced: Traced, params: TraceParams): Json {
  if (traced.type === "busy") throw busy();
  if (traced.type === "failed") throw callFailure(traced.reason);
  const { steps, leftOut } = traced;
  const total = steps.length + leftOut;
  const wanted = Math.min(total, params.stepsMax ?? total);
  // never fewer than asked for: a trace that ends early would look whole
  if (wanted > steps.length) {
    const limit = steps.length < limits.traceStepsMax ? "traceBytesMax" : "traceStepsMax";
    const message = `the trace has ${total} steps; ask for at most ${steps.length} with "limit"`;
    throw limitExceeded(message, limit);
  }
  return formatTrace(traced, params);
}
