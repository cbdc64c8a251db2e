/** Runs of the module's entry `call`: calls that leave no trace (eth_call, eth_estimateGas), and their instructions. */
import { assert } from "@sequorum/protocol";
import {
  faultIntrinsicGasTooLow,
  haltRevert,
  outputAccessList,
  outputCallResult,
  outputFault,
  outputTraceStep,
} from "../assembly/interface.ts";
import type { Machine } from "./block-run.ts";
import { haltReason } from "./faults.ts";
import type { Outputs } from "./outputs.ts";
import {
  type CallOutcome,
  decodeAccessList,
  decodeCallResult,
  decodePair,
  decodeTraceStep,
} from "./results.ts";
import { callTask } from "./tasks.ts";
import type { BlockHeader, CallRequest, CallResult, Trace, TraceOptions } from "./types.ts";

/** Runs the call on the state after `header`, as if in a block with that header. */
export function runCall(
  { host, rules }: Machine,
  header: BlockHeader,
  request: CallRequest,
): CallResult {
  const isDone = host.run("call", {
    task: callTask(rules.chainId, header, request),
    traceBytesMax: request.trace?.traceBytesMax ?? 0,
    traceStepsMax: request.trace?.traceStepsMax ?? Infinity,
  });
  const { outputs } = host;
  if (!isDone) return refused(outputs, request.gas ?? header.gasLimit);
  const [result] = outputs.of(outputCallResult);
  assert(result !== undefined, "a call has a result");
  const [listed] = outputs.of(outputAccessList);
  return {
    ...outcomeOf(decodeCallResult(result)),
    ...(listed === undefined ? {} : { accessed: decodeAccessList(listed) }),
    ...(request.trace === undefined ? {} : { trace: decodeTrace(outputs, request.trace) }),
  };
}

/** The steps among the outputs. */
export function decodeTrace(outputs: Outputs, { withMemory = false }: TraceOptions): Trace {
  const steps = outputs.of(outputTraceStep).map((bytes) => decodeTraceStep(bytes, withMemory));
  return { steps, leftOut: outputs.stepsLeftOut };
}

function outcomeOf({ halt, gasUsed, data }: CallOutcome): CallResult {
  if (halt === 0) return { type: "returned", data, gasUsed };
  if (halt === haltRevert) return { type: "reverted", data, gasUsed };
  return { type: "failed", reason: haltReason(halt), gasUsed };
}

function refused(outputs: Outputs, gas: bigint): CallResult {
  const [fault] = outputs.of(outputFault);
  assert(fault !== undefined, "a call that is refused has a fault");
  const [code] = decodePair(fault);
  return Number(code) === faultIntrinsicGasTooLow
    ? { type: "failed", reason: "intrinsic gas too low", gasUsed: gas }
    : { type: "failed", reason: "insufficient funds for transfer", gasUsed: 0n };
}
